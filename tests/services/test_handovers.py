"""Hand-overs: what moves, what stays, who may, what 撤销 brings back, and how few statements a big one takes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import commands as c
from bot.context import Context
from bot.handlers.handovers import progress_read, read_progress, transfers_begun
from scrm import audit, follows
from scrm.access import SYSTEM
from scrm.errors import NotFound, UndoRefused
from scrm.handovers import NotBothYours, NothingThere, SamePerson, Settled
from scrm.models import Audit, Contact, Customer, Deal, FollowUp, Member, StageChange, Transfer
from tests.cast import NOW, SETTINGS, Cast


def owners(cast: Cast, kind: type[Customer] | type[Deal] | type[FollowUp]) -> dict[int, str]:
    query = sa.select(kind.id, Member.name).join(Member, Member.id == kind.owner_id)
    return cast.read(lambda session: dict(session.execute(query).all()))


def busy(cast: Cast, who: str = "李娜") -> None:
    """Two customers, a live deal that moved, one that was won, two follow-ups of which one is done."""
    for name in ("宏图精密", "远洋物流"):
        cast.say(who, c.CreateCustomer(customer=name))
    cast.say(who, c.CreateDeal(customer="宏图精密", deal="MES", amount=Decimal(800000)))
    cast.say(who, c.MoveDeal(deal="MES", stage="谈判"))
    cast.say(who, c.CreateDeal(customer="远洋物流", deal="备件", amount=Decimal(50000)))
    cast.say(who, c.WinDeal(deal="备件"))
    cast.say(who, c.ScheduleFollowUp(customer="宏图精密", due_at=NOW + timedelta(hours=4), action="送样品"))
    cast.say(who, c.ScheduleFollowUp(customer="远洋物流", due_at=NOW + timedelta(days=4)))
    cast.say(who, c.CompleteFollowUp(followup=2))


def confirm(cast: Cast, giver: str = "李娜", taker: str = "王磊", by: str = "陈静") -> int:
    """The plan, confirmed; the id of the hand-over."""
    plan = cast.say(by, c.HandOver(giver=giver, taker=taker))
    ident = int(plan.view.split(":")[1])
    cast.say(by, c.ConfirmHandOver(handover=ident))
    return ident


def result(cast: Cast, handler: object, payload: dict[str, object], answer: dict[str, object]) -> None:
    """The platform's answer comes back."""
    cast.write(lambda session: handler(Context(session, SYSTEM, cast.now, SETTINGS, "o1"), payload, answer))  # type: ignore[operator]


def test_customers_live_deals_and_open_follow_ups_move_and_the_new_owner_is_told(cast: Cast) -> None:
    busy(cast)
    plan = cast.say("陈静", c.HandOver(giver="李娜", taker="王磊"))
    assert plan.title == "确认移交：李娜 → 王磊"
    assert [(row.label, row.value) for row in plan.rows] == [("客户", "2 家"), ("在谈商机", "1 个"), ("待办", "1 条")]
    assert set(owners(cast, Customer).values()) == {"李娜"}, "nothing moves before 确认"
    history = cast.read(lambda session: session.scalar(sa.select(sa.func.count()).select_from(StageChange)))
    done = cast.say("陈静", c.ConfirmHandOver(handover=int(plan.view.split(":")[1])))
    assert done.title == "已移交：李娜 → 王磊"
    assert set(owners(cast, Customer).values()) == {"王磊"}
    assert owners(cast, Deal) == {1: "王磊", 2: "李娜"}, "a won deal stays with who won it"
    assert owners(cast, FollowUp) == {1: "王磊", 2: "李娜"}
    deal = cast.read(lambda session: session.get_one(Deal, 1))
    assert (deal.version, deal.status) == (3, "open")
    assert cast.read(lambda session: session.scalar(sa.select(sa.func.count()).select_from(StageChange))) == history
    (told,) = [owed for owed in cast.owed if owed.member_id == cast.id("王磊")]
    brief = told.payload["card"]
    assert brief.title == "李娜的客户移交给您了"
    assert brief.text.splitlines() == ["· 宏图精密 · 谈判 · 80万 · 今天 14:00 跟进", "· 远洋物流 · 没有待办"]
    assert ("先处理", "1 条一天内到期或已逾期") in [(row.label, row.value) for row in brief.rows]


def test_a_hand_over_is_taken_back_until_somebody_built_on_it(cast: Cast) -> None:
    busy(cast)
    ident = confirm(cast)
    undone = cast.say("陈静", c.Undo())
    assert "客户「宏图精密」：负责人改回「李娜」" in undone.text
    assert set(owners(cast, Customer).values()) == {"李娜"}
    assert owners(cast, Deal) == owners(cast, FollowUp) == {1: "李娜", 2: "李娜"}
    assert [owed.payload["card"].title for owed in cast.owed] == ["移交已撤销：李娜的客户"]
    cast.refused(Settled, "陈静", c.ConfirmHandOver(handover=ident))
    confirm(cast)
    cast.say("王磊", c.MoveDeal(deal="MES", stage="方案报价"))
    refused = cast.refused(UndoRefused, "陈静", c.Undo())
    assert "王磊" in str(refused)
    assert set(owners(cast, Customer).values()) == {"王磊"}


def test_only_who_leads_both_may(cast: Cast) -> None:
    busy(cast)
    assert "孙浩" in str(cast.refused(NotBothYours, "陈静", c.HandOver(giver="李娜", taker="孙浩")))
    cast.refused(SamePerson, "陈静", c.HandOver(giver="李娜", taker="李娜"))
    cast.refused(NothingThere, "陈静", c.HandOver(giver="王磊", taker="李娜"))
    plan = cast.say("周涛", c.HandOver(giver="李娜", taker="孙浩"))
    cast.refused(NotFound, "陈静", c.ConfirmHandOver(handover=int(plan.view.split(":")[1])))
    cast.say("周涛", c.CancelHandOver(handover=1))
    cast.refused(Settled, "周涛", c.ConfirmHandOver(handover=1))
    assert not c.HandOver.roles & {"rep", "marketer"}


def test_one_customer_goes_alone(cast: Cast) -> None:
    busy(cast)
    plan = cast.say("陈静", c.HandOver(customer="宏图精密", taker="王磊"))
    assert plan.subtitle == "宏图精密"
    cast.say("陈静", c.ConfirmHandOver(handover=1))
    assert owners(cast, Customer) == {1: "王磊", 2: "李娜"}
    assert owners(cast, Deal)[1] == owners(cast, FollowUp)[1] == "王磊"


def test_contacts_are_transferred_by_the_platform_and_the_card_says_how_far_it_is(cast: Cast) -> None:
    def friends(session: Session) -> None:
        lina = follows.member_of(session, "lina")
        assert lina is not None
        for number in range(102):
            follows.added(session, f"wm{number}", lina, "", cast.now)

    cast.write(friends)
    ident = confirm(cast)
    calls = [owed.payload for owed in cast.owed if owed.kind == "transfer_contacts"]
    assert [len(call["external_user_ids"]) for call in calls] == [100, 2]
    assert (calls[0]["giver"], calls[0]["taker"], calls[0]["resigned"]) == ("lina", "wanglei", False)
    result(cast, transfers_begun, {"handover": ident}, {"refused": {"wm1": "40128"}})
    result(cast, progress_read, {"handover": ident}, {"statuses": {"wm0": 1, "wm2": 3, "wm3": 2}})
    card = cast.say("陈静", c.ShowHandOver(handover=ident))
    assert card.text.splitlines() == [
        "企业微信客户继承：1/102 位", "· 已完成 1 位", "· 失败（90 天内已转接过两次） 1 位", "· 客户拒绝 1 位", "· 等待客户确认（24 小时后自动完成） 99 位",
    ]  # fmt: skip
    assert "收不回来" in card.note
    undone = cast.say("陈静", c.Undo())
    assert "平台不能收回" in undone.text
    asked = cast.write(lambda session: read_progress(Context(session, SYSTEM, cast.now, SETTINGS, "job")))
    again = cast.write(lambda session: read_progress(Context(session, SYSTEM, cast.now, SETTINGS, "job")))
    assert (asked, again) == (1, 0)


def test_of_somebody_who_has_left_it_is_the_resigned_transfer(cast: Cast) -> None:
    def friend(session: Session) -> None:
        gone = session.scalars(sa.select(Member).where(Member.name == "钱进")).one()
        follows.added(session, "wm1", gone, "", cast.now)
        session.add(Customer(name="旧客户", name_key="旧客户", owner_id=gone.id))

    cast.write(friend)
    confirm(cast, "钱进", by="周涛")
    (call,) = [owed.payload for owed in cast.owed if owed.kind == "transfer_contacts"]
    assert call["resigned"] is True
    assert cast.read(lambda session: session.scalar(sa.select(Transfer.status))) == "waiting"


@pytest.mark.parametrize("size", [3, 300])
def test_statements_do_not_grow_with_what_moves(cast: Cast, size: int) -> None:
    def many(session: Session) -> None:
        lina = cast.id("李娜")
        session.add_all(Customer(name=f"客户{n}", name_key=f"客户{n}", owner_id=lina) for n in range(size))
        session.add_all(Contact(name=f"人{n}", owner_id=lina, customer_id=None) for n in range(size))

    cast.write(many)
    statements: list[str] = []
    sa.event.listen(cast.database.engine, "before_cursor_execute", lambda *event: statements.append(event[2]))
    ident = confirm(cast)
    assert len(statements) <= 75, len(statements)
    assert set(owners(cast, Customer).values()) == {"王磊"}
    journal = sa.select(sa.func.count()).where(Audit.table_name == "customer", Audit.op == "update")
    assert cast.read(lambda session: session.scalar(journal)) == size
    cast.say("陈静", c.Undo())
    assert set(owners(cast, Customer).values()) == {"李娜"}
    assert ident and audit.UNDO_WINDOW
