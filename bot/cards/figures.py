"""Cards and pictures of the funnel: each stage with its conversion rate and days, beside the standard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from bot.cards import words
from bot.cards.card import Button, Card, rows
from bot.cards.clock import Clock
from bot.cards.deals import kind_name
from bot.cards.names import deal_of, entry, numbered, short
from bot.cards.words import clip
from bot.commands import Command, ShowDeal, Undo, pack
from bot.pictures import charts
from bot.pictures.charts import Bar, Figure, FunnelRow, Mood
from scrm.metrics.closing import Closed
from scrm.metrics.funnel import Norm, Step, Waiting
from scrm.metrics.part import Days, month_of
from scrm.metrics.win_rate import Chance
from scrm.models import Member, Pipeline, Stage

PICTURE = "图表"
NOTICEABLE = 0.1  # from this share on a figure is better or worse than the standard
MOST_STAGES = 6  # on the card; the picture has more
MOST_PEOPLE = 8
PAGE = 5  # deals of a stage
NOBODY = "公海"
FEW = 3  # deals: of fewer a rate says little


def percent(rate: float | None) -> str:
    """62%; – where there is none."""
    return "–" if rate is None else f"{rate * 100:.0f}%"


def days_long(days: float | None) -> str:
    """12天 · 3.2天; – where there is none."""
    if days is None:
        return "–"
    return f"{days:.0f}天" if days >= 10 else f"{days:.1f}".removesuffix(".0") + "天"


def period(days: Days, today: date) -> str:
    """本月 · 10月 · 近90天 · 9月1日 至 11月23日."""
    if days == month_of(days.first):
        if days == month_of(today):
            return "本月"
        return f"{days.first.month}月" if days.first.year == today.year else f"{days.first.year}年{days.first.month}月"
    if days.last == today and days.first < today:
        return f"近{(today - days.first).days + 1}天"
    return (
        f"{_day(days.first, today)} 至 {_day(days.last, today)}" if days.first != days.last else _day(days.first, today)
    )


def _day(day: date, today: date) -> str:
    year = f"{day.year}年" if day.year != today.year else ""
    return f"{year}{day.month}月{day.day}日"


def pipeline_name(row: Pipeline) -> str:
    """新签 · 大客户."""
    return course_name(row.kind, row.tier)


def course_name(kind: str, tier: str) -> str:
    """What a kind of deals at customers of a tier is called."""
    return " · ".join(part for part in (kind_name(kind), tier) if part)


def funnel_title(name: str) -> str:
    """The title of the card and of its picture."""
    return f"销售漏斗 · {name}"


def subtitle(days: Days, who: str, today: date) -> str:
    """Which days and whose deals."""
    return " · ".join(part for part in (period(days, today), who) if part)


def funnel_card(
    title: str, about: str, steps: Sequence[Step], ended: Closed, buttons: Sequence[Button], *, pictured: bool
) -> Card:
    """The funnel in words: a line per stage, and the stage that lies furthest below its standard first of all."""
    if not any(step.entered or step.here for step in steps):
        return Card(title=title, subtitle=about, text="这段时间没有商机进入这个流程。", buttons=tuple(buttons))
    worst = weakest(steps)
    known = any(step.norm.rate is not None or step.norm.days is not None for step in steps)
    decided = f"{percent(ended.rate)}（赢 {ended.won} 丢 {ended.lost}）" if ended.rate is not None else ""
    return Card(
        title=title,
        subtitle=about,
        rows=rows(("赢单率", decided), ("最弱阶段", _weak(worst) if worst else "")),
        text="\n".join(_line(step) for step in steps[:MOST_STAGES] if not pictured or step.entered or step.here),
        buttons=tuple(buttons),
        note="标准是管理员设的，没设的按公司过去一年。" if known else "公司的历史还不够，暂时没有标准可比。",
    )


def weakest(steps: Sequence[Step]) -> Step | None:
    """The stage furthest below its standard, of those that enough deals entered; None where none is."""
    below = [
        (step.rate / step.norm.rate, index)
        for index, step in enumerate(steps)
        if step.entered >= FEW and step.rate is not None and step.norm.rate
    ]
    share, index = min(below, default=(1.0, 0))
    return steps[index] if share <= 1 - NOTICEABLE else None


def _weak(step: Step) -> str:
    return f"{step.stage.name}，转化 {percent(step.rate)}，标准 {percent(step.norm.rate)}"


def _line(step: Step) -> str:
    rate = f"{percent(step.rate)}" + (f"/{percent(step.norm.rate)}" if step.norm.rate is not None else "")
    days = days_long(step.days) + (f"/{days_long(step.norm.days)}" if step.norm.days is not None else "")
    here = f"，现有 {step.here}" if step.here else ""
    return f"· {step.stage.name} {step.entered}：转化 {rate}，{days}{here}"


def funnel_picture(title: str, about: str, steps: Sequence[Step], font: str) -> bytes:
    """The funnel drawn."""
    drawn = [
        FunnelRow(
            step.stage.name,
            step.entered,
            Figure(percent(step.rate), _norm(percent(step.norm.rate)), _rate_mood(step)),
            Figure(days_long(step.days), _norm(days_long(step.norm.days)), _days_mood(step)),
        )
        for step in steps
    ]
    return charts.funnel(title, about, ("阶段", "进入", "转化率", "停留"), drawn, font=font)


def _norm(figure: str) -> str:
    return f"标准 {figure}" if figure != "–" else ""


def _rate_mood(step: Step) -> Mood:
    return _mood(step.rate, step.norm.rate) if step.entered >= FEW else ""


def _days_mood(step: Step) -> Mood:
    return _mood(step.norm.days, step.days) if step.stayed >= FEW else ""


def _mood(more: float | None, than: float | None) -> Mood:
    if more is None or than is None or not than:
        return ""
    return "good" if more / than >= 1 + NOTICEABLE else "bad" if more / than <= 1 - NOTICEABLE else ""


def stage_button(stage: Stage, command: Command) -> Button:
    """To the deals in a stage."""
    return Button(f"看{clip(stage.name, 5)}的商机", pack(command), "primary")


def people_button(stage: Stage, command: Command) -> Button:
    """To a stage's figures by person."""
    return Button(f"{clip(stage.name, 5)}按人看", pack(command))


def stage_card(
    stage: Stage,
    who: str,
    found: Sequence[Waiting],
    chances: Mapping[int, Chance | None],
    page: int,
    onwards: Command,
    clock: Clock,
) -> Card:
    """A page of the open deals in a stage; `found` may hold one more than a page, `onwards` shows what comes after."""
    if not found:
        return Card(title=f"{stage.name}没有进行中的商机", text="换一个阶段看看，或者说：看漏斗")
    shown = found[:PAGE]
    first = page * PAGE + 1
    more = (Button("下一页", pack(onwards)),) if len(found) > PAGE else ()
    return Card(
        title=f"停在{stage.name}的商机",
        subtitle=" · ".join(
            part for part in (who, f"应停 {stage.expected_days} 天" if stage.expected_days else "") if part
        ),
        text=numbered((_waiting(one, chances.get(one.deal.id), clock) for one in shown), first),
        buttons=(
            *(
                Button(entry(place, one.deal.name), pack(ShowDeal(deal=one.deal.id)))
                for place, one in enumerate(shown, first)
            ),
            *more,
        ),
    )


def _waiting(one: Waiting, chance: Chance | None, clock: Clock) -> str:
    days = clock.days_since(one.deal.stage_since)
    whose = short(one.customer)
    named = deal_of(one.deal.name, whose) != one.deal.name or one.deal.name.startswith(whose)
    likely = f"赢率 {percent(chance.rate)}" if chance is not None else ""
    parts = (one.deal.name, "" if named else whose, words.money(one.deal.amount), f"已停 {days} 天", likely, one.owner)
    return " · ".join(part for part in parts if part)


def people_card(
    stage: Stage, about: str, found: Sequence[tuple[Member | None, Step]], norm: Norm, back: Command
) -> Card:
    """A stage's figures by person."""
    compared = " · ".join(
        part for part in (_norm(percent(norm.rate)), _norm(days_long(norm.days)).replace("标准 ", "")) if part
    )
    return Card(
        title=f"{stage.name}按人看",
        subtitle=about,
        text="\n".join(
            f"· {_named(person)}：转化 {percent(step.rate)}（{step.passed}/{step.entered}），{days_long(step.days)}"
            for person, step in found[:MOST_PEOPLE]
        )
        or "这段时间没有商机进入这个阶段。",
        buttons=(Button("看漏斗", pack(back)),),
        note=compared,
    )


def people_picture(
    stage: Stage, about: str, found: Sequence[tuple[Member | None, Step]], norm: Norm, font: str
) -> bytes:
    """Everybody's conversion rate in a stage as bars, the standard as a mark."""
    drawn = [
        Bar(
            _named(person), step.rate or 0.0, f"{percent(step.rate)} · {step.passed}/{step.entered}", norm.rate or 0.0,
            _mood(step.rate, norm.rate) if step.entered >= FEW else "",
        )
        for person, step in found
    ]  # fmt: skip
    note = f"竖线是标准 {percent(norm.rate)}" if norm.rate else ""
    return charts.bars(f"{stage.name}转化率", about, drawn, font=font, note=note)


def _named(person: Member | None) -> str:
    return person.name if person is not None else NOBODY


def standard_card(stage: str, courses: Sequence[str], rate: int | None, days: int | None, turn: str) -> Card:
    """A standard was set by hand: of which stage, in which pipelines, to what."""
    return Card(
        title=f"{stage}的标准已设置",
        rows=rows(
            ("流程", "、".join(courses)),
            ("转化率", f"{rate}%" if rate is not None else ""),
            ("停留", f"{days}天" if days is not None else ""),
        ),
        buttons=(Button("撤销", pack(Undo(turn=turn))),),
    )
