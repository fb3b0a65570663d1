"""Private domain on the WeCom app: welcomes, tags read again, the owner told, a mass send that leaves once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.acceptance.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """The WeCom app, 赵敏 in marketing, a welcome of the company's own."""
    running = Product(
        "wecom_app", tmp_path_factory.mktemp("shop"), alerts={"welcome": "您好，我是{member}，有事随时找我。"}
    )
    await running.open()
    try:
        await running.run()
        await running.appoint()
        yield running
    finally:
        await running.close()


async def contact(shop: Product, external: str) -> dict[str, object]:
    """The exported row of an external contact."""
    rows = [row for row in await shop.export("contacts") if row["external_userid"] == external]
    assert len(rows) == 1
    return rows[0]


async def test_an_unknown_channel_gets_the_default_welcome(shop: Product) -> None:
    external = await shop.wecom.add_contact("lina", "林先生", state="nobody-knows")
    await shop.until(lambda: shop.wecom.welcomes, 20, "welcomed")
    assert shop.wecom.welcomes[-1].text == "您好，我是李娜，有事随时找我。"
    await shop.look_for("lina", "林先生")
    row = await contact(shop, external)
    assert (row["owner"], row["name"]) == ("lina", "林先生")


async def test_a_channel_code_welcomes_in_its_own_words_and_is_the_contacts_channel(shop: Product) -> None:
    await shop.say("zhaomin", "新建渠道活码 秋季展会，负责人王磊，欢迎语：欢迎来到展会")
    await shop.until(lambda: shop.wecom.contact_ways, what="made")
    way = next(iter(shop.wecom.contact_ways))
    reached, external = await shop.wecom.scan(way, "何女士")
    assert reached == "wanglei"
    await shop.until(lambda: any(welcome.text == "欢迎来到展会" for welcome in shop.wecom.welcomes), 20, "welcomed")
    await shop.look_for("wanglei", "何女士")
    assert (await contact(shop, external))["channel"] == "秋季展会"


async def test_tags_changed_on_the_platform_are_read_again(shop: Product) -> None:
    external = await shop.wecom.add_contact("lina", "孙先生")
    await shop.look_for("lina", "孙先生")
    tag = await shop.wecom.create_tag("意向", "老客户")
    await shop.wecom.edit_tags("lina", external, add=[tag])

    async def tagged(name: str) -> bool:
        return (await contact(shop, external))["tags"] == [name]

    await shop.until(lambda: tagged("老客户"), 20, "tagged")
    await shop.wecom.rename_tag(tag, "铁杆客户")
    await shop.until(lambda: tagged("铁杆客户"), 20, "renamed")


async def test_the_owner_is_told_when_a_customer_leaves(shop: Product) -> None:
    external = await shop.wecom.add_contact("wanglei", "钱女士")
    await shop.look_for("wanglei", "钱女士")
    before = shop.seen("wanglei")
    await shop.wecom.contact_leaves("wanglei", external)
    told = await shop.wait("wanglei", lambda item: item.sender == "bot" and item.id not in before)
    assert "钱女士" in told.text


async def test_a_mass_send_leaves_once_after_it_is_approved_even_when_the_answer_is_lost(shop: Product) -> None:
    for name in ("赵一", "赵二"):
        await shop.wecom.add_contact("lina", name)
        await shop.look_for("lina", name)
        assert "高意向" in (await shop.say("lina", f"给{name}打标签 高意向")).text
    draft = await shop.say("zhaomin", "给标签 高意向 的客户群发：新品上线，欢迎试用")
    assert "2" in draft.text
    approve = next(button for button in draft.buttons if button.text in ("提交", "确认"))
    assert not shop.wecom.group_sends
    shop.wecom.faults.lose_answer("externalcontact/add_msg_template")
    await shop.click("zhaomin", draft, approve.text)
    await shop.wecom.click("zhaomin", draft.id, approve.key, stale=True)
    await shop.until(lambda: len(shop.wecom.group_sends) == 1, 20, "sent")
    await shop.say("zhaomin", "群发记录")
    await shop.tick()
    assert len(shop.wecom.group_sends) == 1
