"""Mass sends: the right people once, nothing before 提交, nothing twice, and what became of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from private_domain import Floor, settings

from bot import commands as c
from bot.cards.card import Card
from bot.cards.marketing import RECALLED
from bot.cards.refusals import UNCLEAR
from bot.handlers.marketing import read_results
from scrm import campaigns
from scrm.campaigns import AlreadyCancelled, AlreadyGone, AlreadySubmitted, BodyTooLong, NobodyReachable
from scrm.db import Database
from scrm.errors import DomainError, Missing, NotFound, Outdated
from scrm.models import Campaign, CampaignBatch, Member, Touch

BODY = "本周五有新品体验会，\n欢迎来坐坐。"
DRAFT = c.CreateCampaign(tags=("高意向",), body=BODY)


@pytest.fixture
def floor(database: Database) -> Floor:
    floor = Floor(database)
    floor.open()
    return floor


@pytest.fixture
def reachable(floor: Floor) -> Floor:
    """李娜 follows 张, 赵 and 孙, 王强 follows 孙 too (later) and 钱; all but 赵 are 高意向, 张 is 老客户 as well."""
    for external_id, user_id, name in (("wmZhang", "lina", "张先生"), ("wmZhao", "lina", "赵女士"), ("wmSun", "lina", "孙总"),
                                       ("wmQian", "wangqiang", "钱总")):  # fmt: skip
        floor.arrives(external_id, user_id, name)
    floor.later(hours=1)
    floor.happens("added", "wmSun", "wangqiang")
    for member, name in (("李娜", "张先生"), ("李娜", "孙总"), ("王强", "孙总"), ("王强", "钱总")):
        floor.say(member, c.TagContact(tags=("高意向",), contact=name))
    floor.say("李娜", c.TagContact(tags=("老客户",), contact="张先生"))
    return floor


def drafted(floor: Floor, command: c.CreateCampaign = DRAFT) -> tuple[int, Card]:
    card = floor.say("周敏", command)
    return int(card.view.partition(":")[2]), card


def submitted(floor: Floor) -> int:
    campaign_id, _ = drafted(floor)
    floor.say("周敏", c.SubmitCampaign(campaign=campaign_id, version=1))
    return campaign_id


def rows(card: Card) -> dict[str, str]:
    return {row.label: row.value for row in card.rows}


def buttons(card: Card) -> list[str]:
    return [button.text for button in card.buttons]


def click(floor: Floor, card: Card, text: str) -> Card:
    packed = next(button.command for button in card.buttons if button.text == text)
    return floor.say("周敏", c.unpack(packed))


def campaign(floor: Floor, campaign_id: int) -> Campaign:
    return floor.read(lambda session: session.get_one(Campaign, campaign_id))


def touches(floor: Floor) -> dict[str, int]:
    query = sa.select(Touch.status, sa.func.count()).group_by(Touch.status)
    return dict(floor.read(lambda session: session.execute(query).all()))


# --- the draft


def test_a_draft_shows_who_sends_to_how_many_and_sends_nothing(reachable: Floor) -> None:
    _, card = drafted(reachable)
    assert card.title == "群发草稿 · 3 位联系人"
    assert rows(card) == {"人群": "高意向", "发送人": "李娜 2 人、王强 1 人"}
    assert card.text == BODY
    assert buttons(card) == ["提交", "取消"]
    assert reachable.fresh == []
    assert touches(reachable) == {}


def test_several_tags_narrow_the_audience(reachable: Floor) -> None:
    _, card = drafted(reachable, c.CreateCampaign(tags=("高意向", "老客户"), body=BODY))
    assert rows(card)["发送人"] == "李娜 1 人"


def test_who_has_left_is_not_reached(reachable: Floor) -> None:
    reachable.later(hours=1)
    reachable.happens("left", "wmZhang", "lina")
    reachable.happens("left", "wmSun", "lina")
    _, card = drafted(reachable)
    assert rows(card)["发送人"] == "王强 2 人", "孙总 is 王强's now"


def test_a_member_who_left_the_company_sends_nothing(reachable: Floor) -> None:
    with reachable.database.write() as session:
        session.get_one(Member, reachable.member("王强")).active = False
    _, card = drafted(reachable)
    assert rows(card)["发送人"] == "李娜 2 人"


def test_an_audience_of_nobody_is_said_and_not_kept(reachable: Floor) -> None:
    reachable.later(hours=1)
    reachable.happens("left", "wmZhang", "lina")
    card = reachable.say("周敏", c.CreateCampaign(tags=("老客户",), body=BODY))
    assert card.title == "没有可以送达的联系人"
    unknown = reachable.say("周敏", c.CreateCampaign(tags=("高意象",), body=BODY))
    assert unknown.title == "没有「高意象」这个标签"
    assert "高意向" in unknown.text
    assert reachable.say("周敏", c.CreateCampaign(tags=(), body=BODY)).title == "发给哪些客户？"
    with pytest.raises(Missing):
        reachable.say("周敏", c.CreateCampaign(tags=("高意向",), body=" "))
    with pytest.raises(BodyTooLong):
        reachable.say("周敏", c.CreateCampaign(tags=("高意向",), body="长" * 1400))
    assert reachable.read(lambda session: session.scalar(sa.select(sa.func.count()).select_from(Campaign))) == 0


def test_marketing_sees_every_campaign_and_the_whole_private_domain_and_reps_see_neither(reachable: Floor) -> None:
    campaign_id, card = drafted(reachable)
    assert "3 位联系人" in card.title, "the marketer follows nobody and still reaches all three"
    with pytest.raises(NotFound):
        reachable.view("李娜", f"campaign:{campaign_id}")
    for command in (DRAFT, c.SubmitCampaign(campaign=1), c.CancelCampaign(campaign=1), c.ShowCampaigns()):
        assert not reachable.actor("李娜").may(type(command).roles)


def test_without_an_app_a_campaign_is_understood_and_not_kept(reachable: Floor) -> None:
    campaign_id, _ = drafted(reachable)
    reachable.settings = settings(app=False)
    assert reachable.say("周敏", DRAFT).title == "还不能群发"
    assert reachable.say("周敏", c.SubmitCampaign(campaign=campaign_id, version=1)).title == "还不能群发"
    assert reachable.fresh == []
    assert campaign(reachable, campaign_id).status == "draft"


# --- submission


def test_submitting_owes_one_task_per_sender(reachable: Floor) -> None:
    campaign_id, card = drafted(reachable)
    after = click(reachable, card, "提交")
    sends = {owed.payload["user_id"]: owed.payload["external_user_ids"] for owed in reachable.kinds("group_send")}
    assert sends == {"lina": ["wmZhang", "wmSun"], "wangqiang": ["wmQian"]}
    assert all(owed.payload["text"] == BODY for owed in reachable.kinds("group_send"))
    assert touches(reachable) == {"waiting": 3}
    assert campaign(reachable, campaign_id).status == "sending"
    assert after.title.startswith("群发已提交")
    assert rows(after)["等待确认"] == "3 人，待李娜、王强在企业微信里确认"


def test_two_submissions_send_once(reachable: Floor) -> None:
    campaign_id, card = drafted(reachable)
    click(reachable, card, "提交")
    with pytest.raises(AlreadySubmitted) as already:
        click(reachable, card, "提交")
    assert already.value.view == f"campaign:{campaign_id}"
    assert len([owed for owed in reachable.owed.values() if owed.kind == "group_send"]) == 2
    assert touches(reachable) == {"waiting": 3}


def test_two_submissions_at_the_same_moment_send_once(reachable: Floor) -> None:
    campaign_id, _ = drafted(reachable)
    actor, now = reachable.actor("周敏"), reachable.now

    def submit(_: int) -> int:
        try:
            with reachable.database.write() as session:
                return len(campaigns.submit(session, actor, campaign_id, 1, now))
        except DomainError as error:
            assert isinstance(error, AlreadySubmitted)
            return 0

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(submit, range(4))) == [0, 0, 0, 2]
    assert touches(reachable) == {"waiting": 3}


def test_the_audience_is_taken_when_it_is_submitted(reachable: Floor) -> None:
    _, card = drafted(reachable)
    reachable.say("李娜", c.TagContact(tags=("高意向",), contact="赵女士"))
    click(reachable, card, "提交")
    assert touches(reachable) == {"waiting": 4}


def test_an_audience_that_has_gone_meanwhile_stops_the_submission(reachable: Floor) -> None:
    campaign_id, card = drafted(reachable, c.CreateCampaign(tags=("老客户",), body=BODY))
    reachable.later(hours=1)
    reachable.happens("left", "wmZhang", "lina")
    with pytest.raises(NobodyReachable):
        click(reachable, card, "提交")
    assert buttons(reachable.view("周敏", f"campaign:{campaign_id}")) == ["取消"]


def test_a_large_share_is_cut_into_parts(reachable: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "MAX_PER_BATCH", 1)
    submitted(reachable)
    sends = [
        (owed.payload["user_id"], owed.payload["part"], owed.payload["external_user_ids"])
        for owed in reachable.kinds("group_send")
    ]
    assert sends == [("lina", 0, ["wmZhang"]), ("lina", 1, ["wmSun"]), ("wangqiang", 0, ["wmQian"])]
    assert len({owed.key for owed in reachable.kinds("group_send")}) == 3


def test_a_draft_can_be_cancelled_and_then_not_submitted(reachable: Floor) -> None:
    campaign_id, card = drafted(reachable)
    cancelled = click(reachable, card, "取消")
    assert cancelled.title.startswith("群发已取消")
    with pytest.raises(AlreadyCancelled):
        click(reachable, card, "提交")
    with pytest.raises(AlreadyCancelled):
        click(reachable, card, "取消")
    other, _ = drafted(reachable)
    with pytest.raises(Outdated):
        reachable.say("周敏", c.SubmitCampaign(campaign=other, version=7))
    sent = submitted(reachable)
    with pytest.raises(AlreadyGone):
        reachable.say("周敏", c.CancelCampaign(campaign=sent, version=2))
    assert campaign(reachable, campaign_id).status == "cancelled"


# --- what became of it


def test_results_come_back_per_contact(reachable: Floor) -> None:
    campaign_id = submitted(reachable)
    for owed in reachable.kinds("group_send"):
        failed = ["wmSun"] if owed.payload["user_id"] == "lina" else []
        reachable.returns(owed, {"msgid": f"msg_{owed.payload['user_id']}", "fail": failed})
    assert campaign(reachable, campaign_id).status == "sent"
    assert reachable.kinds("card") == [], "nothing went wrong that the marketer must act on"
    card = reachable.say("周敏", c.ShowCampaign(campaign=campaign_id))
    assert rows(card)["已送达"] == "0 / 3 人"
    assert rows(card)["等待确认"] == "2 人，待李娜、王强在企业微信里确认"
    assert rows(card)["未送达"] == "1 人"

    asked = click(reachable, card, "刷新")
    assert "读到后发给您" in asked.note
    readings = {owed.payload["user_id"]: owed for owed in reachable.kinds("group_send_results")}
    assert {user_id: owed.payload["msgid"] for user_id, owed in readings.items()} == {
        "lina": "msg_lina",
        "wangqiang": "msg_wangqiang",
    }
    assert click(reachable, card, "刷新") and reachable.fresh == [], "one reading a minute"
    reachable.returns(readings["lina"], {"sent": ["wmZhang"], "waiting": [], "failed": []})
    assert reachable.fresh == [], "told once, with the last"
    reachable.returns(readings["wangqiang"], {"sent": [], "waiting": ["wmQian"], "failed": []})
    (told,) = reachable.pushed("周敏")
    assert rows(told)["已送达"] == "1 / 3 人"
    reachable.returns(readings["wangqiang"], {"sent": [], "waiting": ["wmQian"], "failed": []})
    assert reachable.fresh == []
    assert touches(reachable) == {"sent": 1, "waiting": 1, "failed": 1}
    assert rows(reachable.view("周敏", f"campaign:{campaign_id}"))["等待确认"] == "1 人，待王强在企业微信里确认"
    reachable.fails(readings["wangqiang"], "41063")
    assert reachable.fresh == []


def test_results_are_read_every_half_hour_for_a_week(reachable: Floor) -> None:
    submitted(reachable)
    assert reachable.job(read_results) == 0, "the platform does not have it yet"
    for owed in [owed for owed in reachable.owed.values() if owed.kind == "group_send"]:
        reachable.returns(owed, {"msgid": f"msg_{owed.payload['user_id']}", "fail": []})
    assert reachable.job(read_results) == 1
    assert len(reachable.kinds("group_send_results")) == 2
    reachable.later(minutes=29)
    assert reachable.job(read_results) == 0
    reachable.later(minutes=1)
    assert reachable.job(read_results) == 1
    reading = next(owed for owed in reachable.kinds("group_send_results") if owed.payload["user_id"] == "lina")
    reachable.returns(reading, {"sent": ["wmZhang", "wmSun"], "waiting": [], "failed": []})
    reachable.later(hours=1)
    assert reachable.job(read_results) == 1
    assert [owed.payload["user_id"] for owed in reachable.kinds("group_send_results")] == ["wangqiang"]
    reachable.later(days=7)
    assert reachable.job(read_results) == 0


def test_a_refused_task_is_told_once_all_are_through(reachable: Floor) -> None:
    campaign_id = submitted(reachable)
    lina, wangqiang = reachable.kinds("group_send")
    reachable.fails(lina, "48002")
    assert reachable.kinds("card") == []
    reachable.returns(wangqiang, {"msgid": "m2", "fail": []})
    (card,) = reachable.pushed("周敏")
    assert "客户联系" in rows(card)["原因"]
    assert rows(card)["未送达"] == "2 人"
    assert campaign(reachable, campaign_id).status == "sent"


def test_a_campaign_that_failed_altogether_says_so(reachable: Floor) -> None:
    campaign_id = submitted(reachable)
    for owed in reachable.kinds("group_send"):
        reachable.fails(owed, "41048")
    (card,) = reachable.pushed("周敏")
    assert card.title.startswith("群发没有发出")
    assert rows(card)["未送达"] == "3 人"
    assert campaign(reachable, campaign_id).status == "failed"
    reachable.later(minutes=10)
    click(reachable, card, "补发失败的")
    assert len(reachable.kinds("group_send")) == 2
    assert touches(reachable) == {"waiting": 3}
    with pytest.raises(AlreadySubmitted):
        click(reachable, card, "补发失败的")


def unclear(floor: Floor) -> tuple[int, Card]:
    """A campaign of which one task may or may not exist, and the card that asks."""
    campaign_id = submitted(floor)
    lina, wangqiang = floor.kinds("group_send")
    floor.returns(lina, {"msgid": "m1", "fail": []})
    floor.fails(wangqiang, UNCLEAR)
    (card,) = floor.pushed("周敏")
    return campaign_id, card


def test_what_stays_unclear_is_asked_and_not_sent_again(reachable: Floor) -> None:
    campaign_id, card = unclear(reachable)
    assert buttons(card) == ["已经发出", "再发一次"]
    assert reachable.kinds("group_send") == []
    assert reachable.job(read_results) == 1
    assert [owed.payload["msgid"] for owed in reachable.kinds("group_send_results")] == ["m1"]
    after = click(reachable, card, "已经发出")
    assert after.title.startswith("群发已提交")
    assert campaign(reachable, campaign_id).status == "sent"
    with pytest.raises(DomainError):
        click(reachable, card, "再发一次")
    assert reachable.fresh == []


def test_the_marketer_may_have_it_sent_again_once(reachable: Floor) -> None:
    campaign_id, card = unclear(reachable)
    click(reachable, card, "再发一次")
    assert reachable.one("group_send").payload["external_user_ids"] == ["wmQian"]
    owed = reachable.one("group_send")
    with pytest.raises(AlreadySubmitted):
        click(reachable, card, "再发一次")
    reachable.returns(owed, {"msgid": "m2", "fail": []})
    assert campaign(reachable, campaign_id).status == "sent"
    assert touches(reachable) == {"waiting": 3}


def test_undo_of_a_submission_cancels_what_has_not_been_confirmed(reachable: Floor) -> None:
    campaign_id = submitted(reachable)
    lina, wangqiang = reachable.kinds("group_send")
    reachable.returns(lina, {"msgid": "m1", "fail": []})
    card = reachable.say("周敏", c.Undo())
    assert RECALLED in card.text
    assert reachable.one("cancel_group_send").payload == {"msgid": "m1"}
    assert campaign(reachable, campaign_id).status == "draft"
    assert touches(reachable) == {}
    reachable.returns(wangqiang, {"msgid": "m2", "fail": []})
    assert reachable.one("cancel_group_send").payload == {"msgid": "m2"}, "it was on its way"
    reachable.fails(reachable.one("cancel_group_send"), "41093")
    reachable.later(minutes=5)
    reachable.say("周敏", c.SubmitCampaign(campaign=campaign_id, version=campaign(reachable, campaign_id).version))
    assert len(reachable.kinds("group_send")) == 2, "a new submission sends again"
    reachable.returns(wangqiang, {"msgid": "m2", "fail": []})
    assert reachable.read(lambda session: session.scalars(sa.select(CampaignBatch.msgid)).all()) == ["", ""]


def test_the_list_shows_the_newest_first(reachable: Floor) -> None:
    assert reachable.say("周敏", c.ShowCampaigns()).title == "还没有群发记录"
    submitted(reachable)
    reachable.later(days=1)
    drafted(reachable, c.CreateCampaign(tags=("老客户",), body=BODY))
    card = reachable.say("周敏", c.ShowCampaigns())
    first, second = card.text.splitlines()
    assert first == "1. 老客户 · 11月24日：待提交"
    assert second.startswith("2. 高意向 · 11月23日：已提交，送达 0/3")
    assert click(reachable, card, "2. 高意向").title.startswith("群发已提交")
    assert reachable.now - campaign(reachable, 1).created_at > timedelta(hours=23)
