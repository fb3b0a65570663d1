"""Contacts: made on request, given new facts, and told apart."""

from __future__ import annotations

import pytest

from bot import commands as c
from scrm.contacts import Exists
from scrm.errors import Ambiguous, Missing, NotFound
from scrm.models import Contact, Follow
from tests.cast import Cast, texts, value


@pytest.fixture
def hongtu(cast: Cast) -> int:
    """李娜's customer 宏图精密."""
    view = cast.say("李娜", c.CreateCustomer(customer="宏图精密")).view
    return int(view.partition(":")[2])


def test_a_new_contact_is_shown_with_its_customer_and_its_number_masked(cast: Cast, hongtu: int) -> None:
    card = cast.say("李娜", c.CreateContact(contact="张伟", customer="宏图精密", title="采购总监", phone="13800138000"))
    assert card.title == "已新建联系人 · 张伟"
    assert (value(card, "客户"), value(card, "职务"), value(card, "手机")) == ("宏图精密", "采购总监", "138****8000")
    assert texts(card) == ["看客户", "撤销"]
    assert cast.touched == {card.view, f"customer:{hongtu}"}


def test_a_new_number_of_a_known_contact_is_written_down_and_can_be_taken_back(cast: Cast, hongtu: int) -> None:
    cast.say("李娜", c.CreateContact(contact="张伟", customer=hongtu, title="总经理", phone="13800138000"))
    card = cast.say("李娜", c.CreateContact(contact="张总", customer=hongtu, phone="13900139000"))
    assert card.title == "已更新联系人 · 张伟"
    assert (value(card, "手机"), value(card, "职务")) == ("139****9000", "总经理")
    back = cast.say("李娜", c.Undo())
    assert "联系人「张伟」：手机改回「138****8000」" in back.text
    assert cast.count(Contact, Contact.phone == "13800138000") == 1


def test_saying_nothing_new_changes_nothing(cast: Cast, hongtu: int) -> None:
    made = cast.say("李娜", c.CreateContact(contact="张伟", customer=hongtu, title="总经理"))
    for command in (c.CreateContact(contact="张伟"), c.CreateContact(contact="张伟", customer=hongtu, title="总经理")):
        assert cast.refused(Exists, "李娜", command).view == made.view
    assert cast.count(Contact) == 1


def test_two_of_one_surname_are_asked_about(cast: Cast, hongtu: int) -> None:
    for name in ("张伟", "张强"):
        cast.say("李娜", c.CreateContact(contact=name, customer=hongtu))
    asked = cast.refused(Ambiguous, "李娜", c.CreateContact(contact="张总", customer=hongtu, phone="13900139000"))
    assert asked.slot == "contact"
    assert {one.label for one in asked.candidates} == {"张强 宏图精密", "张伟 宏图精密"}


@pytest.mark.parametrize("nothing", ["", "  "])
def test_a_contact_without_a_name_is_asked_for(cast: Cast, hongtu: int, nothing: str) -> None:
    assert cast.refused(Missing, "李娜", c.CreateContact(contact=nothing, customer=hongtu)).slot == "contact"
    assert cast.count(Contact) == 0


def friend(cast: Cast, name: str, external_id: str, of: str = "李娜") -> int:
    """A WeChat contact of this member, of no customer yet."""
    with cast.database.write() as session:
        person = Contact(name=name, external_user_id=external_id, owner_id=cast.id(of))
        session.add(person)
        session.flush()
        session.add(Follow(contact_id=person.id, member_id=cast.id(of), external_user_id=external_id, since=cast.now))
        return person.id


def test_a_wechat_friend_of_the_same_full_name_is_the_contact(cast: Cast, hongtu: int) -> None:
    known = friend(cast, "张伟", "wm1")
    card = cast.say("李娜", c.CreateContact(contact="张伟", customer=hongtu, title="总经理"))
    assert (card.view, value(card, "客户")) == (f"contact:{known}", "宏图精密")
    assert cast.count(Contact) == 1


def test_a_friend_who_only_might_be_the_contact_is_not(cast: Cast, hongtu: int) -> None:
    friend(cast, "王先生", "wm1")
    friend(cast, "李强", "wm2")
    friend(cast, "李强", "wm3")
    friend(cast, "赵敏敏", "wm4", of="孙浩")
    for name in ("王先生", "李强", "赵敏敏"):
        assert cast.say("李娜", c.CreateContact(contact=name, customer=hongtu)).title.startswith("已新建")
    assert cast.count(Contact, Contact.customer_id.is_not(None)) == 3


def test_long_words_are_cut_to_what_fits(cast: Cast, hongtu: int) -> None:
    cast.say("李娜", c.CreateContact(contact="张伟", customer=hongtu))
    cast.say("李娜", c.CreateContact(contact="张伟", customer=hongtu, title="长" * 200, phone="1" * 200))
    person = cast.read(lambda session: session.get_one(Contact, 1))
    assert (len(person.title), len(person.phone)) == (64, 32)


def test_a_contact_out_of_sight_does_not_exist(cast: Cast, hongtu: int) -> None:
    view = cast.say("李娜", c.CreateContact(contact="张伟", customer=hongtu)).view
    assert cast.view("陈静", view).title == "联系人 · 张伟"
    with pytest.raises(NotFound):
        cast.view("孙浩", view)
