"""What can go wrong in business: one class, one sentence for the user."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from typing import Any, ClassVar


class DomainError(Exception):
    """A request that cannot be done; `sentence` (with the keyword arguments filled in) is what the user reads."""

    sentence: ClassVar[str] = "这件事现在做不了。"

    def __init__(self, **values: Any) -> None:
        needed = {name for _, name, _, _ in Formatter().parse(self.sentence) if name}
        super().__init__(self.sentence.format(**{name: values.get(name, "") for name in needed}))
        self.values = values


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible meaning of a name."""

    id: int
    label: str


class Ambiguous(DomainError):
    """Several records fit a name: asked with a button per candidate."""

    sentence = "「{spoken}」有多个，您指的是哪一个？"

    def __init__(self, slot: str, spoken: str, candidates: tuple[Candidate, ...]) -> None:
        super().__init__(spoken=spoken)
        self.slot, self.spoken, self.candidates = slot, spoken, candidates


class WhichOne(Ambiguous):
    """A trade or a kind of firm was said in place of a customer's name; `candidates` are those whose names contain it."""

    sentence = "「{spoken}」是哪一家？"

    def __init__(self, spoken: str, candidates: tuple[Candidate, ...]) -> None:
        super().__init__("customer", spoken, candidates)


class UnknownName(DomainError):
    """Nothing in sight has this name; `close` are near misses. Asked with 新建 where the slot can be created."""

    sentence = "没有找到「{spoken}」。"

    def __init__(self, slot: str, spoken: str, close: tuple[Candidate, ...] = ()) -> None:
        super().__init__(spoken=spoken)
        self.slot, self.spoken, self.close = slot, spoken, close


class Missing(DomainError):
    """A fact that is needed was not said; asked with `question` (and buttons where there are `options`: label → value)."""

    sentence = "{question}"

    def __init__(self, slot: str, question: str, options: tuple[tuple[str, Any], ...] = ()) -> None:
        super().__init__(question=question)
        self.slot, self.question, self.options = slot, question, options


class WhoIsIt(Missing):
    """A trade or a kind of firm was said in place of a customer's name, and no customer in sight is called so."""

    sentence = "「{spoken}」是哪一家？请说公司的名称。"

    def __init__(self, spoken: str) -> None:
        super().__init__("customer", self.sentence.format(spoken=spoken))


class NotFound(DomainError):
    """The record does not exist or is out of sight: the same answer for both."""

    sentence = "没有找到这条记录，或您没有权限查看。"


class NotAllowed(DomainError):
    """The role may not do this."""

    sentence = "您的角色没有「{what}」的权限，请联系管理员。"


class Outdated(DomainError):
    """The button's version is not the record's any more; the card is redrawn as `view` with who changed it."""

    sentence = "刚被{who}更新，已为您显示最新内容。"

    def __init__(self, view: str, who: str = "") -> None:
        super().__init__(who=who or "他人")
        self.view = view


class AlreadySo(DomainError):
    """What was asked for is already the case."""

    sentence = "{what}"

    def __init__(self, view: str, what: str) -> None:
        super().__init__(what=what)
        self.view = view


class Refused(DomainError):
    """A rule forbids it; `why` is the sentence."""

    sentence = "{why}"


class UndoRefused(DomainError):
    """Somebody built on it."""

    sentence = "无法撤销：{who}之后又修改过{what}。"

    def __init__(self, who: str, what: str, by: Any = None) -> None:
        super().__init__(who=who, what=what)
        self.by = by  # the audit row of the change, where one stands in the way


class NothingToUndo(DomainError):
    """No effective message within 24 hours."""

    sentence = "24 小时内没有可以撤销的操作。"
