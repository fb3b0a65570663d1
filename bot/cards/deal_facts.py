"""Cards about what is known of a deal: what was noted, what must be known before it goes on, and who decides."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bot.cards.card import Button, Card, bullets, rows
from bot.cards.clock import Clock
from bot.cards.deal_words import answer_to, ask_for, fact_names, known_rows, person
from bot.cards.deals import deal_card, undo_button
from bot.cards.words import clip, money
from bot.commands import ShowDeal, pack
from scrm.deal_facts import NotReady
from scrm.deals import Seen

MAX_PEOPLE = 8


def off_line(products: Sequence[str], competitors: Sequence[str]) -> str:
    """What was taken off a deal."""
    parts = ((noun, names) for noun, names in (("产品", products), ("竞品", competitors)) if names)
    return "，".join(f"已去掉{noun}：{'、'.join(names)}" for noun, names in parts)


def noted_card(seen: Seen, clock: Clock, turn: str, off: str = "") -> Card:
    """The answer to what was said of a deal: all that is known now, what went off, and what its stage still asks for."""
    deal = seen.deal
    whole = deal_card(seen, clock)
    return Card(
        title="商机 · 已更新" if off else "商机 · 已补充",
        rows=rows(
            ("商机", deal.name),
            ("客户", seen.customer.name),
            ("金额", money(deal.amount)),
            *known_rows(seen, clock),
        ),
        text="\n".join(part for part in (off, ask_for(seen.missing)) if part),
        buttons=(*whole.buttons[:4], undo_button(turn)),
        view=whole.view,
    )


def not_ready_card(seen: Seen, why: NotReady, clock: Clock) -> Card:
    """The stage may not be left yet: nothing has changed, and what to say is there."""
    text = (
        f"离开「{why.stage.name}」前要先有{fact_names(why.missing)}。一句话补上就行，比如：\n· {answer_to(why.missing)}"
    )
    return msgspec.structs.replace(deal_card(seen, clock), title=f"还不能推进 · {clip(seen.deal.name, 20)}", text=text)


def people_card(seen: Seen) -> Card:
    """Who decides, and how each stands to us."""
    people = seen.known.people
    lines = [f"{person(who, part)}{f' {who.title}' if who.title else ''}" for who, part in people]
    lacking = "" if any(part.role == "decision_maker" for _, part in people) else "还不知道谁是决策人。"
    how = "这样补充：决策人是张总，李工是把关人，张总支持我们，李工影响力高"
    return Card(
        title=f"决策链 · {clip(seen.deal.name, 20)}",
        text="\n".join(part for part in (bullets(lines, MAX_PEOPLE, "还有"), lacking) if part),
        note=how,
        buttons=(Button("看商机", pack(ShowDeal(deal=seen.deal.id))),),
        view=f"people:{seen.deal.id}",
    )
