"""How reps say what is known of a deal: when it closes, products, competitors, who decides; each in a clause of its own."""

CLAUSES = r"[，,；;。\n]+"
LEAD = r"^(?:还有|另外|然后|补充一下|补充|备注|哦|嗯)?[\s:：]*"
OF = r"[\s:：]*(?:的|这个(?:项目|商机|单子)的?|那边的?|那边)?\s*"
_IS = r"\s*(?:应该|主要|就)?(?:是|有|为|包括|[:：])\s*"
_ROLE = (
    r"(?P<role>最终决策人|决策人|决策者|拍板人|拍板的人|拍板的|关键决策人|关键人|kp|影响者|影响人|技术影响人|使用人|使用者|"
    r"用户代表|把关人|技术把关人?|守门人|教练|内线|线人|支持者)"
)
_PERSON = r"(?P<person>[^\s,，。;；:：的是和跟]{2,12}?)"
_THIS = r"(?:这个项目|这个商机|这单|这个单子|项目|这边|我们)?的?"
_RIVALS = r"(?:竞品|竞争对手|竞争者|竞对|友商|对手)"
_OFF = r"(?:去掉|删掉|删除|删去|移除|移出|拿掉|去除|划掉|剔除|排除|取消)"
# Each begins where what is meant (年度采购的) ends; `when` is read as a time, `sum` as money, `names` are several.
FACTS: tuple[tuple[str, str], ...] = (
    (
        "close",
        r"(?:预计|预期|预估|争取|计划|应该)(?:能|会|可以)?\s*(?:在|于)?(?P<when>.{1,14}?)(?:左右|前后)?(?:能|可以|就)?(?:签约|签单|签合同|签下来?|签|成交|结单|下单|关单)(?:下来)?",
    ),
    (
        "close",
        r"(?:预计|预期|预估|计划)?(?:的)?(?:签约|签单|成交|结单|关单|下单|签合同)的?(?:日期|时间|日|是)*\s*(?:大概|大约|应该)?(?:是|在|为|定在|[:：])?\s*(?P<when>.{1,14}?)(?:左右|前后)?",
    ),
    ("not_competitors", rf"(?:把)?{_RIVALS}(?:里|中)?的?{_OFF}(?:了|一下)?[\s:：]*(?P<names>.{{1,60}}?)(?:了)?"),
    ("not_competitors", rf"{_OFF}(?:了|一下)?[\s:：]*{_RIVALS}[\s:：]*(?P<names>.{{1,60}}?)"),
    ("not_competitors", rf"(?:把)?(?P<names>[^\s,，。]{{2,16}}?)(?:从)?{_RIVALS}(?:里|中|名单)*{_OFF}(?:了|吧)?"),
    ("not_competitors", rf"(?P<names>[^\s,，。是]{{2,16}}?)(?:已经|现在|都)?不(?:再)?(?:是|算)(?:我们的?)?{_RIVALS}"),
    ("not_competitors", rf"{_RIVALS}(?:里)?(?:没有?|不是|不包括|不含)(?P<names>.{{2,60}}?)"),
    ("not_products", rf"(?:把)?(?:意向)?产品(?:里|中)?的?{_OFF}(?:了|一下)?[\s:：]*(?P<names>.{{1,60}}?)(?:了)?"),
    ("not_products", rf"{_OFF}(?:了|一下)?[\s:：]*(?:意向)?产品[\s:：]*(?P<names>.{{1,60}}?)"),
    ("not_products", r"(?:意向)?产品(?:里)?(?:没有?|不是|不包括|不含|不要)(?P<names>.{2,60}?)"),
    ("competitors", rf"(?:主要)?(?:竞品|竞争对手|竞争者|竞对|友商|对手){_IS}(?P<names>.{{1,60}})"),
    (
        "competitors",
        r"(?P<names>[^\s,，。是]{2,16})(?:也)?(?:在|来)?(?:是(?:我们的?)?(?:竞争)?对手|在?跟我们竞争|在抢这个?单)",
    ),
    ("products", rf"(?:意向|要买的|采购的|涉及的?)?产品{_IS}(?P<names>.{{1,60}})"),
    ("people", rf"{_ROLE}{_IS}(?P<names>.{{1,24}}?)"),
    ("people", rf"{_PERSON}(?:才|就)?是{_THIS}{_ROLE}"),
    (
        "people",
        rf"{_PERSON}(?:的)?(?:态度|立场)?(?:是|很|非常|比较|挺|一直|对我们)*(?P<attitude>支持|不支持|反对|中立|偏向对手|偏向竞品)(?:我们|我方|咱们)?(?:的)?",
    ),
    (
        "people",
        rf"{_PERSON}(?:的)?(?:影响力|话语权)(?:是|很|非常|比较|挺)*(?P<influence>大|高|强|中等|一般|中|小|低|弱)",
    ),
    (
        "amount",
        r"(?:金额|预算|总价|合同额|合同金额|标的|报价)?(?:大概|大约|约|差不多|是|为|有|改成|[:：])*\s*(?P<sum>.{1,16}?)(?:左右)?",
    ),
)
# A text without one of these states no such fact; looked for first, as it is quick.
CUE = r"竞品|竞争|竞对|友商|对手|产品|决策|拍板|关键人|kp|影响|使用人|使用者|用户代表|把关|守门|教练|内线|线人|支持|反对|中立|话语权|预计|预期|预估|签约|签单|成交|结单|关单"
# A clause that says one of these is about this deal even when it stands alone; a sum or an attitude only beside them.
ALONE = frozenset({"close", "competitors", "products", "people", "not_competitors", "not_products"})
# A close date said alone is one only with these words: 周五签约 is an appointment.
CLOSE_ALONE = r"预计|预期|预估|争取|签约日|签单日|成交日|结单日|签约时间|成交时间|签单时间"
ROLES = {
    "最终决策人": "decision_maker", "决策人": "decision_maker", "决策者": "decision_maker", "拍板人": "decision_maker",
    "拍板的人": "decision_maker", "拍板的": "decision_maker", "关键决策人": "decision_maker", "关键人": "decision_maker", "kp": "decision_maker",
    "影响者": "influencer", "影响人": "influencer", "技术影响人": "influencer", "使用人": "user", "使用者": "user", "用户代表": "user",
    "把关人": "gatekeeper", "技术把关": "gatekeeper", "技术把关人": "gatekeeper", "守门人": "gatekeeper", "教练": "coach", "内线": "coach",
    "线人": "coach", "支持者": "coach",
}  # fmt: skip
ATTITUDES = {
    "支持": "for",
    "不支持": "against",
    "反对": "against",
    "中立": "neutral",
    "偏向对手": "against",
    "偏向竞品": "against",
}
INFLUENCES = {
    "大": "high", "高": "high", "强": "high", "中等": "medium", "一般": "medium", "中": "medium", "小": "low", "低": "low", "弱": "low",
}  # fmt: skip
END = r"[\s!！~吧了呢]*$"
MONEY = "预算"  # a sum behind it is one of money
NAMES_PARTED = r"[、和与跟及/]|以及|还有"
# What an admin calls the facts that a stage asks for.
FACT_WORDS = {
    "金额": "amount", "预算": "amount", "报价": "amount", "预计签约日": "close", "签约日期": "close", "签约时间": "close", "成交日期": "close",
    "产品": "product", "竞品": "competitor", "竞争对手": "competitor", "决策人": "decision_maker", "kp": "decision_maker", "关键人": "decision_maker",
}  # fmt: skip
