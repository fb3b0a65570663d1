"""The documentation is true: every sentence in it is understood as it says, every generated page is current, every link leads somewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
import typer

from bot import commands as c
from bot.__main__ import app
from bot.nlu import numbers
from bot.nlu.answers import read_answer, read_moment
from bot.nlu.frame import Frame, Name, Scope
from bot.nlu.lexicon import Lexicon
from bot.nlu.phrases import phrase
from bot.nlu.plan import commands_of
from bot.nlu.text import fold
from bot.nlu.understand import understand
from scrm import defaults

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md"), ROOT / "benchmarks" / "README.md"])
ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)
STAGES = defaults.STAGES["default"]
NAMES = [
    Name("customer", 1, "腾讯科技（深圳）有限公司", ("腾讯",)),
    Name("customer", 2, "华星机械制造有限公司"),
    Name("customer", 3, "云帆物流有限公司"),
    Name("contact", 1, "张建国", customer=2, title="总经理"),
    Name("contact", 2, "王芳", customer=1, title="采购经理"),
    Name("contact", 3, "张伟", customer=1, title="采购总监"),
    Name("deal", 1, "云服务续费", customer=1, stage="谈判"),
    Name("deal", 2, "MES一期", customer=2, stage="方案报价"),
    Name("deal", 3, "数据中台", customer=1, stage="初次洽谈"),
    Name("member", 1, "李娜"),
    Name("member", 2, "王强"),
    Name("member", 3, "陈静"),
    Name("tag", 1, "高意向"),
    Name("tag", 2, "价格敏感"),
    *(Name("stage", stage, stage) for stage in STAGES),
]
LEXICON = Lexicon(NAMES)
SCOPE = Scope(me=9, last_customer=2, last_deal=2)
CUSTOMERS = {"腾讯": 1, "华星机械": 2, "云帆物流": 3, "张建国": 2, "王芳": 1, "张伟": 1}
DEALS = {"云服务续费": 1, "MES一期": 2, "数据中台": 3}

# Architecture section 2, "What everybody says", with names filled in: each of them has to be on the page.
EVERYBODY_SAYS = (
    "新建客户 宏图精密", "查一下腾讯", "今天拜访了腾讯，聊了续费", "今天给腾讯打了电话，聊了交期", "明天下午3点跟进腾讯",
    "今晚11点跟进华星机械", "10月3日上午10点跟进腾讯", "跟进腾讯的待办完成", "我的待办", "腾讯 新商机 私有云 80万",
    "看一下商机 云服务续费", "推进到谈判", "云服务续费 推进到签约", "MES一期 丢单，原因是价格太高", "MES一期 暂停到10月15日", "MES一期赢单了",
    "给王先生打标签 高意向", "新建渠道活码 秋季展会，负责人李娜，欢迎语：您好，感谢关注", "给标签 高意向 的客户群发：周五晚上有直播，欢迎来看", "撤销", "帮助",
)  # fmt: skip


def table(first: str) -> list[list[str]]:
    """The rows below every heading line of what-you-can-say.md whose first cell is `first`."""
    rows: list[list[str]] = []
    inside = False
    for line in (DOCS / "what-you-can-say.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            inside = False
        elif cells[0] == first:
            inside = True
        elif inside and not set(line) <= set("|-"):
            rows.append(cells)
    assert rows, first
    return rows


def heard(text: str) -> tuple[list[c.Command], Frame | None]:
    """What the dispatcher would make of the sentence, and the frame where one was needed."""
    short = phrase(text)
    if short is not None:
        return [short], None
    frame = understand(text, MONDAY, LEXICON, SCOPE)
    return list(commands_of(frame, MONDAY, SCOPE).commands), frame


SENTENCES = table("这样说")


@pytest.mark.parametrize(("text", "does", "commands"), SENTENCES, ids=[row[0] for row in SENTENCES])
def test_every_sentence_is_understood_as_the_page_says(text: str, does: str, commands: str) -> None:
    made, _ = heard(text)
    assert [str(type(command).__struct_config__.tag) for command in made] == re.findall(r"`(\w+)`", commands)
    assert does


@pytest.mark.parametrize("text", [row[0] for row in SENTENCES if "`new_customer`" not in row[2]])
def test_every_name_in_a_sentence_is_recognised(text: str) -> None:
    _, frame = heard(text)
    customers = {ref for name, ref in CUSTOMERS.items() if name in text}
    deals = {ref for name, ref in DEALS.items() if name in text}
    if frame is None or not customers | deals:
        return
    assert not frame.ambiguous
    if deals:
        assert frame.deal is not None
        assert frame.deal.ref in deals
    elif frame.customer is not None:
        assert frame.customer.ref in customers
    else:
        assert [person.ref for person in frame.contacts] != []


def test_the_amounts_and_days_of_a_sentence_are_taken() -> None:
    (log,), _ = heard("今天拜访了腾讯张伟，聊了二期报价，预算大概50万，下周三再跟进")
    assert isinstance(log, c.LogActivity)
    assert (log.kind, log.customer, log.contacts, log.amount) == ("visit", 1, (3,), Decimal(500_000))
    assert log.next_at == datetime(2026, 12, 2, 9, 0, tzinfo=ZONE)
    assert log.next_all_day


def test_what_everybody_says_is_on_the_page() -> None:
    assert set(EVERYBODY_SAYS) <= {row[0] for row in SENTENCES}


def test_no_sentence_is_there_twice() -> None:
    said = [row[0] for row in SENTENCES]
    assert len(said) == len(set(said))
    assert len(said) > 120


@pytest.mark.parametrize(("text", "meant"), table("回答"))
def test_every_answer_is_taken_for_what_the_page_says(text: str, meant: str) -> None:
    options = ["腾讯科技（深圳）有限公司", "腾讯音乐娱乐集团", "腾讯云计算有限公司"]
    assert read_answer(text, options) == ("cancel" if meant == "取消" else int(meant) - 1)


@pytest.mark.parametrize(("text", "meant"), table("时间"))
def test_every_time_is_the_one_on_the_page(text: str, meant: str) -> None:
    moment = read_moment(text, MONDAY, ZONE)
    assert moment is not None
    clock = f" {moment.time:%H:%M}" if moment.time else ""
    assert f"{moment.day.month}月{moment.day.day}日{clock}" == meant


@pytest.mark.parametrize(("text", "meant"), table("金额"))
def test_every_amount_is_the_one_on_the_page(text: str, meant: str) -> None:
    (found,) = numbers.amounts(fold(f"预算{text}"))
    assert found.value == Decimal(meant.removesuffix(" 元"))


# --- generated pages, links, the template


def test_the_reference_is_current() -> None:
    run = subprocess.run(
        [sys.executable, DOCS / "generate.py", "--check"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_command_of_the_program_is_in_the_reference() -> None:
    text = (DOCS / "reference.md").read_text(encoding="utf-8")
    for name in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        assert f"scrm-bot {name}" in text


def anchors(page: Path) -> set[str]:
    """The anchors GitHub makes of the headings: lower case, no punctuation, blanks as hyphens."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_no_page_names_a_place_on_somebody_s_machine(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(work|home|root|Users)/", page.read_text(encoding="utf-8"))


def test_the_card_template_can_be_imported() -> None:
    template = json.loads((DOCS / "dingtalk-card-template.json").read_text(encoding="utf-8"))
    assert json.loads(template["editorData"])["schema"]["componentsTree"]
