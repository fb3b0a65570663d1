"""The demo as a person uses it: real browser, both platforms, one sentence, one tap, the clock moved, the digest."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error, Page, async_playwright, expect

from emulator.demo import Demo
from tests.conftest import absent

pytestmark = pytest.mark.browser
CHROMIUM = os.environ.get("SCRM_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
SENTENCE = "今天拜访了华星机械张建国，聊了MES一期的范围，预算大概50万，下周三再跟进"
SHOT = Path(__file__).parents[2] / "docs" / "demo.png"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, headless."""
    if not CHROMIUM:
        absent("browser", "no chromium on the PATH")
    async with async_playwright() as playwright:
        try:
            found = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        except Error as error:
            absent("browser", str(error).splitlines()[0])
        yield found
        await found.close()


@pytest.fixture
async def page(browser: Browser, tmp_path: Path) -> AsyncIterator[Page]:
    """The demo's page, ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    demo = Demo(tmp_path)
    await demo.start(port)
    opened = await browser.new_page(viewport={"width": 1480, "height": 900})
    await opened.goto(f"http://127.0.0.1:{port}/")
    await opened.wait_for_selector("body[data-ready=yes]")
    yield opened
    await opened.close()
    await demo.stop()


async def say(page: Page, phone: str, text: str) -> None:
    await page.fill(f"#phone-{phone} input[name=text]", text)
    await page.click(f"#phone-{phone} .send")


async def test_one_sentence_one_card_one_tap_on_both_platforms(page: Page) -> None:
    for phone, sentence in (("lina", SENTENCE), ("wanglei", "今天给东方包装打了电话，聊了排产优化的报价，后天再跟进")):
        await say(page, phone, sentence)
        card = page.locator(f"#phone-{phone} .card").filter(has_text="已记录").last
        await expect(card).to_be_visible()
        await card.get_by_role("button", name="撤销").click()
        await expect(
            page.locator(f"#phone-{phone} .card, #phone-{phone} .bubble").filter(has_text="已撤销").last
        ).to_be_visible()


async def test_the_manager_gets_the_morning_digest_when_the_clock_moves(page: Page) -> None:
    await say(page, "lina", SENTENCE)
    await expect(page.locator("#phone-lina .card").filter(has_text="已记录").last).to_be_visible()
    await say(page, "wanglei", "我的待办")
    await expect(page.locator("#phone-wanglei .card").last).to_be_visible()
    await page.click("[data-jump=morning]")
    await expect(page.locator("#phone-chenjing .card").filter(has_text="简报").last).to_be_visible(timeout=15_000)
    await expect(page.locator("#phone-lina .card").filter(has_text="完成").last).to_be_visible(timeout=15_000)


async def test_the_picture_in_the_readme(page: Page) -> None:
    """Every phone in use; with SCRM_SCREENSHOT set, docs/demo.png is taken again."""
    await say(page, "zhaomin", "新建渠道活码 秋季路演，负责人李娜，欢迎语：您好，感谢关注星河软件")
    await expect(page.locator("#phone-zhaomin .card").filter(has_text="渠道活码已生成").last).to_be_visible()
    for phone, sentence, shown in (
        ("zhaomin", "给标签 高意向 的客户群发：双十二前签约送一年维保，回复1了解详情", "群发草稿"),
        ("wanglei", "我的待办", "我的待办"),
        ("wanglei", "今天给东方包装打了电话，聊了排产优化的报价，后天再跟进", "已记录 · 电话"),
        ("lina", "金华八婺推进到谈判", "推进到谈判"),
        ("lina", SENTENCE, "已记录 · 拜访"),
        ("chenjing", "查一下云帆物流", "云帆物流"),
        ("chenjing", "团队简报", "团队简报"),
    ):
        await say(page, phone, sentence)
        await expect(page.locator(f"#phone-{phone} .card").filter(has_text=shown).last).to_be_visible()
    assert await page.locator("#phone-zhaomin .item img").count() == 1
    if os.environ.get("SCRM_SCREENSHOT"):
        await page.screenshot(path=str(SHOT))


async def test_the_menu_below_the_conversation_works(page: Page) -> None:
    menu = page.locator("#phone-lina .menu")
    await menu.get_by_text("客户", exact=True).click()
    await menu.get_by_role("button", name="我的商机").click()
    await expect(page.locator("#phone-lina .card").filter(has_text="我的商机").last).to_be_visible()
    await expect(menu.get_by_role("button", name="我的商机")).to_be_hidden()


async def test_a_list_leads_to_its_entry_and_back(page: Page) -> None:
    await say(page, "wanglei", "我的待办")
    card = page.locator("#phone-wanglei .card").last
    await expect(card).to_contain_text("我的待办")
    await card.locator(".buttons button").first.click()
    await expect(card.get_by_role("button", name="完成")).to_be_visible()
    await card.get_by_role("button", name="完成").click()
    await expect(card).to_contain_text("已完成")
    await card.get_by_role("button", name="今日待办").click()
    await expect(card).to_contain_text("我的待办")


async def test_the_page_works_on_a_narrow_screen(page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 780})
    await expect(page.locator("#phone-lina")).to_be_visible()
    await expect(page.locator("#phone-chenjing")).to_be_hidden()
    await page.get_by_role("button", name="陈静", exact=True).click()
    await expect(page.locator("#phone-chenjing")).to_be_visible()
    await expect(page.locator("#phone-chenjing .send")).to_be_in_viewport()
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


async def test_the_raw_wire_of_a_message_can_be_looked_at(page: Page) -> None:
    await say(page, "lina", "帮助")
    item = page.locator("#phone-lina .item").filter(has_text="您可以这样说").last
    await expect(item).to_be_visible()
    await item.get_by_role("button", name="报文").click()
    await expect(page.locator("#wire-text")).to_contain_text("touser")
