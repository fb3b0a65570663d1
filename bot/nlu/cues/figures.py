"""What is said about figures in forms matched on the whole text: standards, targets, promises."""

_END = r"[\s。.!！~～]*$"
_TO = r"(?:设置?为|设成|定为|改为|改成|调为|调成|是|为|[:：])?"
_RATE = rf"(?:标准)?转化率?\s*{_TO}\s*\d{{1,3}}\s*[%％]"
_STAY = rf"(?:标准)?(?:停留|天数|时长|周期)*\s*{_TO}\s*\d{{1,3}}\s*天"
_SPAN = r"(?:本|这个?|当|下个?|上个?)(?:月|季度|季|年度)|(?:今|明|本|全)年|(?:今年|明年)?(?:第?[一二三四1-4]季度|q[1-4]|(?:[1-9]|1[0-2]|十[一二]?|[一二三四五六七八九])月份?)"
_GOAL = r"的?(?:销售|业绩|签单|签约|赢单|合同)?(?:目标|任务|指标)(?:额|金额)?"
_SUM = r"(?P<code>[\d一二三四五六七八九十百千两][\d,.一二三四五六七八九十百千万亿两wW]*(?:元|块)?)"
_WILL = r"(?:赢率|赢单率|赢单概率|赢面|胜算|成单率|成单概率|签单概率|把握)"
_UNIT = r"(?:部|组|区|团队|中心|公司)"
_LOOK = r"(?:看一?下|看看|查一?下|看|查)?"
_THIS = r"(?:这个|那个|刚才的?|这)(?:商机|单子?|项目)"
_HOW_MUCH = r"(?:多大|多少|多高|几成|怎么样|如何|咋样|大不大|高不高|[大高](?:吗|么))"
_STANDING = r"(?:是|有|完成|达成|实现|进度|情况|率|得|了|还差|多少|几成|怎么样|如何|咋样|吗)*[?？]?"
FORMS: tuple[tuple[str, str], ...] = (
    (
        "set_standard",
        rf"^\s*(?:把|将|设置)?\s*(?:(?P<title>[^,，。:：]{{1,12}}?)(?:客户)?的)?(?P<name>[^,，。:：的]{{1,16}}?)(?:阶段)?的?标准(?=\D)(?P<body>\s*{_TO}\s*(?:{_RATE}|{_STAY})(?:[\s,，、和]*(?:{_RATE}|{_STAY}))?){_END}",
    ),
    (
        "set_target",
        rf"^\s*(?:把|将|给|设置|设定|定)?\s*(?:(?P<role>我)|(?P<about>[^,，。:：\d]{{2,12}}?))的?\s*(?:设定|设置|定|设|下)?\s*(?P<body>{_SPAN}){_GOAL}\s*{_TO}\s*{_SUM}{_END}",
    ),
    (
        "set_target",
        rf"^\s*(?:把|将|给|设置|设定|定)?\s*(?P<name>[^,，。:：\d]{{1,14}}?{_UNIT})的?\s*(?P<body>{_SPAN}){_GOAL}\s*{_TO}\s*{_SUM}{_END}",
    ),
    (
        "promises",
        rf"^\s*(?:看一?下|看看|查一?下|看)?\s*(?P<name>.{{0,12}}?)(?P<body>{_SPAN})?的?(?:预测)?(?:承诺|点名|表态)(?:的?(?:兑现|结果|情况|完成|对照|对比|兑现率|兑现情况))+(?:怎么样|如何|咋样)?[?？]?{_END}",
    ),
    ("promises", rf"^\s*(?:看一?下|看看|查一?下|看)\s*(?P<body>{_SPAN})?的?承诺{_END}"),
    (
        "chance",
        rf"^\s*{_LOOK}\s*(?:{_THIS}|(?P<about>[^,，。:：]+?))(?:的?商机)?(?:的?{_WILL}(?:是|有|能有)?{_HOW_MUCH}?|能?有{_HOW_MUCH}的?{_WILL}|(?:能不能|能否|能)(?:赢|拿下|签下|成)(?:单|下来)?(?:吗|么)?){_END}",
    ),
    (
        "ask_target",
        rf"^\s*{_LOOK}\s*(?P<name>[^,，。:：\d]{{1,14}}?{_UNIT})的?\s*(?P<body>{_SPAN})?{_GOAL}{_STANDING}{_END}",
    ),
    (
        "ask_target",
        rf"^\s*{_LOOK}\s*(?:(?P<role>我)|我们|咱们|团队|大家|(?P<about>[^,，。:：\d]{{2,12}}?))?的?\s*(?P<body>{_SPAN}){_GOAL}{_STANDING}{_END}",
    ),
    (
        "ask_target",
        rf"^\s*{_LOOK}\s*(?:(?P<role>我)|我们|咱们|团队|大家|(?P<about>[^,，。:：\d]{{2,12}}?))的?{_GOAL}{_STANDING}{_END}",
    ),
)
# In the body of a standard: its percentage, its days.
SUM = "金额{}"
# A ranking of departments; every record and not visits alone; deals that were made and not those that were won.
BY_UNIT = r"部门|团队之?间|[各每哪]个?(?:组|团队|大区)|小组"
RECORDS = r"跟进|写|填|日报|记录"
OPENED = r"新增|新商机|新的商机|商机(?:数|最多|排)"
UNITS = (r"\d{1,3}(?=\s*[%％])", r"\d{1,3}(?=\s*天)")
