"""Tags: said in chat, read from the platform, kept the same on both sides."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from private_domain import Floor, settings

from bot import commands as c
from bot.handlers.tags import auto_tag
from bot.nlu.auto_tags import AUTO_TAGS, affirmed
from scrm import tags
from scrm.db import Database
from scrm.errors import Missing, NotFound
from scrm.models import Contact, Tag

WANG = "wmWang01"


@pytest.fixture
def floor(database: Database) -> Floor:
    floor = Floor(database)
    floor.open()
    return floor


def worn(floor: Floor, external_id: str = WANG) -> tuple[str, ...]:
    contact = floor.contact(external_id)
    return floor.read(lambda session: tags.names(session, contact))


def remote(floor: Floor, **names: str) -> None:
    """The corp library has these tags: name=id."""
    floor.library_changes()
    listed = [{"id": remote_id, "name": name} for name, remote_id in names.items()]
    floor.returns(floor.one("read_tags"), {"groups": [{"name": "意向", "tags": listed}]})


def test_a_known_corp_tag_is_marked_on_the_speakers_follow(floor: Floor) -> None:
    remote(floor, 高意向="et1")
    floor.arrives(WANG)
    card = floor.say("李娜", c.TagContact(tags=("高意向",), contact="王先生"))
    assert card.title == "已打标签 · 王先生"
    assert floor.one("mark_tag").payload == {"user_id": "lina", "external_user_id": WANG, "add": ["et1"], "remove": []}
    assert [button.text for button in card.buttons] == ["撤销"]
    assert card.view == f"contact:{floor.contact(WANG).id}", "王先生 is who was last spoken of"
    again = floor.say("李娜", c.TagContact(tags=("高意向",), contact="王先生"))
    assert again.title == "标签没有变化 · 王先生"
    assert floor.fresh == []


def test_a_new_tag_is_created_first_and_then_marked(floor: Floor) -> None:
    floor.arrives(WANG)
    floor.say("李娜", c.TagContact(tags=("新标签",), contact="王先生"))
    assert floor.kinds("mark_tag") == []
    creation = floor.one("create_tag")
    assert creation.payload["name"] == "新标签"
    floor.returns(creation, {"remote_id": "et9", "name": "新标签"})
    mark = floor.one("mark_tag")
    assert mark.payload["add"] == ["et9"]
    floor.returns(mark, {})
    assert worn(floor) == ("新标签",)
    floor.returns(creation, {"remote_id": "et9", "name": "新标签"})
    assert floor.fresh == [], "the result of a repeated creation marks nobody again"


def test_a_colleague_in_sight_writes_to_the_owners_follow(floor: Floor) -> None:
    remote(floor, 高意向="et1")
    floor.arrives(WANG, "lina")
    floor.say("周敏", c.TagContact(tags=("高意向",), contact="王先生"))
    assert floor.one("mark_tag").payload["user_id"] == "lina"


def test_a_rep_cannot_tag_what_is_out_of_sight(floor: Floor) -> None:
    floor.arrives(WANG, "lina")
    with pytest.raises(NotFound):
        floor.say("王强", c.TagContact(tags=("高意向",), contact=floor.contact(WANG).id))


def test_the_speakers_own_follow_comes_before_the_owners(floor: Floor) -> None:
    remote(floor, 高意向="et1")
    floor.arrives(WANG, "lina")
    floor.later(hours=1)
    floor.happens("added", WANG, "wangqiang")
    floor.say("王强", c.TagContact(tags=("高意向",), contact="王先生"))
    assert floor.one("mark_tag").payload["user_id"] == "wangqiang"
    assert worn(floor) == ("高意向",)
    floor.later(hours=1)
    floor.happens("left", WANG, "wangqiang")
    assert worn(floor) == (), "the tag stood on a follow that has ended"


def test_untagging_clears_every_follow(floor: Floor) -> None:
    remote(floor, 高意向="et1")
    floor.arrives(WANG, "lina")
    floor.happens("added", WANG, "wangqiang")
    for user_id in ("lina", "wangqiang"):
        floor.happens("edited", WANG, user_id)
    both = [
        {"user_id": user_id, "state": "", "since": 1, "tags": [{"id": "et1", "name": "高意向", "group": "意向"}]}
        for user_id in ("lina", "wangqiang")
    ]
    floor.returns(floor.one("read_contact"), {"name": "王先生", "follows": both})
    card = floor.say("李娜", c.UntagContact(tags=("高意向", "没有的"), contact="王先生"))
    assert {owed.payload["user_id"] for owed in floor.kinds("mark_tag")} == {"lina", "wangqiang"}
    assert all(owed.payload["remove"] == ["et1"] for owed in floor.kinds("mark_tag"))
    assert worn(floor) == ()
    assert "没有的" in card.text
    assert floor.say("李娜", c.UntagContact(tags=("高意向",), contact="王先生")).title == "标签没有变化 · 王先生"


def test_undo_takes_the_mark_back_too(floor: Floor) -> None:
    remote(floor, 高意向="et1")
    floor.arrives(WANG)
    floor.say("李娜", c.TagContact(tags=("高意向",), contact="王先生"))
    floor.say("李娜", c.Undo())
    assert floor.one("mark_tag").payload["remove"] == ["et1"]
    assert worn(floor) == ()


def test_undo_of_an_untagging_marks_again(floor: Floor) -> None:
    remote(floor, 高意向="et1")
    floor.arrives(WANG)
    floor.say("李娜", c.TagContact(tags=("高意向",), contact="王先生"))
    floor.say("李娜", c.UntagContact(tags=("高意向",), contact="王先生"))
    floor.say("李娜", c.Undo())
    assert floor.one("mark_tag").payload["add"] == ["et1"]
    assert worn(floor) == ("高意向",)


def test_a_refused_mark_stays_on_our_side(floor: Floor) -> None:
    remote(floor, 高意向="et1")
    floor.arrives(WANG)
    floor.say("李娜", c.TagContact(tags=("高意向",), contact="王先生"))
    floor.fails(floor.one("mark_tag"), "84061")
    floor.later(hours=1)
    floor.happens("left", WANG)
    assert worn(floor) == ("高意向",), "what was said is kept"


def test_a_reading_leaves_marks_that_are_still_on_their_way(floor: Floor) -> None:
    floor.arrives(WANG)
    floor.say("李娜", c.TagContact(tags=("新标签",), contact="王先生"))
    floor.happens("edited", WANG)
    floor.returns(
        floor.one("read_contact"),
        {"name": "王先生", "follows": [{"user_id": "lina", "state": "", "since": 1, "tags": []}]},
    )
    assert worn(floor) == ("新标签",)


def test_a_mark_that_arrives_after_a_stale_reading_wins(floor: Floor) -> None:
    remote(floor, 高意向="et1")
    floor.arrives(WANG)
    floor.say("李娜", c.TagContact(tags=("高意向",), contact="王先生"))
    mark = floor.one("mark_tag")
    floor.happens("edited", WANG)
    floor.returns(
        floor.one("read_contact"),
        {"name": "王先生", "follows": [{"user_id": "lina", "state": "", "since": 1, "tags": []}]},
    )
    floor.returns(mark, {})
    assert worn(floor) == ("高意向",)


def test_without_an_app_tags_are_ours_only(floor: Floor) -> None:
    floor.arrives(WANG)
    floor.settings = settings(app=False)
    card = floor.say("李娜", c.TagContact(tags=("高意向",), contact="王先生"))
    assert floor.fresh == []
    assert card.note == ""
    assert worn(floor) == ("高意向",)


def test_a_customer_is_tagged_when_no_contact_is_named(floor: Floor) -> None:
    customer_id = floor.customer("腾讯科技", "李娜")
    card = floor.say("李娜", c.TagContact(tags=("大客户", "重点"), customer="腾讯"))
    assert card.title == "已打标签 · 腾讯科技"
    assert floor.read(lambda session: tags.customer_names(session, customer_id)) == ("大客户", "重点")
    floor.say("李娜", c.UntagContact(tags=("重点",), customer="腾讯"))
    assert floor.read(lambda session: tags.customer_names(session, customer_id)) == ("大客户",)
    assert floor.owed == {}


def test_what_is_missing_is_asked(floor: Floor) -> None:
    with pytest.raises(Missing) as asked:
        floor.say("李娜", c.TagContact(tags=("高意向",)))
    assert asked.value.slot == "contact"
    assert floor.say("李娜", c.TagContact(tags=(" ",), contact="王先生")).title == "是哪个标签？"
    with pytest.raises(tags.TagTooLong):
        floor.customer("腾讯科技", "李娜")
        floor.say("李娜", c.TagContact(tags=("长" * 31,), customer="腾讯"))


# --- the library


def names(floor: Floor) -> dict[str, str | None]:
    rows = floor.read(lambda session: session.execute(sa.select(Tag.name, Tag.remote_id).order_by(Tag.id)).all())
    return dict(rows)


def test_the_library_follows_the_platform(floor: Floor) -> None:
    remote(floor, 高="et1", 低="et2", 旧="et3")
    floor.arrives(WANG)
    floor.say("李娜", c.TagContact(tags=("旧", "高"), contact="王先生"))
    remote(floor, 低="et1", 高="et2")
    assert names(floor) == {"低": "et1", "高": "et2"}, "two names were swapped, one tag was deleted"
    assert worn(floor) == ("低",)
    remote(floor, 低="et1", 高="et2")
    assert names(floor) == {"低": "et1", "高": "et2"}


def test_a_tag_of_ours_becomes_the_corp_tag_of_its_name(floor: Floor) -> None:
    floor.arrives(WANG)
    floor.say("李娜", c.TagContact(tags=("高意向",), contact="王先生"))
    creation = floor.one("create_tag")
    remote(floor, 高意向="et1")
    assert names(floor) == {"高意向": "et1"}
    floor.returns(creation, {"remote_id": "et1", "name": "高意向"})
    assert names(floor) == {"高意向": "et1"}


def test_a_corp_tag_renamed_to_one_of_ours_takes_its_wearers(floor: Floor) -> None:
    remote(floor, 意向="et1")
    customer_id = floor.customer("腾讯科技", "李娜")
    floor.say("李娜", c.TagContact(tags=("高意向",), customer="腾讯"))
    remote(floor, 高意向="et1")
    assert names(floor) == {"高意向": "et1"}
    assert floor.read(lambda session: tags.customer_names(session, customer_id)) == ("高意向",)


def test_one_name_in_two_groups_is_two_tags(floor: Floor) -> None:
    floor.library_changes()
    groups = [
        {"name": "意向", "tags": [{"id": "et1", "name": "高"}]},
        {"name": "预算", "tags": [{"id": "et2", "name": "高"}]},
    ]
    reading = floor.one("read_tags")
    floor.returns(reading, {"groups": groups})
    floor.returns(reading, {"groups": groups})
    assert names(floor) == {"高": "et1", "预算/高": "et2"}


def test_a_deleted_corp_tag_stays_where_only_we_know_it(floor: Floor) -> None:
    remote(floor, 重点="et1")
    customer_id = floor.customer("腾讯科技", "李娜")
    floor.say("李娜", c.TagContact(tags=("重点",), customer="腾讯"))
    remote(floor)
    assert names(floor) == {"重点": None}
    assert floor.read(lambda session: tags.customer_names(session, customer_id)) == ("重点",)


# --- by the words of a note


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("对我们的产品很感兴趣，想尽快签", {"高意向"}),
        ("觉得有点贵，希望打折", {"价格敏感"}),
        ("意向很强，不过嫌贵", {"高意向", "价格敏感"}),
        ("不错，很感兴趣", {"高意向"}),
        ("没兴趣", set()),
        ("不太感兴趣", set()),
        ("不是很感兴趣", set()),
        ("他说没有意向，也不想买", set()),
        ("没说太贵", set()),
        ("是不是太贵？", set()),
        ("有意向吗", set()),
        ("如果很感兴趣再联系", set()),
        ("聊了聊近况", set()),
    ],
)
def test_words_set_tags_unless_they_are_denied(note: str, expected: set[str]) -> None:
    assert {name for name, words in AUTO_TAGS.items() if affirmed(note, words)} == expected


def test_a_note_tags_its_contacts_else_its_customer(floor: Floor) -> None:
    customer_id = floor.customer("腾讯科技", "李娜")
    assert floor.job(lambda context: auto_tag(context, [], customer_id, "很感兴趣，想尽快签")) == ("高意向",)
    assert floor.job(lambda context: auto_tag(context, [], customer_id, "很感兴趣")) == (), "it has the tag already"
    floor.arrives(WANG)
    contact_id = floor.contact(WANG).id
    assert floor.job(lambda context: auto_tag(context, [contact_id], customer_id, "嫌贵")) == ("价格敏感",)
    assert floor.one("create_tag").payload["name"] == "价格敏感"
    assert worn(floor) == ("价格敏感",)
    assert floor.job(lambda context: auto_tag(context, [contact_id], customer_id, "没兴趣")) == ()


def test_a_companys_own_words_replace_the_usual_ones(floor: Floor) -> None:
    with floor.database.write() as session:
        session.add(Tag(name="高意向", words="约了老板 要合同"))
        session.add(Contact(name="张总", owner_id=floor.member("李娜")))
    contact_id = floor.read(lambda session: session.scalar(sa.select(Contact.id)))
    assert contact_id is not None
    assert floor.job(lambda context: auto_tag(context, [contact_id], 0, "很感兴趣")) == ()
    assert floor.job(lambda context: auto_tag(context, [contact_id], 0, "张总要合同")) == ("高意向",)
    assert floor.fresh == [], "not an external contact: nothing to mark"
