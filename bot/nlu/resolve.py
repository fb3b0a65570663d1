"""What the names of a sentence mean together: which customer, which of its people and deals.

A place may fit several names; the other names of the sentence decide (a contact at one of them, a deal of one of them),
else it stays open and the frame asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise

from msgspec import Struct

from bot.nlu import people
from bot.nlu.cues import names as cue
from bot.nlu.cues.common import COMMON_WORDS
from bot.nlu.frame import Mention, Name, Ref, Scope, Span
from bot.nlu.index import inside_latin
from bot.nlu.lazy import lazily
from bot.nlu.lexicon import Lexicon
from bot.nlu.mentions import MAX_NAMESAKES, Spot, competitor, marked, owners_of
from bot.nlu.text import fold, masked

_PHASE = lazily(cue.PHASE)
_NOT_MET = lazily(rf"\s?(?:{cue.NOT_MET})")
_NOT_MET_BEFORE = lazily(cue.NOT_MET_BEFORE)
_DEAL_BEHIND = lazily(cue.DEAL_BEHIND)
_SPEAKS = lazily(cue.SPEAKS)
_LISTED = lazily(cue.LISTED)


class Found(Struct, frozen=True):
    """The names of a sentence, resolved. `open_customers` and `open_deals` are what an undecided place fits."""

    spots: tuple[Spot, ...] = ()
    customer: Mention | None = None
    contacts: tuple[Mention, ...] = ()
    deal: Mention | None = None
    members: tuple[Mention, ...] = ()
    regions: tuple[Mention, ...] = ()
    open_customers: tuple[Mention, ...] = ()
    open_deals: tuple[Mention, ...] = ()
    open_contacts: tuple[Mention, ...] = ()
    missed: tuple[Mention, ...] = ()  # people named who were not met or reached


def resolve(text: str, folded: str, places: Sequence[Spot], lexicon: Lexicon, scope: Scope) -> Found:
    """What the names mean together: customers first narrowed by contacts and deals, then contacts and deals by the customer."""
    deals = [spot for spot in places if spot.kind == "deal"]
    contacts = [spot for spot in places if spot.kind == "contact"]
    customers = [
        spot for spot in places
        if spot.kind == "customer" and not competitor(folded, spot) and not _told_of(folded, spot, contacts, lexicon)
    ]  # fmt: skip
    sure = owners_of("deal", [spot for spot in deals if spot.rank == 0], lexicon)
    if len(sure) == 1 and all(spot.rank >= 2 and not sure.intersection(spot.refs) for spot in customers):
        customers = []  # a piece of another firm's name (央厨 of 中央厨房) beside a deal named in full
    hints = _employers(contacts, customers, lexicon), owners_of("deal", deals, lexicon)
    customer, open_customers = _customer(text, customers, hints, lexicon)
    listed = _deals_listed(text, deals, lexicon)
    if customer is None and not open_customers and len(hints[0]) == 1:  # who was met tells more than a piece of a name
        deals = [spot for spot in deals if spot.rank < 2 or hints[0] & owners_of("deal", [spot], lexicon)]
    deal, open_deals = (None, listed) if listed else _deal(text, deals, customer, lexicon)
    if customer is None and not open_customers and deal is not None and deal.ref is not None:
        customer = _owner_of("deal", deal, lexicon, scope)
    named = {ref for spot in customers for ref in spot.refs}
    persons, open_contacts = _contacts(text, folded, contacts, customer, named, lexicon, scope)
    if customer is None and not open_customers:
        owners = {
            owner.ref: owner
            for person in persons
            if person.ref is not None and (owner := _owner_of("contact", person, lexicon, scope))
        }
        customer = next(iter(owners.values())) if len(owners) == 1 else None
    if deal is None and not open_deals and customer is not None and customer.ref is not None:
        deal = _deal(text, deals, customer, lexicon)[0] or deal_of(
            text, masked(folded, marked(places)), customer.ref, lexicon, scope
        )
    missed = tuple(person for person in persons if _absent(folded, person.span))
    persons = tuple(person for person in persons if person not in missed)
    return Found(
        tuple(places), customer, persons, deal, _plain(text, places, "member", lexicon), _plain(text, places, "region", lexicon),
        open_customers, open_deals, open_contacts, missed,
    )  # fmt: skip


def _told_of(folded: str, spot: Spot, contacts: Sequence[Spot], lexicon: Lexicon) -> bool:
    """Whether somebody of another customer, named in full, speaks of this one (乐呵说好未来也在挖他们)."""
    speakers = [
        one for one in contacts if one.rank == 0 and one.span[1] <= spot.span[0] and _SPEAKS.match(folded, one.span[1])
    ]
    owners = owners_of("contact", speakers, lexicon)
    return len(owners) == 1 and not owners.intersection(spot.refs)


def _employers(contacts: Sequence[Spot], customers: Sequence[Spot], lexicon: Lexicon) -> set[Ref]:
    """The customers of the people named; of those with the surname at the customers named, the ones the title fits best."""
    named = {ref for spot in customers for ref in spot.refs}
    found: set[Ref] = set()
    for spot in contacts:
        names = [name for ref in spot.refs if (name := lexicon.name("contact", ref))]
        here = [name for name in names if name.customer in named]
        found.update(name.customer for name in _by_title(here or names, spot.title) if name.customer is not None)
    return found


def _customer(
    text: str, places: Sequence[Spot], hints: tuple[set[Ref], set[Ref]], lexicon: Lexicon
) -> tuple[Mention | None, tuple[Mention, ...]]:
    decided: list[Mention] = []
    undecided: list[Spot] = []
    for spot in places:
        refs = _narrowed(spot.refs, hints)
        if len(refs) == 1:
            decided.append(_mention(text, spot, "customer", refs[0], lexicon))
        elif refs:
            undecided.append(spot)
    distinct = {mention.ref: mention for mention in decided}
    if len(distinct) > 1:
        named = [mention for ref, mention in distinct.items() if any(ref in hint for hint in hints)]
        if len(named) == 1 or not _side_by_side(text, decided):
            return (named or decided)[0], ()
        return None, tuple(distinct.values())
    if distinct:
        return decided[0], ()
    if undecided:
        spot = undecided[0]
        return None, tuple(_mention(text, spot, "customer", ref, lexicon) for ref in spot.refs)
    return None, ()


def _narrowed(refs: tuple[Ref, ...], hints: tuple[set[Ref], set[Ref]]) -> tuple[Ref, ...]:
    for hint in hints:
        kept = tuple(ref for ref in refs if ref in hint)
        if len(refs) > 1 and kept:
            refs = kept
    return refs


def _side_by_side(text: str, mentions: Sequence[Mention]) -> bool:
    """Whether customers are listed (三六一 七匹狼), as equals."""
    ordered = sorted(mentions, key=lambda mention: mention.span)
    return all(_LISTED.match(text[a.span[1] : b.span[0]]) for a, b in pairwise(ordered))


def _deals_listed(text: str, places: Sequence[Spot], lexicon: Lexicon) -> tuple[Mention, ...]:
    """Several deals named in full side by side (A和B); none of them alone is meant."""
    sure = [
        _mention(text, spot, "deal", spot.refs[0], lexicon) for spot in places if spot.rank < 2 and len(spot.refs) == 1
    ]
    distinct = {mention.ref for mention in sure}
    return tuple(sure) if len(distinct) > 1 and _side_by_side(text, sure) else ()


def _deal(
    text: str, places: Sequence[Spot], customer: Mention | None, lexicon: Lexicon
) -> tuple[Mention | None, tuple[Mention, ...]]:
    for spot in sorted(places, key=lambda spot: (spot.rank, -(spot.span[1] - spot.span[0]))):
        names = [name for ref in spot.refs if (name := lexicon.name("deal", ref))]
        if customer is not None:
            names = [name for name in names if name.customer == customer.ref]
        elif spot.span[1] - spot.span[0] < 3 and spot.rank >= 2 and not _DEAL_BEHIND.match(text, spot.span[1]):
            continue
        if len(names) == 1:
            return _mention(text, spot, "deal", names[0].ref, lexicon), ()
        if len(names) > 1:
            still_open = [name for name in names if name.open] or names
            options = tuple(_mention(text, spot, "deal", name.ref, lexicon) for name in still_open)
            return (options[0], ()) if len(options) == 1 else (None, options)
    return None, ()


def deal_of(text: str, named: str, customer: Ref, lexicon: Lexicon, scope: Scope) -> Mention | None:
    """The deal of the customer whose words stand in the rest of the text: 能源管理 for 恒逸能源管理 of 恒逸, 二期 of two."""
    found: dict[Span, list[Name]] = {}
    for name in islice(lexicon.of_customer("deal", customer), MAX_NAMESAKES):
        span = _shared(named, fold(name.text)) if scope.sees("deal", name.ref) else None
        if span is not None:
            found.setdefault(span, []).append(name)
    longest = max(found, key=lambda span: span[1] - span[0], default=None)
    if longest is None or len(found[longest]) > 1:
        return None
    name = found[longest][0]
    return Mention(text[slice(*longest)], name.ref, name.text, longest)


def _shared(named: str, deal: str) -> Span | None:
    """Where the longest telling piece of the deal's name stands; of two characters only an uncommon one or a phase (二期)."""
    for length in range(len(deal), 1, -1):
        for start in range(len(deal) - length + 1):
            piece = deal[start : start + length]
            at = named.find(piece)
            common = piece in cue.COMMON_DEAL_WORDS or (length == 2 and piece in COMMON_WORDS)
            if at >= 0 and (_PHASE.fullmatch(piece) or not common) and not inside_latin(named, at, at + length):
                return at, at + length
    return None


def _contacts(
    text: str,
    folded: str,
    places: Sequence[Spot],
    customer: Mention | None,
    named: set[Ref],
    lexicon: Lexicon,
    scope: Scope,
) -> tuple[tuple[Mention, ...], tuple[Mention, ...]]:
    """The people named, at the customer or at another one of those `named`, and the options of one who may be several."""
    found: list[Mention] = []
    undecided: tuple[Mention, ...] = ()
    for spot in places:
        every = [name for ref in spot.refs if (name := lexicon.name("contact", ref))]
        names = _at_customer(every, customer.ref if customer else scope.last_customer, strict=customer is not None)
        names = _by_title(names or [name for name in every if name.customer in named], spot.title)
        if len(names) == 1:
            found.append(_mention(text, spot, "contact", names[0].ref, lexicon))
        elif names and not _absent(folded, spot.span):
            undecided = undecided or tuple(_mention(text, spot, "contact", name.ref, lexicon) for name in names)
        elif spot.title or spot.rank == 0 or people.is_nick(folded[slice(*spot.span)]):
            spoken = text[spot.span[0] : spot.span[1]]
            found.append(Mention(spoken, None, spoken, spot.span))
    return tuple(_once(found)), undecided


def _absent(folded: str, span: Span) -> bool:
    """Whether the sentence says that this person was not met or reached."""
    return bool(_NOT_MET.match(folded, span[1]) or _NOT_MET_BEFORE.search(folded[: span[0]]))


def _at_customer(names: list[Name], customer: Ref | None, *, strict: bool) -> list[Name]:
    if customer is None or (len(names) <= 1 and not strict):
        return names
    here = [name for name in names if name.customer == customer]
    return here if here or strict else names


def _by_title(names: list[Name], title: str) -> list[Name]:
    best = max((people.fits(name, title) for name in names), default=0)
    return [name for name in names if people.fits(name, title) == best]


def _once(mentions: list[Mention]) -> list[Mention]:
    return list({mention.name: mention for mention in reversed(mentions)}.values())[::-1]


def _plain(text: str, places: Sequence[Spot], kind: str, lexicon: Lexicon) -> tuple[Mention, ...]:
    return tuple(_mention(text, spot, kind, spot.refs[0], lexicon) for spot in places if spot.kind == kind)


def _owner_of(kind: str, mention: Mention, lexicon: Lexicon, scope: Scope) -> Mention | None:
    name = lexicon.name(kind, mention.ref) if mention.ref is not None else None
    owner = lexicon.name("customer", name.customer) if name and name.customer is not None else None
    seen = owner is not None and scope.sees("customer", owner.ref)
    return Mention(mention.text, owner.ref, owner.text, mention.span) if owner and seen else None


def _mention(text: str, spot: Spot, kind: str, ref: Ref, lexicon: Lexicon) -> Mention:
    name = lexicon.name(kind, ref)
    spoken = text[spot.span[0] : spot.span[1]]
    return Mention(spoken, ref, name.text if name else spoken, spot.span)
