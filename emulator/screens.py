"""The phones: one conversation per person, in order, and a way to wait for what should appear."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable

from emulator.screen import Shown

KEPT = 5000  # things on one phone; older ones scroll away


class NotOnScreen(AssertionError):
    """Something a person should see or press is not there; the message has the whole screen."""


class Screens:
    """What every phone shows now."""

    def __init__(self) -> None:
        self._phones: defaultdict[str, deque[Shown]] = defaultdict(lambda: deque(maxlen=KEPT))
        self._changed = asyncio.Event()

    def show(self, userid: str, shown: Shown) -> None:
        """A new thing at the end of this person's conversation."""
        self._phones[userid].append(shown)
        self.changed()

    def remove(self, userid: str, shown: Shown) -> None:
        """A thing disappears, as after a recall."""
        phone = self._phones[userid]
        for index, item in enumerate(phone):
            if item is shown:
                del phone[index]
                break
        self.changed()

    def changed(self) -> None:
        """Wake everybody who waits for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    def of(self, userid: str) -> list[Shown]:
        """The person's conversation, oldest first."""
        return list(self._phones.get(userid, ()))

    def find(self, userid: str, shown_id: str) -> Shown:
        """The newest thing with this id on this phone."""
        for shown in reversed(self._phones.get(userid, ())):
            if shown.id == shown_id:
                return shown
        raise NotOnScreen(f"{shown_id} is not on {userid}'s screen:\n{self.text(userid)}")

    def text(self, userid: str) -> str:
        """The whole conversation in words, for error messages."""
        lines = [f"[{shown.sender}] {shown.kind} {shown.id}\n{shown.text}" for shown in self.of(userid)]
        return "\n---\n".join(lines) or "(empty)"

    async def wait(self, userid: str, predicate: Callable[[Shown], bool], timeout: float, since: int = 0) -> Shown:  # noqa: ASYNC109
        """The newest thing after the first `since` that satisfies `predicate`, as soon as there is one."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    changed = self._changed
                    for shown in reversed(self.of(userid)[since:]):
                        if predicate(shown):
                            return shown
                    await changed.wait()
        except TimeoutError:
            raise NotOnScreen(f"{userid} waited {timeout} s in vain; on screen:\n{self.text(userid)}") from None
