"""Cards and pictures of the forecast, of rankings and targets, and of a deal's chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from bot.cards import words
from bot.cards.card import Button, Card, rows
from bot.cards.figures import percent
from bot.cards.names import deal_of, short
from bot.cards.words import clip
from bot.commands import Command, MyDeals, ShowDeal, Undo, pack
from bot.pictures import charts
from bot.pictures.charts import Bar, Column
from scrm.metrics.forecast import Forecast, Outlook
from scrm.metrics.part import Days
from scrm.metrics.ranking import Place

LISTED = 4  # deals on a forecast
RANKED = 10
FEWEST = 3  # months of a trend, also where nothing was won yet
METRIC_NAMES = {
    "amount": "赢单金额", "won": "赢单数", "opened": "新商机", "customers": "新客户", "visits": "拜访", "records": "跟进",
}  # fmt: skip
UNITS = {"won": "单", "opened": "个", "customers": "个", "visits": "次", "records": "条"}
OTHERS = {"amount": ("won", "visits"), "won": ("amount", "visits"), "visits": ("records", "amount")}
BY_UNIT, BY_PERSON, TO_RANKING = "按部门", "按人", "看排行"
NO_PAYMENTS = "这里没有回款数据，回款请到财务系统里看。可以看：本月赢单排行。"
WHOSE_TARGET = "给谁定目标？说成员或部门的名字，例如：李娜本月目标50万"
HOW_MUCH = "目标是多少？例如：李娜本月目标50万"


def rounded(amount: Decimal) -> str:
    """A sum nobody needs to the yuan: 12.3万 · 3500元."""
    step = Decimal(1000) if abs(amount) >= 10_000 else Decimal(1)
    return words.money((amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step)


def share(part: Decimal, whole: Decimal | None) -> str:
    """（62%）; "" where there is nothing to compare with."""
    return f"（{percent(float(part / whole))}）" if whole else ""


# --- forecast


def forecast_card(when: str, who: str, found: Forecast, buttons: Sequence[Button], *, over: bool) -> Card:
    """What is won, what may come, and what is missing to the target; `over`: the period has ended."""
    gap = found.gap
    if gap is None:
        title = f"{when}{'赢单' if over else '预测'} {rounded(found.won if over else found.expected)}"
    else:
        title = f"{when}还差 {rounded(gap)}" if gap else f"{when}目标已完成"
    weighted = f"{rounded(found.weighted)}（{len(found.due)} 个商机）" if found.due else ""
    return Card(
        title=title,
        subtitle=who,
        rows=rows(
            ("目标", words.money(found.target) if found.target is not None else ""),
            ("已赢单", f"{words.money(found.won)}{share(found.won, found.target)}"),
            ("加权预测", weighted),
            ("预计完成", f"{rounded(found.expected)}{share(found.expected, found.target)}" if found.due else ""),
        ),
        text="\n".join(f"· {_due(one)}" for one in found.due[:LISTED]) + _more(found),
        buttons=(*buttons, Button("看商机", pack(MyDeals()))),
        note=_left_out(found),
    )


def _more(found: Forecast) -> str:
    return f"\n… 还有 {len(found.due) - LISTED} 个" if len(found.due) > LISTED else ""


def _due(one: Outlook) -> str:
    name, company = one.deal.name, short(one.customer)
    whose = company if deal_of(name, company) == name and not name.startswith(company) else ""
    sum_ = words.money(one.deal.amount) or "没有金额"
    return " · ".join(part for part in (clip(name, 14), clip(whose, 8), f"{sum_} × {percent(one.probability)}") if part)


def _left_out(found: Forecast) -> str:
    if not found.undated:
        return ""
    amount = f"（{rounded(found.undated_amount)}）" if found.undated_amount else ""
    return f"另有 {found.undated} 个商机{amount}没有预计签约日或已过期，没有算进来。"


def month_name(days: Days) -> str:
    """11月."""
    return f"{days.first.month}月"


def forecast_title(when: str) -> str:
    """本月预测."""
    return f"{when}预测"


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the trend."""

    name: str
    found: Forecast


def forecast_line(found: Forecast, who: str) -> str:
    """The sums in one line, below the picture's title."""
    target = f"目标 {words.money(found.target)}" if found.target is not None else ""
    parts = (who, target, f"已赢单 {rounded(found.won)}", f"预计 {rounded(found.expected)}" if found.due else "")
    return " · ".join(part for part in parts if part)


def forecast_picture(title: str, who: str, months: Sequence[Month], font: str) -> bytes:
    """The months side by side: won, what may come on top of it, the target."""
    begun = [index for index, month in enumerate(months) if month.found.won or month.found.target]
    first = min([*begun, len(months) - FEWEST])
    drawn = [
        Column(
            month.name, float(month.found.won), rounded(month.found.expected) if month.found.expected else "0",
            float(month.found.weighted), float(month.found.target or 0),
        )
        for month in months[first:]
    ]  # fmt: skip
    notes = ["深色已赢单"]
    if any(month.found.weighted for month in months):
        notes.append("浅色加权预测")
    if any(month.found.target for month in months):
        notes.append("横线是目标")
    return charts.columns(title, who, drawn, font=font, note="，".join(notes) if len(notes) > 1 else "")


# --- ranking


def figure(metric: str, value: Decimal) -> str:
    """80万 · 3单 · 12次."""
    return words.money(value) if metric == "amount" else f"{value:.0f}{UNITS[metric]}"


def ranking_title(when: str, metric: str, *, units: bool) -> str:
    """本月赢单金额排行."""
    return f"{when}{'部门' if units else ''}{METRIC_NAMES[metric]}排行"


def total(metric: str, places: Sequence[Place], who: str) -> str:
    """Whose figures, and their sum."""
    every = sum((place.figure for place in places), Decimal(0))
    return " · ".join(part for part in (who, f"合计 {figure(metric, every)}") if part)


def ranking_card(
    title: str,
    who: str,
    metric: str,
    places: Sequence[Place],
    targets: dict[int, Decimal],
    me: int | None,
    buttons: Sequence[Button],
) -> Card:
    """Everybody in sight in order; beside a target, how much of it is done."""
    mine = next((place for place in places if place.id == me), None) if len(places) > 1 else None
    return Card(
        title=title,
        subtitle=total(metric, places, who),
        rows=rows(("我的名次", f"第 {mine.place}，共 {len(places)} 人" if mine else "")),
        text="\n".join(
            f"{place.place}. {place.name} {figure(metric, place.figure)}{share(place.figure, targets.get(place.id))}"
            for place in places[:RANKED]
        )
        or "还没有可以排的人。",
        buttons=tuple(buttons),
        note="括号里是目标完成率。" if targets else "",
    )


def ranking_picture(
    title: str, who: str, metric: str, places: Sequence[Place], targets: dict[int, Decimal], font: str
) -> bytes:
    """The same as bars, the target as a mark."""
    drawn = [
        Bar(
            place.name, float(place.figure), figure(metric, place.figure), float(targets.get(place.id, 0)),
            "good" if place.id in targets and place.figure >= targets[place.id] else "",
        )
        for place in places
    ]  # fmt: skip
    return charts.bars(title, who, drawn, font=font, note="竖线是目标，绿色已完成" if targets else "")


# --- targets and chances


def target_card(name: str, when: str, amount: Decimal, found: Forecast, again: Command, turn: str) -> Card:
    """A target was set; what is done of it already."""
    return Card(
        title=f"{name}{when}目标 {words.money(amount)}",
        rows=rows(
            ("已赢单", f"{words.money(found.won)}{share(found.won, found.target)}"),
            ("还差", rounded(found.gap) if found.gap else ""),
        ),
        buttons=(Button("看预测", pack(again), "primary"), Button("撤销", pack(Undo(turn=turn)))),
    )


def chance_card(one: Outlook) -> Card:
    """How likely the deal is to be won, and what that rests on; nothing learned where too few deals teach it."""
    chance, stage = one.chance, one.stage
    if chance is None:
        set_ = f"公司给「{stage.name}」设的赢率是 {stage.win_percent}%。" if stage.win_percent is not None else ""
        text = f"走到过「{stage.name}」又有结果的商机不到 10 个，还看不出规律。{set_}"
    else:
        text = f"依据：{chance.n} 个走到过「{stage.name}」、已有结果的商机，其中 {chance.alike} 个类型、级别和停留时间都相近。"
    return Card(
        title=f"赢率 {percent(chance.rate)}" if chance else "赢率还说不准",
        subtitle=one.deal.name,
        rows=rows(
            ("客户", one.customer),
            ("阶段", stage.name),
            ("金额", words.money(one.deal.amount)),
            ("加权金额", rounded(one.weighted) if one.deal.amount and one.probability is not None else ""),
        ),
        text=text,
        buttons=(Button("看商机", pack(ShowDeal(deal=one.deal.id))),),
    )
