"""From an event to its answer: who, what, in which order, and what happens when the handling breaks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from spine import NOW, clicked, said, working
from structlog.testing import capture_logs

from bot import commands as c
from bot import dispatch_loop, dispatcher, turn
from bot.events import ContactChange, DirectoryChange, Location, Origin, Unheard
from bot.platforms.base import Fate, Person, SendError
from bot.tables import DONE, FAILED, CardCopy, DraftRow, Inbox, Outbox, Talk
from scrm import members
from scrm.db import Database
from scrm.models import Activity, Audit, CheckIn, Customer, Identity, Member

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain logs (drawing a traceback with all its locals takes a second), and no long waits between attempts."""
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])
    monkeypatch.setattr(dispatcher, "RETRY_MS", 10)


def breaking(monkeypatch: pytest.MonkeyPatch, command: type[c.Command], error: Exception) -> Mapping[str, Any]:
    """The handler of this command breaks until `undo` is called on the patch."""

    def broken(_command: Any, _context: Any) -> Any:
        raise error

    monkeypatch.setitem(turn.HANDLERS, command, broken)  # type: ignore[arg-type]
    return turn.HANDLERS  # type: ignore[return-value]


# --- order


async def test_everybodys_order_is_kept_while_several_work(database: Database) -> None:
    people = {f"rep{number}": f"销售{number}" for number in range(6)}
    async with working(database, people) as spine:
        events = [
            said(who, f"新建客户 {name}的第{step}家", f"{who}-{step}")
            for step in range(6)
            for who, name in people.items()
        ]
        await spine.door.accept(events)
        await spine.settled()
        answers: dict[str, list[int]] = defaultdict(list)
        for row in await spine.rows(Outbox):
            answers[row.user_id].append(int(row.key.removeprefix("reply:")))
        assert all(rows == sorted(rows) and len(rows) == 6 for rows in answers.values())
        for who, name in people.items():
            assert spine.platform.titles(who) == [f"已新建客户 · {name}的第{step}家" for step in range(6)]


async def test_what_dies_in_seconds_overtakes_a_backlog(database: Database) -> None:
    async with working(database, {"lina": "李娜", "wanglei": "王磊"}, running=False) as spine:
        await spine.door.accept([said("lina", f"新建客户 甲{number}", f"k{number}") for number in range(3)])
        await spine.door.accept([clicked("wanglei", "help")])
        handled = []
        for _ in range(4):
            done = await spine.store.run(lambda session: spine.dispatcher.handle_next(session, (), frozenset(), []))
            assert isinstance(done, dispatcher.Handled)
            handled.append(done.kind)
        assert handled == ["click", "message", "message", "message"]


# --- when it breaks


async def test_a_broken_handler_keeps_the_event_and_tells_an_id_that_is_in_the_log(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, c.CreateCustomer, ZeroDivisionError("boom"))
    async with working(database, {"lina": "李娜"}) as spine:
        with capture_logs() as logs:
            await spine.hear(said("lina", "新建客户 宏图精密"), said("lina", "帮助"))
        assert [item.payload["card"]["title"] for item in spine.platform.sent] == [
            "这条没有处理成功",
            "李娜，您可以这样说",
        ]
        (row,) = await spine.rows(Inbox, Inbox.state == FAILED)
        ids = [entry["error_id"] for entry in logs if entry["event"] == "event_failed"]
        assert len(ids) == 3
        assert ids[-1] in spine.platform.sent[0].payload["card"]["text"]
        assert "ZeroDivisionError: boom" in row.error
        assert row.payload
        assert await spine.count(Customer) == 0

        monkeypatch.undo()
        await spine.store.run(_give_another_try)
        spine.loop.nudge()
        await spine.settled()
        assert spine.platform.titles("lina")[-1] == "已新建客户 · 宏图精密"
        assert await spine.count(Customer) == 1


def _give_another_try(session: Any) -> None:
    row = session.scalars(sa.select(Inbox).where(Inbox.state == FAILED)).one()
    row.state, row.attempts, row.not_before_ms = 0, 0, 0


async def test_a_failure_in_the_middle_leaves_no_partial_write(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, c.MoveDeal, RuntimeError("later command"))
    async with working(database, {"lina": "李娜"}) as spine:
        await spine.hear(said("lina", "新建客户 宏图精密"), said("lina", "宏图精密 新商机 核心系统 80万"))
        before = await spine.count(Activity)
        await spine.hear(said("lina", "今天拜访了宏图精密，核心系统推进到谈判"))
        assert await spine.count(Activity) == before
        assert await spine.count(Audit, Audit.command == "log") == 0
        assert spine.platform.titles("lina")[-1] == "这条没有处理成功"


async def test_an_event_nobody_can_read_any_more_is_kept_and_stops_nobody(database: Database) -> None:
    async with working(database, {"lina": "李娜"}, running=True) as spine:
        await spine.store.run(lambda session: session.add(_unreadable()))
        await spine.hear(said("lina", "帮助"))
        await spine.hear(said("lina", "我的客户"))
        assert len(spine.platform.titles("lina")) == 2
        assert await spine.count(Inbox, Inbox.state == FAILED) == 1


def _unreadable() -> Inbox:
    return Inbox(key="old", speaker="wecom:nobody", lane=0, kind="message", payload='{"type":"fax"}', received_ms=0)


async def test_ids_longer_than_any_platform_gives_stop_nobody(database: Database) -> None:
    async with working(database, {"lina": "李娜"}) as spine:
        await spine.hear(said("x" * 3000, "帮助", name="y" * 3000), said("lina", "帮助"))
        assert spine.platform.titles("lina") == ["李娜，您可以这样说"]


async def test_the_apology_for_a_platforms_notice_goes_to_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(turn.EVENTS, ContactChange, lambda event, context: 1 / 0)  # type: ignore[arg-type,call-overload]
    async with working(database, {"lina": "李娜"}) as spine:
        await spine.hear(
            ContactChange("k", Origin("wecom", "wecom_app", "lina"), NOW, change="added", external_user_id="wm1")
        )
        assert await spine.count(Inbox, Inbox.state == FAILED) == 1
        assert spine.platform.sent == []


# --- who


async def test_an_unknown_person_is_asked_about_once_and_waits_for_nobody_else(database: Database) -> None:
    async with working(database, {"lina": "李娜"}) as spine:
        spine.platform.people["xiaoxin"] = Person("xiaoxin", "小新", departments=("2",))
        await spine.hear(*(said("xiaoxin", f"新建客户 新{number}") for number in range(5)), said("lina", "帮助"))
        assert spine.platform.asked == ["xiaoxin"]
        assert len(spine.platform.titles("xiaoxin")) == 5
        assert await spine.count(Member, Member.name == "小新") == 1


async def test_a_stranger_is_refused_politely_and_nothing_is_written(database: Database) -> None:
    async with working(database, {"lina": "李娜"}) as spine:
        await spine.hear(said("nobody", "新建客户 宏图精密"), said("nobody", "帮助"), clicked("nobody", "members"))
        assert spine.platform.asked == ["nobody"]
        assert all("公司成员" in item.payload["card"]["text"] for item in spine.platform.sent)
        for table, expected in ((Customer, 0), (Audit, 0), (DraftRow, 0), (Member, 1)):
            assert await spine.count(table) == expected
        assert await spine.store.run(lambda session: session.scalar(sa.select(sa.func.count()).select_from(Talk))) == 0
        assert (
            await spine.store.run(lambda session: session.scalar(sa.select(sa.func.count()).select_from(CardCopy))) == 0
        )


async def test_somebody_of_another_company_is_a_stranger_even_with_a_colleagues_userid(database: Database) -> None:
    async with working(database, {"lina": "李娜"}) as spine:
        await spine.hear(said("lina", "新建客户 宏图精密", door="wecom_bot", corp_id="wwOther"))
        assert await spine.count(Customer) == 0
        (row,) = await spine.rows(Inbox)
        assert row.state == DONE
        assert spine.platform.asked == []


async def test_somebody_who_has_left_is_refused(database: Database) -> None:
    async with working(database, {"lina": "李娜"}) as spine:
        await spine.store.run(lambda session: members.person_left(session, "wecom", "lina", NOW))
        await spine.hear(said("lina", "新建客户 宏图精密"))
        assert await spine.count(Customer) == 0
        assert spine.platform.titles("lina") == ["您好"]


async def test_while_the_directory_is_away_it_is_asked_again_and_then_the_door_is_trusted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch_loop, "LOOKUP_PAUSE", 0.01)
    async with working(database, {}) as spine:
        spine.platform.people["xiaoxin"] = Person("xiaoxin", "小新")
        spine.platform.away = [SendError(Fate.RETRY, "-1"), SendError(Fate.RATE, "45009")]
        await spine.hear(said("xiaoxin", "帮助"))
        assert (spine.platform.asked, spine.platform.titles("xiaoxin")) == (["xiaoxin"] * 3, ["小新，您可以这样说"])
        spine.platform.away = [SendError(Fate.RETRY, "timeout")] * 9
        await spine.hear(said("laowang", "帮助", name="老王"))
        assert spine.platform.titles("laowang") == ["老王，您可以这样说"]
        assert len(spine.platform.away) == 5


async def test_a_known_member_needs_no_directory(database: Database) -> None:
    async with working(database, {"lina": "李娜"}) as spine:
        spine.platform.away = [SendError(Fate.SETUP, "60020")]
        await spine.hear(said("lina", "帮助"))
        assert spine.platform.asked == []
        (identity,) = await spine.rows(Identity)
        assert (identity.door, identity.used_at) == ("wecom_app", NOW)


async def test_somebody_who_joined_is_known_by_name_at_once(database: Database) -> None:
    async with working(database, {"zhoutao": "周涛"}) as spine:
        await spine.hear(said("zhoutao", "帮助"))
        spine.platform.people["xiaoxin"] = Person("xiaoxin", "小新")
        await spine.hear(DirectoryChange("e1", Origin("wecom", "wecom_app", "sys"), NOW, user_id="xiaoxin"))
        assert spine.platform.asked == ["xiaoxin"]
        await spine.hear(said("zhoutao", "设置小新为主管"))
        assert spine.platform.titles("zhoutao")[-1] == "已设置角色"


# --- what is not a sentence


async def test_everything_a_person_sends_gets_an_answer(database: Database) -> None:
    async with working(database, {"lina": "李娜"}) as spine:
        origin = Origin("wecom", "wecom_app", "lina")
        for kind in ("voice", "image", "file", "video", "link", "other"):
            await spine.hear(Unheard(f"u-{kind}", origin, NOW, kind=kind))  # type: ignore[arg-type]
        await spine.hear(Location("loc", origin, NOW, latitude=31.2, longitude=121.5, label="人民大道200号"))
        await spine.hear(said("lina", ""), said("lina", "😀😀"), said("lina", "哈" * 5000))
        assert len(spine.platform.titles("lina")) == 10
        assert await spine.count(CheckIn) == 1


@pytest.mark.parametrize(
    "button",
    ["", ":", "nonsense", "customers:page=999999999999999999", "customers:page=-5", "answer:draft=1:option=0", "customer:customer=1",
     "undo:turn=e1", "deal:deal=abc", "activity:activity=", "x" * 300, "later:followup=1:to=never:version=1", "help:a=b", "answer:draft=1"],
)  # fmt: skip
async def test_a_button_we_never_made_is_answered_and_breaks_nothing(
    tmp_path_factory: pytest.TempPathFactory, button: str
) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('db') / 'acme.db'}")
    Inbox.metadata.create_all(database.engine)
    async with working(database, {"lina": "李娜"}) as spine:
        await spine.hear(clicked("lina", button))
        assert await spine.count(Inbox, Inbox.state == DONE) == 1
        assert [item.kind in ("update", "card") for item in spine.platform.sent] == [True]
    database.close()
