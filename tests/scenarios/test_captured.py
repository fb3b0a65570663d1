"""Somebody who recorded what the platform sent us sends it again, a second, an hour and a month later: nothing happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import outbox
from bot.tables import Inbox
from emulator.dingtalk.callbacks import Callbacks as DingTalkCallbacks
from emulator.dingtalk.stream import Gateway
from emulator.wecom.callbacks import Callbacks as WeComCallbacks
from emulator.wecom.socket import BotDoor
from scheduler import runner
from scrm.db import Base
from scrm.models import Activity
from tests.scenarios.firm import Firm

# Where each door's traffic leaves the platform: what passes here is what can be recorded on the way.
WIRE: dict[str, tuple[type[Any], str]] = {
    "wecom_app": (WeComCallbacks, "_request"),
    "wecom_bot": (BotDoor, "_send_to_holder"),
    "dingtalk_stream": (Gateway, "_write"),
    "dingtalk_http": (DingTalkCallbacks, "post"),
}
MONTH = timedelta(days=30)


class Tap:
    """Records everything that passes, byte for byte, and sends it again."""

    def __init__(self, door: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.listening = True
        self.recorded: list[Callable[[], Awaitable[Any]]] = []
        where, name = WIRE[door]
        original = getattr(where, name)

        async def tapped(*arguments: Any, **named: Any) -> Any:
            if self.listening:
                self.recorded.append(lambda: original(*arguments, **named))
            return await original(*arguments, **named)

        monkeypatch.setattr(where, name, tapped)

    async def again(self) -> None:
        """Everything recorded until now once more, in order."""
        self.listening = False
        for send in self.recorded:
            await send()


def everything(session: Session) -> dict[str, list[Any]]:
    """Every row of the business (what the bot keeps of its own work has to change)."""
    tables = [table for table in Base.metadata.sorted_tables if table.name not in OWN_WORK]
    columns = {table.name: [column for column in table.columns if column.name not in OF_CONTACT] for table in tables}
    return {name: [tuple(row) for row in session.execute(sa.select(*kept))] for name, kept in columns.items()}


OF_CONTACT = {"seen_at", "used_at", "door"}  # when somebody last spoke, and the directory was last read
OWN_WORK = {"inbox", "outbox", "lease", "token", "hold", "meter", "job_run", "card_copy"}


async def a_morning(firm: Firm) -> None:
    """Two sentences and a click, each with an effect."""
    await firm.say("lina", "新建客户 宏图精密")
    visit = await firm.say("lina", "今天拜访了宏图精密，聊了报价")
    assert "撤销" in [button.text for button in visit.buttons]
    await firm.click("lina", visit, "撤销")
    await firm.say("lina", "今天给宏图精密打了电话，聊了交期")
    await firm.quiet()


async def test_recorded_traffic_has_no_second_effect(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    tap = Tap(firm.door, monkeypatch)
    await a_morning(firm)
    assert len(tap.recorded) >= 4
    before, shown = await firm.data(everything), len(firm.bot_items("lina"))
    assert before["activity"]
    began, real = firm.clock(), outbox.now_ms
    for passed in (timedelta(seconds=1), timedelta(hours=1), MONTH):
        firm.clock.set(began + passed)
        if passed == MONTH:
            monkeypatch.setattr(runner, "now_ms", lambda: real() + int(MONTH.total_seconds()) * 1000)
            await firm.data(_clean)
        await tap.again()
        await firm.say("wanglei", "帮助")  # answered: what was sent before it on the same socket has come in
        await firm.quiet()
        assert await firm.data(everything) == before, passed
        assert len(firm.bot_items("lina")) == shown, passed


def _clean(session: Session) -> None:
    """What the nightly job does: payloads go after 7 days, the keys stay for 40."""
    now = runner.now_ms()
    old = sa.and_(Inbox.payload != "", Inbox.received_ms < now - runner.PAYLOAD_DAYS * runner.DAY_MS)
    assert runner._clean(session, Inbox.id, old, {"payload": ""})
    assert not runner._clean(session, Inbox.id, Inbox.received_ms < now - runner.KEY_DAYS * runner.DAY_MS, None)


async def test_the_tap_does_send_again(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the keys that remember what came, the same traffic has a second effect: the story above can fail."""
    tap = Tap(firm.door, monkeypatch)
    await a_morning(firm)
    before = await firm.count(Activity)
    await firm.data(lambda session: session.execute(sa.delete(Inbox)))
    await tap.again()
    await firm.eventually_count(Activity, before + 2)
