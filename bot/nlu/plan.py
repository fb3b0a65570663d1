"""From one frame to the Commands it asks for; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time

import msgspec

from bot import commands as c
from bot.nlu import asking, deal_kinds, dealing, plan_pool
from bot.nlu.answers import read_moment
from bot.nlu.cues import dealing as dealing_cue
from bot.nlu.cues import tense
from bot.nlu.frame import Frame, Mention, Moment, Ref, Scope
from bot.nlu.lazy import lazily
from bot.nlu.plan_pool import ref_of as _ref

_CALLED_OFF = lazily(tense.CALLED_OFF)

# What a part of the day means when no clock time was said.
PART_TIMES = {"morning": time(9), "noon": time(12), "afternoon": time(14), "evening": time(19), "night": time(20)}
DAY_TIME = time(9)
HAPPENED_TIME = time(12)
ACTIVITY_KINDS = {
    "上门": "visit", "电话": "call", "微信": "wechat", "会议": "meeting", "宴请": "dinner", "来访": "reception", "邮件": "mail", "展会": "expo",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """Which one was meant: `slot` is the command's field, `options` the names that fit.

    `generic`: what was said names nobody (机械): asked with whoever in sight is called so.
    """

    slot: str
    spoken: str
    options: tuple[Mention, ...]
    generic: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The commands of one sentence, in order, and the question that comes first, if there is one."""

    commands: tuple[c.Command, ...]
    question: Question | None = None


def commands_of(frame: Frame, sent_at: datetime, scope: Scope) -> Plan:
    """What the sentence asks for. Relative times are already days in the frame; `sent_at` fills what the text leaves out."""
    if frame.parts:
        each = [command for part in frame.parts for command in commands_of(part, sent_at, scope).commands]
        return Plan(tuple(each))
    asks = asking.BUILDERS.get(frame.intent)
    build = _BUILDERS.get(frame.intent, _not_yet)
    made = asks(frame, sent_at, scope) if asks else build(frame, _Times(sent_at, scope))
    return Plan(tuple(made), _question(frame))


def _question(frame: Frame) -> Question | None:
    if frame.generic:
        return Question("customer", frame.generic, (), generic=True)
    for slot, options in frame.candidates.items():
        if frame.ambiguous and len(options) > 1:
            return Question(slot, options[0].text, options)
    return None


@dataclass(frozen=True, slots=True)
class _Times:
    sent_at: datetime
    scope: Scope

    def future(self, moment: Moment | None) -> tuple[datetime | None, bool]:
        """The instant of a next step, and whether only the day was said."""
        if moment is None:
            return None, False
        all_day = moment.time is None and moment.part not in PART_TIMES
        return moment.at(PART_TIMES.get(moment.part, DAY_TIME), self.scope.zone), all_day

    def past(self, moment: Moment | None) -> datetime | None:
        """The instant something happened; today without a clock time is the moment it was said."""
        if moment is None:
            return None
        today = self.sent_at.astimezone(self.scope.zone).date()
        if moment.time is None and moment.day == today:
            return self.sent_at
        return moment.at(PART_TIMES.get(moment.part, HAPPENED_TIME), self.scope.zone)


def _spoken(frame: Frame, mention: Mention | None) -> str:
    return frame.name or (mention.text if mention else "")


def _log(frame: Frame, times: _Times) -> list[c.Command]:
    next_at, all_day = times.future(frame.next_at)
    return [
        c.LogActivity(
            summary=frame.note or frame.text,
            kind=ACTIVITY_KINDS.get(frame.visit_kind, "note"),
            customer=_ref(frame.customer),
            contacts=tuple(ref for ref in map(_ref, frame.contacts) if ref is not None),
            happened_at=times.past(frame.occurred_at),
            amount=frame.amount,
            deal=_ref(frame.deal),
            place=frame.place,
            next_action=frame.next_action,
            next_at=next_at,
            next_all_day=all_day,
        )
    ]


def _with_log(frame: Frame, times: _Times, command: c.Command) -> list[c.Command]:
    """A deal command; what the sentence also reports (who said or met what, what comes next) is logged first."""
    tells = frame.reported or frame.visit_kind or frame.occurred_at or frame.next_at or frame.next_action
    if frame.customer is None or not tells:
        return [command]
    report = c.replace(_log(frame, times)[0], amount=None)  # the sum is the deal's: the command sets it
    return [report, command]


def _move(frame: Frame, times: _Times) -> list[c.Command]:
    stage = _ref(frame.stage)
    if stage is None:
        return [c.ShowDeal(deal=_ref(frame.deal), customer=_ref(frame.customer))]
    move = c.MoveDeal(
        stage=stage, deal=_ref(frame.deal), customer=_ref(frame.customer), amount=frame.amount, reason=frame.lost_reason
    )
    return _with_log(frame, times, move)


def _win(frame: Frame, times: _Times) -> list[c.Command]:
    win = c.WinDeal(deal=_ref(frame.deal), customer=_ref(frame.customer), amount=frame.amount)
    return _with_log(frame, times, win)


def _lose(frame: Frame, times: _Times) -> list[c.Command]:
    lose = c.LoseDeal(deal=_ref(frame.deal), customer=_ref(frame.customer), reason=frame.lost_reason)
    return _with_log(frame, times, lose)


def _pause(frame: Frame, times: _Times) -> list[c.Command]:
    until, _ = times.future(frame.next_at)
    pause = c.PauseDeal(deal=_ref(frame.deal), customer=_ref(frame.customer), until=until, reason=frame.lost_reason)
    return _with_log(msgspec.structs.replace(frame, next_at=None), times, pause)


def _follow_up(frame: Frame, times: _Times) -> list[c.Command]:
    due_at, all_day = times.future(frame.next_at)
    contact = _ref(frame.contacts[0]) if frame.contacts else None
    return [
        c.ScheduleFollowUp(
            customer=_ref(frame.customer),
            contact=contact,
            deal=_ref(frame.deal),
            action=frame.next_action,
            due_at=due_at,
            all_day=all_day,
        )
    ]


def _reschedule(frame: Frame, times: _Times) -> list[c.Command]:
    due_at, all_day = times.future(frame.next_at)
    return [c.Reschedule(customer=_ref(frame.customer), due_at=due_at, all_day=all_day)]


def _amend(frame: Frame, times: _Times) -> list[c.Command]:
    next_at, all_day = times.future(frame.next_at)
    return [
        c.Amend(
            amount=frame.amount, next_at=next_at, next_all_day=all_day, customer=_ref(frame.customer), words=frame.text
        )
    ]


def _new_customer(frame: Frame, times: _Times) -> list[c.Command]:
    code, phone = frame.details.get("code", ""), frame.details.get("phone", "")
    created: list[c.Command] = [c.CreateCustomer(customer=_spoken(frame, frame.customer), code=code, phone=phone)]
    return created + (_new_contact(frame, times) if frame.contacts else [])


def _new_contact(frame: Frame, _: _Times) -> list[c.Command]:
    person = frame.contacts[0] if frame.contacts else None
    return [
        c.CreateContact(
            contact=person.name if person else frame.name,
            customer=_ref(frame.customer),
            title=frame.title,
            phone=frame.phone,
        )
    ]


def _new_deal(frame: Frame, _: _Times) -> list[c.Command]:
    return [
        c.CreateDeal(
            customer=_ref(frame.customer),
            deal=_spoken(frame, frame.deal),
            amount=frame.amount,
            stage=_ref(frame.stage),
            kind=frame.deal_kind,
        )
    ]


def _close_follow_up(frame: Frame, _: _Times) -> list[c.Command]:
    kind = c.CancelFollowUp if _CALLED_OFF.search(frame.note) else c.CompleteFollowUp
    return [kind(customer=_ref(frame.customer))]


def _tag(frame: Frame, _: _Times) -> list[c.Command]:
    kind = c.TagContact if frame.intent == "tag_contact" else c.UntagContact
    people = [_ref(contact) for contact in frame.contacts] or [None]
    return [kind(tags=frame.tags, contact=contact, customer=_ref(frame.customer)) for contact in people]


def _show_customer(frame: Frame, _: _Times) -> list[c.Command]:
    customer = _ref(frame.customer)
    return [c.MyCustomers() if customer is None else c.ShowCustomer(customer=customer)]


def _show_deal(frame: Frame, _: _Times) -> list[c.Command]:
    deal, customer = _ref(frame.deal), _ref(frame.customer)
    return [c.MyDeals() if deal is None and customer is None else c.ShowDeal(deal=deal, customer=customer)]


def _channel(frame: Frame, _: _Times) -> list[c.Command]:
    return [
        c.CreateChannel(
            channel=frame.name or frame.campaign, owner=_ref(frame.assignee), welcome=frame.welcome, tags=frame.tags
        )
    ]


def _campaign(frame: Frame, _: _Times) -> list[c.Command]:
    return [c.CreateCampaign(tags=frame.tags, body=frame.body)]


def _set_role(frame: Frame, _: _Times) -> list[c.Command]:
    return [c.SetRole(member=_ref(frame.assignee) or frame.name, role=frame.role)]


def _rename(frame: Frame, _: _Times) -> list[c.Command]:
    return [c.RenameMember(member=frame.code, new_name=frame.name)]


def _set_manager(frame: Frame, _: _Times) -> list[c.Command]:
    return [c.SetManager(member=_ref(frame.assignee) or frame.name, manager=frame.role)]


def _not_yet(frame: Frame, _: _Times) -> list[c.Command]:
    return [c.NotYet(intent=frame.intent, customer=_ref(frame.customer), words=frame.text)]


def _hand_over(frame: Frame, times: _Times) -> list[c.Command]:
    giver: Ref | None = times.scope.me if frame.code in dealing_cue.MYSELF else frame.code
    taker = _ref(frame.assignee) if frame.assignee is not None else times.scope.me
    return [c.HandOver(giver=giver, taker=taker)]


def _assign(frame: Frame, times: _Times) -> list[c.Command]:
    """One customer to a colleague; into the pool, or to nobody we know, is not for the chat yet."""
    customer, taker = _ref(frame.customer), _ref(frame.assignee)
    if customer is None or taker is None:
        return _not_yet(frame, times)
    return [c.HandOver(customer=customer, taker=taker)]


def _lead_or_pool(frame: Frame, _: _Times) -> list[c.Command]:
    return [plan_pool.COMMANDS[frame.intent](frame)]


def _define_pipeline(frame: Frame, _: _Times) -> list[c.Command]:
    steps = tuple(c.PipelineStep(*msgspec.structs.astuple(step)) for step in dealing.steps(frame.body))
    return [c.DefinePipeline(course=frame.name, steps=steps)]


def _void(frame: Frame, _: _Times) -> list[c.Command]:
    return [c.VoidDeal(deal=_ref(frame.deal), customer=_ref(frame.customer), reason=frame.lost_reason)]


def _reopen(frame: Frame, _: _Times) -> list[c.Command]:
    return [c.ReopenDeal(deal=_ref(frame.deal), customer=_ref(frame.customer))]


def _course(frame: Frame, _: _Times) -> list[c.Command]:
    return [c.ShowCourse(deal=_ref(frame.deal), customer=_ref(frame.customer))]


def _deal_facts(frame: Frame, _: _Times) -> list[c.Command]:
    said = frame.details
    people = tuple(c.DealPerson(who.ref or who.name, *part) for who, *part in said.get("people", ()))
    return [
        c.NoteDeal(
            deal=_ref(frame.deal), customer=_ref(frame.customer), amount=said.get("amount"), close_on=said.get("close"),
            products=said.get("products", ()), competitors=said.get("competitors", ()), people=people,
            not_products=said.get("not_products", ()), not_competitors=said.get("not_competitors", ()),
        )
    ]  # fmt: skip


def _people(frame: Frame, _: _Times) -> list[c.Command]:
    return [c.ShowDealPeople(deal=_ref(frame.deal), customer=_ref(frame.customer))]


def _contract(frame: Frame, times: _Times) -> list[c.Command]:
    until = read_moment(frame.body, times.sent_at, times.scope.zone) if frame.body else None
    ends_at = until.at(DAY_TIME, times.scope.zone) if until is not None else None
    return [c.NoteContract(deal=_ref(frame.deal), customer=_ref(frame.customer), until=ends_at)]


def _set_kind(frame: Frame, _: _Times) -> list[c.Command]:
    return [c.SetKind(kind=deal_kinds.code(frame.name), deal=_ref(frame.deal), customer=_ref(frame.customer))]


def _set_tier(frame: Frame, _: _Times) -> list[c.Command]:
    return [c.SetTier(tier=frame.name, customer=_ref(frame.customer))]


def _idle_rule(frame: Frame, _: _Times) -> list[c.Command]:
    said = {"remind": 0, **frame.details}
    return [c.DefineIdleRule(to=_ref(frame.assignee), **said)]


def _extension(frame: Frame, _: _Times) -> list[c.Command]:
    said = frame.details
    return [c.AskExtension(customer=_ref(frame.customer), days=said.get("days"), reason=said.get("reason", ""))]


def _cover(frame: Frame, _: _Times) -> list[c.Command]:
    said = frame.details
    cover, first, last = _ref(frame.assignee), said.get("first"), said.get("last")
    return [c.SetCover(cover=cover or "", member=_ref(said.get("whose")), first=first, last=last)]


_BUILDERS: dict[str, Callable[[Frame, _Times], list[c.Command]]] = {
    "log_visit": _log,
    "checkin": _log,
    "create_customer": _new_customer,
    "create_contact": _new_contact,
    "create_deal": _new_deal,
    "move_deal": _move,
    "win_deal": _win,
    "lose_deal": _lose,
    "pause_deal": _pause,
    "set_followup": _follow_up,
    "reschedule_followup": _reschedule,
    "complete_task": _close_follow_up,
    "tag_contact": _tag,
    "untag_contact": _tag,
    "query_customer": _show_customer,
    "query_deal": _show_deal,
    "query_todo": lambda frame, _: [c.ShowTodo()],
    "create_channel": _channel,
    "campaign_create": _campaign,
    "amend": _amend,
    "undo": lambda frame, _: [c.Undo()],
    "explain": lambda frame, _: [c.Explain()],
    "bind": lambda frame, _: [c.Bind(code=frame.code)],
    "set_role": _set_role,
    "set_manager": _set_manager,
    "rename_member": _rename,
    "hand_over": _hand_over,
    "assign_customer": _assign,
    "define_pipeline": _define_pipeline,
    "set_tier": _set_tier,
    "set_kind": _set_kind,
    "void_deal": _void,
    "reopen_deal": _reopen,
    "course": _course,
    "contract": _contract,
    "deal_facts": _deal_facts,
    "deal_people": _people,
    "idle_rule": _idle_rule,
    **dict.fromkeys(plan_pool.COMMANDS, _lead_or_pool),
    "drop_idle_rule": lambda frame, _: [c.DropIdleRule(rule=frame.details["scope"])],
    "extension": _extension,
    "cover": _cover,
    "end_cover": lambda frame, _: [c.EndCover()],
    "why": lambda frame, _: [c.WhyReminded()],
    "limit_pushes": lambda frame, _: [c.LimitPushes(most=frame.details["most"])],
    "help": lambda frame, _: [c.Help()],
    "menu": lambda frame, _: [c.Help()],
    "none": lambda frame, _: [c.SmallTalk(words=frame.text)],
}
