"""Cards for when something is in the way: a question, a refusal, a thing we cannot read."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.card import MAX_OPTIONS, Button, Card, Choice, Option
from bot.cards.doubles import deal_question, double_question
from bot.cards.names import ENTRY, beginning, company_entry, entry, numbered, shorts
from bot.cards.undo import in_the_way_card
from bot.cards.words import clip, visit_example
from bot.commands import AnswerDraft, Help, pack
from scrm.deal_doubles import DealIsThere
from scrm.doubles import IsADouble
from scrm.errors import Ambiguous, DomainError, Missing, UnknownName, WhichOne
from scrm.undoing import InTheWay

GROUP_LINE = "已收到，详情见私聊。"
PRIVATE_FIRST = "已收到。请先私聊我一次，我才能把详情发给您。"
MAX_QUESTION_BUTTONS = 5
# What a command is called in 您的角色没有「…」的权限.
NAMES = {
    "explain": "说明怎么理解的", "hand_over": "移交客户", "confirm_hand_over": "移交客户", "cancel_hand_over": "移交客户", "handover": "查看移交",
    "new_customer": "新建客户", "new_contact": "新建联系人", "log": "记录跟进", "supplement": "补充记录", "amend": "修改记录", "new_deal": "新建商机",
    "move_deal": "推进商机", "win_deal": "赢单", "lose_deal": "丢单", "pause_deal": "暂停商机", "reopen_deal": "重启商机", "void_deal": "作废商机", "void_reason": "填写作废原因", "back_reason": "填写退回原因", "follow_up": "安排跟进",
    "done": "完成待办", "later": "改期", "write": "写跟进", "digest": "团队简报", "week": "写周报", "send_week": "发周报", "stuck": "查看停滞商机", "silent": "查看谁没有记录", "comment": "点评", "overdue": "查看团队逾期", "nudge": "催办", "nudge_all": "催办", "use_amount": "更新商机金额", "link_deal": "归到商机", "new_channel": "新建渠道活码",
    "pipelines": "查看销售流程", "define_pipeline": "设置销售流程", "set_tier": "设置客户级别", "set_kind": "修改商机类型", "note_deal": "补充商机信息", "contract": "记录合同到期日",
    "channels": "查看渠道活码", "channel": "查看渠道活码", "new_campaign": "群发", "submit_campaign": "提交群发", "cancel_campaign": "取消群发", "campaign": "查看群发",
    "campaigns": "查看群发", "set_role": "设置角色", "set_manager": "设置主管", "rename_member": "修改成员姓名", "members": "查看成员列表",
    "funnel": "看漏斗", "forecast": "看预测", "ranking": "看排行", "set_target": "设置目标", "chance": "看赢率", "call_roll": "点名", "roll": "本月表态", "promise": "本月表态", "promises": "看承诺兑现", "stage": "看阶段商机", "stage_people": "按人看转化", "set_standard": "设置阶段标准",
    "create_lead": "记线索", "leads": "看线索", "lead": "看线索", "contact_lead": "联系线索", "channel_leads": "设置渠道线索", "take_lead": "领取线索", "qualify_lead": "线索转客户", "discard_lead": "标线索无效", "pass_lead": "分配线索", "free_lead": "放回线索", "lead_rules": "看线索规则", "define_lead_rule": "设置线索规则", "drop_lead_rule": "删除线索规则",
    "pool": "看公海", "pooled": "看公海里的客户", "claim": "领取客户", "release": "放回公海", "assign_pooled": "分配公海客户", "pool_rule": "看公海规则", "define_pool_rule": "设置公海规则",
    "define_idle_rule": "设置回收规则", "drop_idle_rule": "删除回收规则", "idle_rules": "查看回收规则", "try_idle_rules": "试跑回收规则", "idle": "查看该跟进的客户",
    "limit_pushes": "设置提醒条数", "held": "看合并的提醒", "held_push": "看合并的提醒", "follow_today": "安排跟进", "pass_on": "转给同事", "give_up": "放弃客户", "ask_extension": "申请延期", "extension": "审批延期", "future": "查看未来机会",
    "credit_code": "登记信用代码", "ask_share": "申请协作", "share": "答复协作申请", "merge": "合并客户", "confirm_merge": "合并客户",
    "loss_reason": "填写丢单原因", "cancel_follow_up": "取消待办",
}  # fmt: skip
_TIME_SLOTS = {"due_at": "周五下午3点", "next_at": "周五下午3点", "until": "下个月15号"}
_TITLES = {
    "customer": "哪个客户？",
    "contact": "哪位联系人？",
    "contacts": "哪位联系人？",
    "deal": "哪个商机？",
    "stage": "哪个阶段？",
    "member": "哪位成员？",
    "manager": "哪位主管？",
    "giver": "要移交谁的客户？",
    "taker": "转给哪位成员？",
    "first": "合并哪一家？",
    "second": "和哪一家合并？",
}


def error_card(error: DomainError, *, creates: bool = True) -> Card:
    """One sentence that says why not; `creates`: this person may make a customer."""
    if isinstance(error, UnknownName):
        return _unknown_card(error, creates=creates)
    if isinstance(error, InTheWay):
        return in_the_way_card(error, NAMES)
    return Card(title="没有执行", text=str(error), buttons=(Button("帮助", pack(Help())),))


def _unknown_card(error: UnknownName, *, creates: bool) -> Card:
    """A name that nothing in sight has, and what to say instead."""
    name = clip(error.spoken, 16)
    text = "请换个叫法，或把名字说全一点。"
    if creates and error.slot == "customer":
        text = f"如果是新客户，请先说：新建客户 {name}"
    if creates and error.slot == "deal":
        text = f"换个叫法再说一遍；如果是新商机，就说：\n· 客户名 新商机 {name} 80万"
    return Card(title=f"没有找到「{name}」", text=text, buttons=(Button("帮助", pack(Help())),))


def question_card(error: Ambiguous | UnknownName | Missing, draft_id: int, options: Sequence[str]) -> Card:
    """A question with a button per option and 取消; many options become a choice."""
    title, text = _question(error, options)
    cancel = Button("取消", pack(AnswerDraft(draft=draft_id, option=-1)))
    texts = _told_apart(error.slot, options)
    if len(options) <= MAX_QUESTION_BUTTONS:
        long = any(len(label) > ENTRY for label in texts)
        named = _entries(error.slot, options, texts) if long else texts
        text = "\n".join(part for part in (text, numbered(texts) if long else "") if part)
        buttons = [
            Button(label, _answer(draft_id, index), "default" if index else "primary")
            for index, label in enumerate(named)
        ]
        return Card(title=title, text=text, buttons=(*buttons, cancel), note=_hint(error.slot, options))
    entries = tuple(
        Option(clip(label, 30), _answer(draft_id, index)) for index, label in enumerate(texts[:MAX_OPTIONS])
    )
    return Card(
        title=title, text=text, choice=Choice("请选择", entries), buttons=(cancel,), note="也可以回复「第二个」或名称"
    )


def _question(error: Ambiguous | UnknownName | Missing, options: Sequence[str]) -> tuple[str, str]:
    """The title, and what is said below it."""
    if isinstance(error, IsADouble):
        return double_question(error)
    if isinstance(error, DealIsThere):
        return deal_question(error)
    if isinstance(error, Missing):
        head, _, rest = error.question.partition("\n")
        if rest:
            return clip(head, 36), rest
        title = clip(error.question, 36)
        return title, "" if title == error.question else error.question
    if isinstance(error, WhichOne):
        return str(error), ""
    if isinstance(error, UnknownName):
        name = clip(error.spoken, 16)
        if error.slot == "customer":
            return f"还没有「{name}」这个客户", "点一下是哪个客户；新客户就点「新建客户」。" if len(
                options
            ) > 1 else "要新建吗？建好后接着办刚才的事。"
        return f"没有找到「{name}」", "您要找的是不是：" if error.close else "要新建吗？"
    return _TITLES.get(error.slot, "需要您确认一下"), str(error)


def _told_apart(slot: str, options: Sequence[str]) -> list[str]:
    """The options as a phone's narrow buttons show them."""
    if slot == "customer":
        return shorts(options)
    shared = beginning(options) if slot == "deal" and len(options) > 1 else 0
    cut = shared >= 2 and all(len(option) >= shared + 2 for option in options)
    return [option[shared:] if cut else option for option in options]


def _entries(slot: str, options: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Long options as numbered buttons; the text above spells them out."""
    if slot == "customer":
        return [company_entry(number, option) for number, option in enumerate(options, 1)]
    return [
        entry(number, text if len(text) < ENTRY - 2 else text.partition("（")[0])
        for number, text in enumerate(texts, 1)
    ]


def _hint(slot: str, options: Sequence[str]) -> str:
    if slot in _TIME_SLOTS:
        return f"也可以直接说，比如「{_TIME_SLOTS[slot]}」"
    if slot == "check":
        return ""
    return "也可以直接回复文字" if options else "直接打字或说话就行"


def _answer(draft_id: int, option: int) -> str:
    return pack(AnswerDraft(draft=draft_id, option=option))


def cancelled_card() -> Card:
    """A question that was dropped."""
    return Card(title="好的，已取消", text="这一步没有执行，之前的记录都在。")


def answered_card() -> Card:
    """A question clicked again."""
    return Card(title="这个问题已经处理过了", text="需要修改的话，直接再说一句就行。")


def old_button_card() -> Card:
    """A button this version of the bot does not know."""
    return Card(title="这个按钮已失效", text="请重新发送一句话，或查看帮助。", buttons=(Button("帮助", pack(Help())),))


def stranger_card() -> Card:
    """Somebody who is no member."""
    return Card(
        title="您好",
        text="我是公司内部的客户管理助手，暂时只为公司成员服务。如果您是公司成员，请联系管理员把您加入可见范围。",
    )


def unknown_error_card(error_id: str) -> Card:
    """A fault of ours: nothing was applied, the id is in the log."""
    return Card(
        title="这条没有处理成功", text=f"内容已保留，没有丢。请稍后再试；如果还不行，把编号 {error_id} 告诉管理员。"
    )


def unheard_card(kind: str, door: str, customer: str) -> Card:
    """Something we cannot read, and what to do instead; `customer` is one of the speaker's own, "" for none."""
    example = visit_example(customer)
    if kind == "voice" and door == "wecom_app":
        text = "应用里的语音没有文字，我听不到。请按住输入法上的话筒说话，转成文字再发给我，一样快。"
    elif kind == "voice":
        text = "这段语音没有识别出文字，麻烦再说一遍，或者打字告诉我。"
    elif kind == "image":
        text = f"图片收到了，但我还看不懂图片。请用一句话告诉我，例如：\n{example}"
    else:
        text = f"这种消息我还读不懂。请用一句话告诉我，例如：\n{example}"
    return Card(title="换种方式告诉我", text=text, buttons=(Button("帮助", pack(Help())),))
