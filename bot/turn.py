"""The handling of one event: who said it, what is asked, the handler, the answer we owe."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec
import structlog
from sqlalchemy.orm import Session

from bot import answers, drafts, quoting, talk
from bot import commands as c
from bot.cards import errors as error_cards
from bot.cards import words
from bot.cards.card import Card
from bot.cards.merge import merge, merge_partly
from bot.cards.small_talk import kind_of
from bot.context import Context, Settings
from bot.events import (
    AnyEvent,
    Click,
    ContactChange,
    DirectoryChange,
    Enter,
    Location,
    MenuClick,
    Message,
    TagChange,
    Unheard,
)
from bot.handlers import EVENTS, HANDLERS
from bot.handlers.checkins import check_in
from bot.handlers.help import recent_customer
from bot.names import Names
from bot.nlu.cues.names import ELSEWHERE
from bot.nlu.frame import Frame, Scope
from bot.nlu.phrases import phrase
from bot.nlu.plan import commands_of
from bot.nlu.understand import understand
from bot.nlu.unknown import is_trade, trade
from bot.outbox import door_of
from bot.tables import Inbox
from bot.views import exists, view_card
from scrm import audit, doubles, lookup, members
from scrm.access import SYSTEM, Actor
from scrm.deals import SeveralDeals
from scrm.doubles import IsADouble
from scrm.errors import (
    AlreadySo,
    Ambiguous,
    Candidate,
    DomainError,
    Missing,
    NotAllowed,
    Outdated,
    UnknownName,
    WhichOne,
    WhoIsIt,
)

log = structlog.get_logger("dispatcher")

_ELSEWHERE = re.compile(ELSEWHERE)

# While a draft waits for words, these still are commands of their own and not its answer.
_OWN_SENTENCES = frozenset(
    {"help", "menu", "undo", "explain", "query_todo", "query_customer", "query_deal", "query_funnel", "bind"}
)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all turns of a company have in common; one understanding at a time, as it follows the names."""

    settings: Settings
    doors: Sequence[str]
    names: Names
    understanding: threading.Lock


@dataclass(frozen=True, slots=True)
class NeedsPerson:
    """The speaker is not known yet: ask the platform's directory, then handle the row again."""

    row_id: int
    platform: str
    user_id: str
    name: str


class Turn:
    """The handling of one event inside its transaction."""

    def __init__(self, shared: Shared, session: Session, row: Inbox, event: AnyEvent) -> None:
        self.shared, self.session, self.row, self.event = shared, session, row, event
        self.settings = shared.settings
        self.actor: Actor | None = None
        self.in_place = False  # whether the card that was clicked becomes the answer
        origin = event.origin
        self.context = Context(
            session=session, actor=SYSTEM, now=event.sent_at, settings=self.settings, turn=f"e{row.id}", event=event, conversation=origin.group,
            read=lambda text, at: self._understand(text, at)[0],
        )  # fmt: skip

    @property
    def member_id(self) -> int:
        """The speaker; only for events of a known member."""
        if self.context.actor.member_id is None:
            raise LookupError("nobody speaks")
        return self.context.actor.member_id

    @cached_property
    def _spoken_of(self) -> dict[str, int | None]:
        """What the speaker last spoke of here, before this event."""
        return talk.last(self.session, self.context.actor.member_id, self.context.conversation)

    # --- who

    def identify(self, strangers: frozenset[tuple[str, str]]) -> NeedsPerson | None:
        """Find the speaker's member; a NeedsPerson when only the platform can tell who this is."""
        origin = self.event.origin
        if isinstance(self.event, (ContactChange, TagChange, DirectoryChange)):
            return None
        if not origin.user_id or _of_another_corp(self.event):
            return None
        self.actor = members.actor_of(
            self.session, origin.platform, origin.user_id, self.settings.admins, self.context.today
        )
        if self.actor is None and (origin.platform, origin.user_id) not in strangers:
            if members.known(self.session, origin.platform, origin.user_id):
                return None  # somebody who has left
            if origin.platform in self.settings.directories:
                return NeedsPerson(self.row.id, origin.platform, origin.user_id, origin.name)
            self._begin("join", words.FIRST_MESSAGE)
            members.ensure(
                self.session, origin.platform, origin.user_id, origin.name or origin.user_id, now=self.context.now
            )
            self.actor = members.actor_of(
                self.session, origin.platform, origin.user_id, self.settings.admins, self.context.today
            )
        if self.actor is not None:
            self.context.actor = self.actor
            members.note_use(self.session, origin.platform, origin.user_id, door_of(origin), self.context.now)
        return None

    # --- what

    def run(self) -> tuple[Card | None, str]:
        """Handle the event and owe its answer; returns the update for the clicker's own view and the outcome."""
        event = self.event
        if isinstance(event, (ContactChange, TagChange, DirectoryChange)):
            self._begin(type(event).__name__, words.NOTICE)
            EVENTS[type(event)](event, self.context)
            answers.post_owed(self.context, self.shared.doors)
            return None, "done"
        if self.actor is None:
            self.answer(error_cards.stranger_card())
            return None, "stranger"
        card, outcome = self._answer_of(event)
        if card is None:
            answers.post_owed(self.context, self.shared.doors)
            return None, outcome
        if outcome == "done":
            talk.remember(self.session, self.member_id, self.context.conversation, card.view)
        return self.answer(card), outcome

    def answer(self, card: Card) -> Card | None:
        """Owe the card as the answer to this event, and everything the handlers owed."""
        return answers.post_answer(self.context, self.event, self.row, card, self.shared.doors, in_place=self.in_place)

    def _answer_of(self, event: AnyEvent) -> tuple[Card | None, str]:
        if isinstance(event, Message):
            return self._message(event)
        if isinstance(event, (Click, MenuClick)):
            return self._button(event)
        if isinstance(event, Enter):
            return self.execute([c.Help()], words.ENTERED)
        if isinstance(event, Location):
            self._begin("check_in", words.LOCATION)
            return check_in(event, self.context), "done"
        if isinstance(event, Unheard):
            return error_cards.unheard_card(event.kind, event.origin.door, recent_customer(self.context)), "unheard"
        raise TypeError(type(event))

    def _message(self, event: Message) -> tuple[Card | None, str]:
        short = phrase(event.text)
        if short is not None:
            return self.execute([short], event.text)
        if (quoted := quoting.card_of(self.session, event)) is not None:
            comment = quoting.comment_on(quoted, event.text)
            if comment is not None:
                return self.execute([comment], event.text)
            talk.remember(self.session, self.member_id, self.context.conversation, quoted.view)
        draft = drafts.open_draft(self.session, self.member_id, self.context.conversation)
        frame, scope = self._understand(event.text)
        if draft is not None:
            own = frame.intent in _OWN_SENTENCES or (
                frame.intent != "none" if draft.slot not in ("words", "summary") else bool(kind_of(event.text))
            )
            read = drafts.read_words(draft, event.text, event.sent_at, self.settings.zone, own)
            if read is not None:
                return self._answer_draft(draft, *read)
        plan = commands_of(frame, event.sent_at, scope)
        if plan.question is not None:
            options = tuple(
                Candidate(int(option.ref), option.name)
                for option in plan.question.options
                if isinstance(option.ref, int)
            )
            if plan.question.generic:
                return self.execute(list(plan.commands), event.text, self._which(plan.question.spoken))
            if options:
                kind = SeveralDeals if plan.question.slot == "deal" else Ambiguous
                asked = kind(plan.question.slot, plan.question.spoken, options)
                return self.execute(list(plan.commands), event.text, asked)
        return self.execute(list(plan.commands), event.text)

    def _understand(self, text: str, at: datetime | None = None) -> tuple[Frame, Scope]:
        with self.shared.understanding:
            lexicon = self.shared.names.lexicon(self.session)
            known = self._spoken_of
            scope = self.shared.names.scope(self.session, self.context.actor, text, known, self.settings.zone)
            return understand(text, at or self.event.sent_at, lexicon, scope), scope

    def _button(self, event: Click | MenuClick) -> tuple[Card | None, str]:
        packed = event.menu if isinstance(event, MenuClick) else next(iter(event.selected.values()), "") or event.button
        try:
            command = c.unpack(packed)
        except c.BadButton:
            log.warning("unknown_button", button=packed[:80])
            self.in_place = True
            return error_cards.old_button_card(), "refused"
        if isinstance(command, c.AnswerDraft):
            self.in_place = True
            return self._answer_button(command)
        card, outcome = self.execute([command], f"[{packed}]")
        taken_back = isinstance(command, c.Undo) and outcome == "done"
        self.in_place = taken_back or (isinstance(event, Click) and self._is_about(event.card, card))
        return card, outcome

    def _is_about(self, clicked: str, card: Card) -> bool:
        """Whether the clicked card becomes this one: the same record or list as it is now, or its record is gone.

        A question, another record and a refusal come below it: what was just written stays to be read and taken back.
        """
        view = answers.shown_on(self.session, clicked)
        if view and (card.view == view or not exists(self.context, view)):
            return True
        if view and self.context.touched:
            self.context.touch(view)  # it stays, but what it offered has been done
        return False

    # --- questions

    def _answer_button(self, command: c.AnswerDraft) -> tuple[Card | None, str]:
        try:
            draft = drafts.by_button(self.session, self.member_id, command.draft)
            options = msgspec.json.decode(draft.options)
            if draft.state in ("answered", "cancelled"):
                return error_cards.answered_card(), "repeat"
            if command.option < 0:
                return self._answer_draft(draft, "cancel", None)
            if command.option >= len(options):
                return error_cards.old_button_card(), "refused"
            return self._answer_draft(draft, "value", options[command.option][1])
        except DomainError as error:
            return error_cards.error_card(error), "refused"

    def _answer_draft(self, draft: Any, answer: str, value: Any) -> tuple[Card | None, str]:
        if answer == "cancel":
            draft.state = "cancelled"
            return error_cards.cancelled_card(), "done"
        draft.state = "answered"
        return self.execute(drafts.fill(draft, value), draft.source)

    def _ask(self, commands: list[c.Command], error: drafts.Asking, source: str) -> Card:
        creates = self._may_create
        draft_id = drafts.open_question(
            self.session, self.member_id, self.context.conversation, commands, error, source, creates=creates
        )
        options = [label for label, _ in drafts.options_of(error, creates=creates)]
        return error_cards.question_card(error, draft_id, options)

    def _which(self, spoken: str) -> Ambiguous | Missing:
        """The question after a trade in place of a customer's name."""
        found = lookup.customers_called(self.session, self.context.actor, trade(spoken))
        options = tuple(Candidate(row.id, row.name) for row in found)
        return WhichOne(spoken, options) if options else WhoIsIt(spoken)

    def _writes(self, command: c.Command) -> bool:
        """Whether it goes on to make the customer it names; who only looks is not told of one out of sight."""
        return self._may_create and not isinstance(command, c.ShowCustomer)

    def _double(self, error: UnknownName) -> IsADouble | None:
        """The question that comes before an unknown customer is made, where it may be there out of sight or under another name."""
        found = doubles.find(self.session, self.context.actor, error.spoken)
        near = {candidate.id for candidate in error.close} - {double.id for double in found}
        asked = IsADouble(error.spoken, found)
        return asked if found and asked.options and not near else None

    @property
    def _may_create(self) -> bool:
        return self.context.actor.may(c.CreateCustomer.roles)

    # --- doing

    def _begin(self, command: str, source: str) -> None:
        turn = audit.Turn(self.context.turn, self.context.actor.member_id, command, source, self.context.now)
        audit.begin(self.session, turn)

    def execute(self, commands: list[c.Command], source: str, asked: drafts.Asking | None = None) -> tuple[Card, str]:
        """Run the commands in order: all of them, or up to one that asks or is refused; what was done before it stays.

        `asked`: what understanding could not decide; the first command that needs it asks.
        """
        known = self._spoken_of
        if _ELSEWHERE.search(source):
            known = {}
        waiting = [talk.fill_gaps(command, known) for command in commands]
        done: list[Card] = []
        while waiting:
            owed, touched = list(self.context.owed), set(self.context.touched)
            try:
                if asked is not None and _needs(waiting, asked.slot):
                    raise asked
                with self.session.begin_nested():
                    card = self._run_one(waiting[0], source)
                    self.session.flush()
            except DomainError as error:
                self.context.owed, self.context.touched = owed, touched
                self.session.info.pop("audit", None)
                return self._stopped(done, error, waiting, source)
            done.append(card)
            waiting.pop(0)
        if len(done) > 1:  # the card of all is of no single record
            talk.remember(self.session, self.context.actor.member_id, self.context.conversation, done[-1].view)
        return merge(done), "done"

    def _stopped(self, done: list[Card], error: DomainError, waiting: list[c.Command], source: str) -> tuple[Card, str]:
        """A command asks or is refused: those from it on wait or are dropped, those before it are told of."""
        card, outcome = self._explain(error, waiting, source)
        if not done:
            return card, outcome
        talk.remember(self.session, self.member_id, self.context.conversation, done[-1].view)
        return merge_partly(done, card, asks=outcome == "asked"), outcome

    def _run_one(self, command: c.Command, source: str) -> Card:
        name = str(type(command).__struct_config__.tag)
        self._begin(name, source)
        self.context.words = "" if isinstance(self.event, (Click, MenuClick)) and source.startswith("[") else source
        if not self.context.actor.may(type(command).roles):
            raise NotAllowed(what=error_cards.NAMES.get(name, name))
        return HANDLERS[type(command)](command, self.context)

    def _explain(self, error: DomainError, commands: list[c.Command], source: str) -> tuple[Card, str]:
        if isinstance(error, UnknownName) and error.slot == "customer" and is_trade(error.spoken):
            error = self._which(error.spoken)  # a trade is no name to make a customer of
        elif isinstance(error, UnknownName) and error.slot == "customer" and self._writes(commands[0]):
            commands = (
                [c.CreateCustomer(customer=error.spoken), *commands] if (double := self._double(error)) else commands
            )
            error = double or error
        if isinstance(error, (Ambiguous, UnknownName, Missing)):
            if isinstance(error, UnknownName) and not drafts.options_of(error, creates=self._may_create):
                return error_cards.error_card(error, creates=self._may_create), "refused"
            return self._ask(commands, error, source), "asked"
        if isinstance(error, (Outdated, AlreadySo)):
            return self._redraw(error), "stale" if isinstance(error, Outdated) else "repeat"
        return error_cards.error_card(error), "refused"

    def _redraw(self, error: Outdated | AlreadySo) -> Card:
        card = view_card(self.context, error.view)
        if card is None:
            return error_cards.error_card(error)
        return msgspec.structs.replace(card, note=str(error))


def _needs(waiting: Sequence[c.Command], slot: str) -> bool:
    """Whether the first command cannot do without this answer: a record is kept without its deal when more is to come."""
    return slot != "deal" or len(waiting) == 1 or not isinstance(waiting[0], c.LogActivity)


def _of_another_corp(event: AnyEvent) -> bool:
    """The AI bot names the corp of people of other companies only (OD:100719); their userids may equal our members'."""
    return event.origin.door == "wecom_bot" and bool(event.origin.corp_id)
