"""`scrm-bot understand`: lines in, lines out, in order, whatever the lines are."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from bot.nlu.cli import run

ROW = {
    "id": "a", "text": "今天拜访了美的方总，报价50万，下周三再谈", "now": "2026-05-13T18:30:00+08:00",
    "context": {"customers": ["美的集团股份有限公司"], "contacts": [{"name": "方洪", "title": "CIO", "customer": "美的集团股份有限公司"}], "me": "秦朗"},
}  # fmt: skip


def answers(lines: list[str], only: str | None = None, *, explain: bool = False) -> list[dict[str, Any]]:
    out = io.StringIO()
    run(io.StringIO("\n".join(lines) + "\n"), out, only, explain)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_row_becomes_a_frame() -> None:
    (answer,) = answers([json.dumps(ROW)])
    assert answer == {
        "id": "a", "intent": "log_visit", "customer": "美的集团股份有限公司", "contacts": ["方洪"], "amount": 500_000, "occurred_at": "2026-05-13",
        "next_at": "2026-05-20", "next_action": "再谈", "visit_kind": "上门",
    }  # fmt: skip


def test_bad_lines_are_answered_in_their_place() -> None:
    found = answers(
        [
            "nonsense",
            json.dumps(ROW),
            "[1]",
            '{"id": "b"}',
            '{"id": "c", "text": "x", "now": "gestern"}',
            "",
            json.dumps({**ROW, "id": "d"}),
        ]
    )
    assert [answer.get("id") for answer in found] == [None, "a", None, "b", "c", "d"]
    assert ["error" in answer for answer in found] == [True, False, True, True, True, False]


def test_explanations_say_where_and_why() -> None:
    (answer,) = answers([json.dumps(ROW)], explain=True)
    facts = {fact["slot"]: (ROW["text"][slice(*fact["span"])], fact["rule"]) for fact in answer["facts"]}
    assert facts["next_at"] == ("下周三", "weekday of a week")
    assert facts["contacts"] == ("方总", "known name")


@pytest.mark.parametrize(("only", "text"), [("time", "下周三见"), ("number", "一共二十三个"), ("money", "大概90万")])
def test_times_and_numbers_say_by_which_rule_they_were_read(only: str, text: str) -> None:
    row = json.dumps({"id": 1, "text": text, "ref": "2026-05-13T10:00:00"})
    (explained,), (plain,) = answers([row], only, explain=True), answers([row], only)
    assert all(found["rule"] for found in explained["found"])
    assert all("rule" not in found for found in plain["found"])


def test_chat_only_intents_are_none_here() -> None:
    (answer,) = answers([json.dumps({**ROW, "text": "撤销"})])
    assert answer == {"id": "a", "intent": "none"}


def test_times_numbers_and_money_alone() -> None:
    (timed,) = answers([json.dumps({"id": 1, "text": "我们下周三15:30见", "ref": "2026-05-13T10:00:00"})], "time")
    assert [(found["text"], found["norm"][0]["start"]) for found in timed["found"]] == [
        ("下周三15:30", "2026-05-20T15:30:00")
    ]
    (numbered,) = answers([json.dumps({"id": 2, "text": "一共二十三个"})], "number")
    assert [(found["text"], found["value"]) for found in numbered["found"]] == [("二十三", 23)]
    (money,) = answers([json.dumps({"id": 3, "text": "大概90到100万"})], "money")
    assert [(found["value"], found["value_to"]) for found in money["found"]] == [(900_000, 1_000_000)]
    (unknown,) = answers([json.dumps({"id": 4, "text": "x"})], "weight")
    assert unknown["id"] == 4
    assert "error" in unknown
