"""撤销: every effect of one message goes, the card says which, and nothing goes that somebody has built on."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from bot import commands as c
from bot.cards.errors import error_card
from scrm.errors import NothingToUndo, Outdated, UndoRefused
from scrm.models import (
    Activity,
    ActivityContact,
    Audit,
    Contact,
    ContactTag,
    Customer,
    Deal,
    Follow,
    FollowUp,
    Stage,
    StageChange,
    Tag,
)
from scrm.undoing import ChangedByYouSince, NeededByYou, TakenBackAlready, TooLate
from tests.cast import Cast, value


@pytest.fixture
def hongtu(cast: Cast) -> int:
    """李娜's customer 宏图精密, made long ago."""
    cast.now -= timedelta(days=30)
    customer_id = int(cast.say("李娜", c.CreateCustomer(customer="宏图精密")).view.partition(":")[2])
    cast.now += timedelta(days=30)
    return customer_id


def stage(cast: Cast, name: str) -> int:
    return cast.read(
        lambda session: session.scalars(
            sa.select(Stage.id).where(Stage.name == name, Stage.pipeline == "default")
        ).one()
    )


def test_all_effects_of_one_sentence_go_and_are_named_line_by_line(cast: Cast, hongtu: int) -> None:
    words = "今天拜访了宏图精密王总，聊了报价，明天送合同"
    told = c.LogActivity(
        summary=words,
        kind="visit",
        customer=hongtu,
        contacts=("王总",),
        next_action="送合同",
        next_at=cast.now + timedelta(days=1),
    )
    cast.say("李娜", told, words=words)
    assert (cast.count(Activity), cast.count(FollowUp), cast.count(Contact)) == (1, 1, 1)
    card = cast.say("李娜", c.Undo())
    assert card.title == "已撤销"
    assert card.text.splitlines() == [
        f"「{words}」",
        "· 删除了新建的联系人「王总」",
        "· 删除了新建的跟进记录「拜访 · 宏图精密」",
        "· 删除了新建的待办「宏图精密 · 送合同」",
    ]
    tables = (Activity, FollowUp, Contact, ActivityContact)
    assert [cast.count(table) for table in tables] == [0, 0, 0, 0]
    assert cast.read(lambda session: session.get_one(Customer, hongtu)).last_activity_at is None


def test_a_deal_goes_back_to_where_it_was(cast: Cast, hongtu: int) -> None:
    made = cast.say("李娜", c.CreateDeal(customer=hongtu, deal="二期MES", amount=Decimal(800_000)))
    deal_id = int(made.view.partition(":")[2])
    cast.say("李娜", c.MoveDeal(deal=deal_id, stage="谈判", amount=Decimal(500_000)))
    card = cast.say("李娜", c.Undo())
    (line,) = [line for line in card.text.splitlines() if "商机" in line]
    assert line.startswith("· 商机「二期MES」：")
    assert "阶段改回「初次洽谈」" in line
    assert "金额改回80万" in line
    assert cast.touched >= {f"deal:{deal_id}", f"customer:{hongtu}"}
    deal = cast.read(lambda session: session.get_one(Deal, deal_id))
    assert (deal.stage_id, deal.amount, deal.status) == (stage(cast, "初次洽谈"), Decimal(800_000), "open")
    assert cast.count(StageChange, StageChange.to_stage_id == stage(cast, "谈判")) == 0


def test_a_button_made_before_the_undone_change_never_fits_again(cast: Cast, hongtu: int) -> None:
    deal_id = int(cast.say("李娜", c.CreateDeal(customer=hongtu, deal="二期MES")).view.partition(":")[2])
    seen = {cast.read(lambda session: session.get_one(Deal, deal_id)).version}
    for name in ("方案报价", "谈判"):
        cast.say("李娜", c.MoveDeal(deal=deal_id, stage=name))
        version = cast.read(lambda session: session.get_one(Deal, deal_id)).version
        cast.say("李娜", c.Undo())
        after = cast.read(lambda session: session.get_one(Deal, deal_id)).version
        assert version not in seen
        assert after not in seen | {version}
        seen |= {version, after}
        cast.refused(Outdated, "李娜", c.WinDeal(deal=deal_id, version=version))


def test_said_again_it_takes_back_the_message_before(cast: Cast, hongtu: int) -> None:
    cast.say("李娜", c.LogActivity(summary="第一次", customer=hongtu))
    cast.later(minutes=5)
    cast.say("李娜", c.LogActivity(summary="第二次", customer=hongtu))
    left = []
    for _ in range(2):
        cast.say("李娜", c.Undo())
        left.append(cast.read(lambda session: session.scalars(sa.select(Activity.summary)).all()))
    assert left == [["第一次"], []]
    cast.refused(NothingToUndo, "李娜", c.Undo())
    assert cast.count(Customer) == 1  # that was more than a day ago


def test_the_button_of_an_earlier_card_takes_back_that_message_only(cast: Cast, hongtu: int) -> None:
    cast.say("李娜", c.LogActivity(summary="第一次", customer=hongtu))
    earlier = cast.turn
    cast.say("李娜", c.LogActivity(summary="第二次", customer=hongtu))
    cast.say("李娜", c.Undo(turn=earlier))
    assert cast.read(lambda session: session.scalars(sa.select(Activity.summary)).all()) == ["第二次"]
    assert "已经撤销过" in str(cast.refused(TakenBackAlready, "李娜", c.Undo(turn=earlier)))
    assert cast.count(Activity) == 1


def test_after_a_day_it_is_too_late(cast: Cast, hongtu: int) -> None:
    cast.say("李娜", c.LogActivity(summary="聊了聊", customer=hongtu))
    turn = cast.turn
    cast.later(hours=24, seconds=1)
    cast.refused(TooLate, "李娜", c.Undo(turn=turn))
    cast.refused(NothingToUndo, "李娜", c.Undo())
    assert cast.count(Activity) == 1


def test_nobody_takes_back_what_somebody_else_said(cast: Cast, hongtu: int) -> None:
    cast.say("李娜", c.LogActivity(summary="聊了聊", customer=hongtu))
    turn = cast.turn
    for name in ("陈静", "孙浩", "周涛"):
        cast.refused(NothingToUndo, name, c.Undo(turn=turn))
        cast.refused(NothingToUndo, name, c.Undo())
    assert cast.count(Activity) == 1


def test_what_a_colleague_changed_since_stays_and_he_is_named(cast: Cast, hongtu: int) -> None:
    deal_id = int(cast.say("李娜", c.CreateDeal(customer=hongtu, deal="二期MES")).view.partition(":")[2])
    cast.say("李娜", c.MoveDeal(deal=deal_id, stage="方案报价"))
    cast.say("陈静", c.MoveDeal(deal=deal_id, stage="谈判"))
    assert "陈静" in str(cast.refused(UndoRefused, "李娜", c.Undo()))
    assert cast.read(lambda session: session.get_one(Deal, deal_id)).stage_id == stage(cast, "谈判")
    cast.say("陈静", c.Undo())
    cast.say("李娜", c.Undo())
    assert cast.read(lambda session: session.get_one(Deal, deal_id)).stage_id == stage(cast, "初次洽谈")


def test_what_one_changed_oneself_since_is_to_be_taken_back_first(cast: Cast, hongtu: int) -> None:
    deal_id = int(cast.say("李娜", c.CreateDeal(customer=hongtu, deal="二期MES")).view.partition(":")[2])
    cast.say("李娜", c.MoveDeal(deal=deal_id, stage="方案报价"))
    first = cast.turn
    cast.say("李娜", c.MoveDeal(deal=deal_id, stage="谈判"))
    refused = cast.refused(ChangedByYouSince, "李娜", c.Undo(turn=first))
    card = error_card(refused)
    assert (card.title, [button.text for button in card.buttons]) == ("还不能撤销", ["撤销后面那一条"])
    done = cast.say("李娜", c.unpack(card.buttons[0].command))
    assert [button.text for button in done.buttons] == ["撤销前面那一条"]
    cast.say("李娜", c.unpack(done.buttons[0].command))
    assert cast.read(lambda session: session.get_one(Deal, deal_id)).stage_id == stage(cast, "初次洽谈")


def test_a_customer_that_later_records_rest_on_stays(cast: Cast) -> None:
    cast.say("李娜", c.CreateCustomer(customer="新客户"))
    made = cast.turn
    cast.say("李娜", c.LogActivity(summary="聊了聊", customer="新客户"))
    visit = cast.turn
    refused = cast.refused(NeededByYou, "李娜", c.Undo(turn=made))
    assert error_card(refused).buttons[0].command == c.pack(c.Undo(turn=visit, then=made))
    assert (cast.count(Customer), cast.count(Activity)) == (1, 1)
    undone = cast.count(Audit, Audit.undone_at.is_not(None))
    assert undone == 0  # a refusal takes back nothing, not even a part
    cast.say("李娜", c.Undo())
    cast.say("李娜", c.Undo())
    assert cast.count(Customer) == 0


def test_a_finished_step_is_open_again(cast: Cast, hongtu: int) -> None:
    cast.say("李娜", c.ScheduleFollowUp(customer=hongtu, due_at=cast.now + timedelta(hours=3), action="送合同"))
    cast.say("李娜", c.CompleteFollowUp(customer=hongtu))
    card = cast.say("李娜", c.Undo())
    assert "待办「宏图精密 · 送合同」：状态改回「待办」" in card.text
    assert cast.count(FollowUp, FollowUp.status == "open") == 1


def test_a_postponed_step_is_due_when_it_was(cast: Cast, hongtu: int) -> None:
    due = cast.now + timedelta(hours=3)
    cast.say("李娜", c.ScheduleFollowUp(customer=hongtu, due_at=due))
    followup_id = cast.read(lambda session: session.scalars(sa.select(FollowUp.id)).one())
    cast.say("李娜", c.Reschedule(followup=followup_id, to="tomorrow"))
    card = cast.say("李娜", c.Undo())
    assert "时间改回今天 13:00" in card.text
    assert cast.count(FollowUp, FollowUp.due_at == due) == 1


@pytest.fixture
def friend(cast: Cast, hongtu: int) -> int:
    """王先生 of 宏图精密, whom 李娜 follows on WeChat; the tag 高意向 is known to the platform."""
    with cast.database.write() as session:
        session.add(Tag(name="高意向", remote_id="et1"))
        person = Contact(name="王先生", customer_id=hongtu, owner_id=cast.id("李娜"), external_user_id="wm1")
        session.add(person)
        session.flush()
        session.add(Follow(contact_id=person.id, member_id=cast.id("李娜"), external_user_id="wm1", since=cast.now))
        return person.id


def marks(cast: Cast) -> list[tuple[list[str], list[str]]]:
    """What the last turn owes the platform: tags on, tags off."""
    return [(owed.payload["add"], owed.payload["remove"]) for owed in cast.owed if owed.kind == "mark_tag"]


def test_a_tag_taken_back_is_taken_back_on_the_platform_too(cast: Cast, friend: int) -> None:
    cast.say("李娜", c.TagContact(tags=("高意向",), contact=friend))
    assert marks(cast) == [(["et1"], [])]
    card = cast.say("李娜", c.Undo())
    assert "· 去掉了王先生的标签「高意向」" in card.text
    assert marks(cast) == [([], ["et1"])]
    assert cast.touched >= {f"contact:{friend}"}
    assert cast.count(ContactTag) == 0


def test_a_tag_that_was_taken_off_comes_back_on_the_platform_too(cast: Cast, friend: int) -> None:
    cast.say("李娜", c.TagContact(tags=("高意向",), contact=friend))
    cast.say("李娜", c.UntagContact(tags=("高意向",), contact=friend))
    card = cast.say("李娜", c.Undo())
    assert "· 恢复了王先生的标签「高意向」" in card.text
    assert marks(cast) == [(["et1"], [])]
    assert value(cast.view("李娜", f"contact:{friend}"), "标签") == "高意向"


def test_looking_is_nothing_to_take_back(cast: Cast, hongtu: int) -> None:
    for command in (c.ShowCustomer(customer=hongtu), c.MyCustomers(), c.Help(), c.ShowTodo()):
        cast.say("李娜", command)
    cast.refused(NothingToUndo, "李娜", c.Undo())


def test_the_log_keeps_what_was_done_and_what_was_taken_back(cast: Cast, hongtu: int) -> None:
    cast.say("李娜", c.LogActivity(summary="聊了聊", customer=hongtu), words="跟宏图聊了聊")
    cast.say("李娜", c.Undo(), words="撤销")
    rows = [row for row in cast.audited("李娜") if row.table_name == "activity"]
    assert [(row.command, row.op, row.source, row.undone_at) for row in rows] == [
        ("log", "insert", "跟宏图聊了聊", cast.now),
        ("undo", "delete", "撤销", None),
    ]
