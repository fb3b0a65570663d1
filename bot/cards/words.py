"""How money, days, names of kinds and long texts read on every card."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

KIND_NAMES = {
    "visit": "拜访", "call": "电话", "wechat": "微信", "meeting": "会议", "demo": "演示", "dinner": "宴请", "reception": "来访", "mail": "邮件",
    "expo": "展会", "note": "跟进",
}  # fmt: skip
ROLE_NAMES = {"rep": "销售", "manager": "主管", "marketer": "市场", "admin": "管理员"}
SPOKEN_ROLES = {**{name: role for role, name in ROLE_NAMES.items()}, "经理": "manager"}
CREATABLE = {"customer": "新建客户", "contact": "新建联系人"}  # what a question about an unknown name can make
STATUS_NAMES = {"open": "进行中", "won": "已赢单", "lost": "已丢单", "paused": "已暂停", "void": "已作废"}
# What the audit log names as the source of a change that nobody spoke of.
ENTERED, LOCATION, NOTICE, FIRST_MESSAGE = "进入应用", "位置", "平台通知", "首次发消息"
RESULT_OF, JOB_OF, SYNC = "平台结果：{kind}", "定时任务：{job}", "通讯录同步"
TEN_THOUSAND, HUNDRED_MILLION = Decimal(10_000), Decimal(100_000_000)
WEEKDAYS = "一二三四五六日"
_NEAR_DAYS = {-2: "前天", -1: "昨天", 0: "今天", 1: "明天", 2: "后天"}


def money(amount: Decimal | None) -> str:
    """Yuan as people say it, to the yuan below a hundred million: 50万 · 12.3456万 · 1.2亿 · 3,500元; "" for None."""
    if amount is None:
        return ""
    if abs(amount) < TEN_THOUSAND:
        return f"{_trim(amount, 2, grouped=True)}元"
    in_ten_thousands = amount / TEN_THOUSAND
    if abs(amount) < HUNDRED_MILLION and abs(round(in_ten_thousands, 4)) < TEN_THOUSAND:
        return f"{_trim(in_ten_thousands, 4)}万"
    return f"{_trim(amount / HUNDRED_MILLION, 4)}亿"


def _trim(value: Decimal, places: int, *, grouped: bool = False) -> str:
    text = f"{value:,.{places}f}" if grouped else f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".")


def day(value: date, today: date) -> str:
    """今天 · 明天 · 3月11日 周三 · 2027年1月4日."""
    near = _NEAR_DAYS.get((value - today).days)
    if near:
        return near
    if value.year != today.year:
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.month}月{value.day}日 周{WEEKDAYS[value.weekday()]}"


@lru_cache(64)  # what is due together is shown by the thousand
def when(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """A moment in the reader's zone: 今天 15:00 · 3月11日 周三 09:00."""
    local = moment.astimezone(zone)
    return f"{day(local.date(), now.astimezone(zone).date())} {local:%H:%M}"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago: 刚刚 · 3小时前 · 12天前."""
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < 120:
        return "刚刚"
    if seconds < 3600:
        return f"{seconds // 60}分钟前"
    return f"{seconds // 3600}小时前" if seconds < 86_400 else f"{seconds // 86_400}天前"


def clip(text: str, length: int) -> str:
    """At most `length` letters on one line, an ellipsis where something was cut."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: max(0, length - 1)] + "…"


def masked_phone(phone: str) -> str:
    """138****0000; a number shorter than a mobile one keeps its last two digits only."""
    if len(phone) >= 11:
        return f"{phone[:3]}****{phone[-4:]}"
    return f"****{phone[-2:]}" if phone else ""


def visit_example(customer: str) -> str:
    """A sentence to try, about a customer of the reader's own; "" for none."""
    return f"今天拜访了{customer or '（客户名）'}，聊了报价"
