"""Cards as WeCom draws them: always valid for the platform, short enough for the phone, and nothing important lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards.card import Button, Card, Choice, Option, Row, Style
from bot.cards.text import cut_bytes, literal, markdown, plain
from bot.cards.wecom import APP, BOT, CHOOSE, QUESTION, Limits, Payload, render, render_bot, render_update
from emulator.wecom.cards import check_card

TODO = Card(
    title="已记录 · 拜访",
    subtitle="腾讯科技",
    rows=(Row("客户", "腾讯科技"), Row("预算", "50万"), Row("下次", "下周三 09:00")),
    text="聊了年度框架，张总认可方案",
    buttons=(
        Button("补充", "supplement:activity=7"),
        Button("改时间", "later:followup=3"),
        Button("撤销", "undo:turn=e9"),
    ),
    note="24 小时内可撤销",
)


def drawn(card: Card, limits: Limits = APP) -> Payload:
    """The template card, which must pass the platform's own rules."""
    message = (render if limits is APP else render_bot)(card, "c0a1")
    assert message["msgtype"] == "template_card"
    return check_card(message["template_card"], bot=limits is BOT)


def readable(face: Payload) -> str:
    """Everything a person can read on it."""
    title = face["main_title"]
    parts = [title["title"], title.get("desc", ""), face.get("quote_area", {}).get("quote_text", "")]
    parts.append(face.get("sub_title_text", ""))
    parts += [f"{row['keyname']}：{row['value']}" for row in face.get("horizontal_content_list", [])]
    parts += [button["text"] for button in face.get("button_list", [])]
    parts += [option["text"] for option in face.get("button_selection", {}).get("option_list", [])]
    return "\n".join(parts)


def test_a_visit_card_has_everything_in_its_place() -> None:
    face = drawn(TODO)
    assert face["card_type"] == "button_interaction"
    assert face["main_title"] == {"title": "已记录 · 拜访", "desc": "腾讯科技"}
    assert face["horizontal_content_list"][1] == {"keyname": "预算", "value": "50万"}
    assert face["sub_title_text"] == "聊了年度框架，张总认可方案\n24 小时内可撤销"
    assert [button["key"] for button in face["button_list"]] == [
        "supplement:activity=7",
        "later:followup=3",
        "undo:turn=e9",
    ]
    assert face["task_id"] == "c0a1"


def test_what_does_not_fit_a_row_is_read_in_the_text() -> None:
    long = "深圳市腾讯计算机系统有限公司广州分公司与成都分公司联合采购项目组"
    face = drawn(
        Card("商机", rows=(Row("客户", long), Row("预计成交时间", "12月"), Row("阶段", "谈判")), buttons=TODO.buttons)
    )
    assert [row["keyname"] for row in face["horizontal_content_list"]] == ["阶段"]
    assert face["sub_title_text"] == f"客户：{long}\n预计成交时间：12月"


def test_the_seventh_row_is_read_in_the_text() -> None:
    face = drawn(Card("简报", rows=tuple(Row(f"第{n}项", str(n)) for n in range(8)), buttons=TODO.buttons))
    assert len(face["horizontal_content_list"]) == 6
    assert face["sub_title_text"] == "第6项：6\n第7项：7"


def test_a_long_text_goes_on_in_the_second_place_and_ends_in_more() -> None:
    lines = [f"· 第{n:02}条 上海某某科技有限公司 跟进报价" for n in range(20)]
    face = drawn(Card("我的待办", text="\n".join(lines), buttons=TODO.buttons, note="刚被王经理更新"))
    quote, body = face["quote_area"]["quote_text"], face["sub_title_text"]
    assert quote.startswith("· 第00条")
    assert body.endswith("刚被王经理更新")
    assert "… 更多" in body
    shown = [line for line in (quote + "\n" + body).split("\n") if line.startswith("· ")]
    assert shown == lines[: len(shown)]
    assert len(quote) <= APP.text >= len(body)


def test_a_button_too_long_for_its_place_is_spelled_out() -> None:
    names = ("深圳腾讯科技有限公司上海分公司", "深圳腾讯科技有限公司北京分公司", "取消")
    buttons = tuple(Button(name, f"answer:draft=1:option={n}") for n, name in enumerate(names))
    face = drawn(Card("您说的是哪一个？", buttons=buttons))
    assert [button["text"] for button in face["button_list"]] == ["1. 深圳腾讯科技…", "2. 深圳腾讯科技…", "取消"]
    assert face["sub_title_text"] == f"1. {names[0]}\n2. {names[1]}"


def test_a_choice_is_a_drop_down_with_a_button() -> None:
    options = tuple(Option(f"{n}月", f"customer:customer={n}") for n in range(1, 11))
    face = drawn(
        Card("选择客户", choice=Choice("客户", options), buttons=(Button("取消", "answer:draft=1:option=-1"),))
    )
    assert face["button_selection"]["question_key"] == QUESTION
    assert face["button_selection"]["option_list"][2] == {"id": "customer:customer=3", "text": "3月"}
    assert [button["key"] for button in face["button_list"]] == [CHOOSE, "answer:draft=1:option=-1"]


def test_a_choice_beside_six_buttons_says_that_words_work_too() -> None:
    buttons = tuple(Button(f"按钮{n}", f"customer:customer={n}") for n in range(6))
    face = drawn(Card("选择", choice=Choice("客户", (Option("甲", "help"),)), buttons=buttons))
    assert len(face["button_list"]) == 6
    assert "其他操作可以直接发文字" in face["sub_title_text"]


def test_two_buttons_with_one_command_are_one() -> None:
    face = drawn(Card("待办", buttons=(Button("完成", "done:followup=7"), Button("已完成", "done:followup=7"))))
    assert [button["text"] for button in face["button_list"]] == ["完成"]


def test_a_page_to_open_makes_a_notice_and_nothing_at_all_is_markdown() -> None:
    assert drawn(Card("导入完成", text="50 行", url="https://e.example/x"))["card_type"] == "text_notice"
    message = render(Card("帮助", rows=(Row("查询", "查一下腾讯"),), text="说一句话就行"), "c0a1")
    assert message == {"msgtype": "markdown", "markdown": {"content": "**帮助**\n> 查询：查一下腾讯\n说一句话就行"}}


def test_a_long_page_is_markdown_with_its_link_at_the_end() -> None:
    card = Card("导入完成", text="第一行\n" * 400, url="https://e.example/x")
    content = render(card, "c0a1")["markdown"]["content"]
    assert content.endswith("… 更多\n[打开查看](https://e.example/x)")
    assert len(content.encode()) <= 2048


@pytest.mark.parametrize("limits", [APP, BOT])
def test_an_update_without_buttons_shows_one_grey_button(limits: Limits) -> None:
    face = check_card(render_update(Card("已完成 · 跟进腾讯"), "c0a1", limits), bot=limits is BOT, update=True)
    assert face["card_type"] == "button_interaction"
    assert face["replace_text"] == "已处理"


@pytest.mark.parametrize("limits", [APP, BOT])
def test_an_update_with_buttons_can_be_pressed_again(limits: Limits) -> None:
    face = check_card(render_update(TODO, "c0a1", limits), bot=limits is BOT, update=True)
    assert "replace_text" not in face
    assert len(face["button_list"]) == 3


# --- any card


COMMANDS = st.integers(0, 20).map(lambda number: f"customer:customer={number}")
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
STYLES: st.SearchStrategy[Style] = st.sampled_from(["default", "primary", "danger"])
CARDS = st.builds(
    Card,
    title=st.text(min_size=1, max_size=60),
    subtitle=WORDS,
    rows=st.lists(st.builds(Row, WORDS, WORDS), max_size=9).map(tuple),
    text=st.text(st.sampled_from("客户跟进\n· 0a"), max_size=600),
    buttons=st.lists(st.builds(Button, st.text(min_size=1, max_size=20), COMMANDS, STYLES), max_size=6).map(tuple),
    choice=st.none()
    | st.builds(
        Choice,
        WORDS,
        st.lists(st.builds(Option, st.text(min_size=1, max_size=30), COMMANDS), min_size=1, max_size=10).map(tuple),
    ),
    note=WORDS,
    url=st.sampled_from(["", "https://e.example/x"]),
)


@given(card=CARDS)
@settings(max_examples=300, deadline=None)
def test_any_card_is_valid_at_the_platform_and_within_what_a_phone_shows(card: Card) -> None:
    for limits, message in ((APP, render(card, "c0a1")), (BOT, render_bot(card, "c0a1"))):
        if message["msgtype"] == "markdown":
            assert len(message["markdown"]["content"].encode()) <= (1976 if limits is APP else 20_480)
            continue
        face = check_card(message["template_card"], bot=limits is BOT)
        _fits(face, limits)
        _fits(check_card(render_update(card, "c0a1", limits), bot=limits is BOT, update=True), limits)


def _fits(face: Payload, limits: Limits) -> None:
    title = face["main_title"]
    assert len(title["title"]) <= limits.title
    assert len(title.get("desc", "")) <= limits.subtitle
    assert len(face.get("sub_title_text", "")) <= limits.text
    assert len(face.get("quote_area", {}).get("quote_text", "")) <= limits.text
    assert all(
        len(row["keyname"]) <= 5 and len(row["value"]) <= limits.value
        for row in face.get("horizontal_content_list", [])
    )
    assert all(len(button["text"]) <= 10 for button in face.get("button_list", []))
    assert all(
        len(option["text"]) <= limits.option for option in face.get("button_selection", {}).get("option_list", [])
    )


@given(card=CARDS)
@settings(max_examples=100, deadline=None)
def test_every_word_of_a_short_card_can_be_read(card: Card) -> None:
    words = (
        sum(len(row.label) + len(row.value) + 2 for row in card.rows)
        + len(card.text)
        + len(card.subtitle)
        + len(card.note)
    )
    message = render(card, "c0a1")
    if words > 100 or message["msgtype"] == "markdown" or card.choice is not None or len(card.title) > 36:
        return
    shown = readable(message["template_card"])
    for part in (*card.text.split("\n"), card.note, *(row.value for row in card.rows)):
        assert part.strip() in shown


# --- words


def test_markdown_signs_in_names_stay_signs() -> None:
    assert (
        literal("[点这里](https://evil.example) **加粗** <font>")
        == "[点这里］(https://evil.example) ＊＊加粗＊＊ ＜font>"
    )
    assert literal("# 标题\n> 引用\n#1 客户") == "＃ 标题\n＞ 引用\n#1 客户"


def test_words_say_what_buttons_would_do() -> None:
    assert plain(TODO, 2048).endswith("24 小时内可撤销\n可以直接回复：补充、改时间、撤销")
    assert markdown(TODO, 2048).startswith("**已记录 · 拜访**\n腾讯科技\n> 客户：腾讯科技")


def test_a_question_in_words_is_answered_by_its_number() -> None:
    card = Card("哪一位？", choice=Choice("联系人", (Option("张总", "help"), Option("张经理", "undo"))))
    assert plain(card, 2048) == "哪一位？\n联系人\n1. 张总\n2. 张经理\n回复序号即可"


@given(text=st.text(max_size=200), limit=st.integers(12, 300))
def test_a_cut_keeps_within_its_bytes(text: str, limit: int) -> None:
    encodable = text.encode("utf-8", "ignore").decode()
    assert len(cut_bytes(encodable, limit).encode()) <= limit
