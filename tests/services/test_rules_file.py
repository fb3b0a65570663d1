"""The rules as a file: written as they are in force, tried without a trace, put in force whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from sales_floor import SETTINGS, SalesFloor, at

from bot import commands as c
from bot import rules_file
from bot.handlers.clocks import hours_of
from bot.rules_file import Change, RulesRefused
from scrm.db import Database
from scrm.models import Audit, IdleRule, LeadRule, PoolRule

HOURS = hours_of(SETTINGS)
FILE = """
[[idle]]
scope = "大客户谈判"
remind = 10
recycle = 20
working = true
to = "陈静"

[[idle]]
remind = 60

[[lead]]
scope = "华东"
members = ["李娜", "陈静"]
capacity = 20
hours = "09:00-18:30"

[pool]
per_day = 5
"""


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    floor = SalesFloor(database)
    floor.open()
    return floor


def put(floor: SalesFloor, path: Path, text: str, *, dry: bool = False) -> Change:
    path.write_text(text, encoding="utf-8")
    return rules_file.put_in_force(floor.database, rules_file.read(path), path.name, HOURS, floor.now, dry=dry)


def in_force(floor: SalesFloor) -> list[str]:
    return floor.read(rules_file.lines)


def test_a_file_puts_its_rules_in_force_and_what_it_prints_is_such_a_file(floor: SalesFloor, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    change = put(floor, path, FILE)
    assert in_force(floor) == [
        "回收规则：所有客户60天没跟进提醒，67天通知主管",
        "回收规则：大客户谈判阶段10个工作日没跟进提醒，13个工作日通知主管，20个工作日回收给陈静",
        "线索规则：华东分给李娜、陈静，每人最多20条，9点到18点半",
        "公海规则：每人每天最多领 5，最多持有 不限，冷却 7 天",
    ]
    assert (set(change.added), change.dropped) == (
        set(in_force(floor)),
        ["公海规则：每人每天最多领 10，最多持有 不限，冷却 7 天"],
    )
    assert {row.source for row in floor.all(Audit) if row.command == "rules"} == {"rules.toml"}
    printed = floor.read(rules_file.dump)
    again = put(floor, path, printed)
    assert (again.added, again.dropped) == ([], [])


def test_what_a_section_leaves_out_is_dropped_and_a_section_that_is_not_there_stays(
    floor: SalesFloor, tmp_path: Path
) -> None:
    path = tmp_path / "rules.toml"
    put(floor, path, FILE)
    before = floor.all(IdleRule)
    change = put(floor, path, "[[idle]]\nremind = 60\n")
    assert [rule.id for rule in floor.all(IdleRule)] == [rule.id for rule in before if not rule.tier]
    assert (len(change.dropped), change.added) == (1, [])
    assert floor.only(LeadRule).capacity == 20
    put(floor, path, "lead = []\n")
    assert floor.all(LeadRule) == []
    assert floor.only(PoolRule).per_day == 5


def test_a_dry_run_lists_what_would_happen_and_leaves_nothing(floor: SalesFloor, tmp_path: Path) -> None:
    floor.now = at(12, 28)
    change = put(floor, tmp_path / "rules.toml", "[[idle]]\nremind = 30\nrecycle = 40\n", dry=True)
    head, *told = change.foreseen
    assert head == "看了 2 个有负责人的客户，按这些规则今天涉及 2 个。"
    assert [line.partition("（")[0] for line in told] == ["提醒负责人：李娜 · 腾讯科技", "提醒负责人：李娜 · 阿里巴巴"]
    assert floor.all(IdleRule) == []
    assert not [row for row in floor.all(Audit) if row.command == "rules"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[idle]]\nremind = 60\n\n[[idle]]\nscope = '火星客户'\nremind = 3\n", "第 2 条 [[idle]] 没有「火星客户」这个客户级别或销售阶段"),
        ("[[idle]]\nremind = 10\nrecycle = 11\n", "第 1 条 [[idle]] 天数要在"),
        ("[[idle]]\nremind = '十'\n", "第 1 条 [[idle]] remind：应是整数，现在是文字"),
        ("[[idle]]\nscope = '大客户'\n", "第 1 条 [[idle]] remind：缺少"),
        ("[[idle]]\nremind = 9\ndays = 3\n", "days：没有这个配置项"),
        ("[[idle]]\nremind = 9\n\n[[idle]]\nscope = '所有客户'\nremind = 8\n", "第 2 条 [[idle]] 和前面的一条"),
        ("[[idle]]\nremind = 9\nto = '张三丰'\n", "没有找到「张三丰」"),
        ("[[lead]]\nmembers = ['张三丰']\n", "第 1 条 [[lead]] 成员和部门里没有「张三丰」"),
        ("[[lead]]\nmembers = []\n", "第 1 条 [[lead]] members：不能为空"),
        ("[[lead]]\nmembers = ['李娜']\nhours = '18:00-9:00'\n", "分配时间要早的在前"),
        ("[[lead]]\nmembers = ['李娜']\nhours = '上午'\n", "分配时间要早的在前"),
        ("[pool]\nholds = -1\n", "pool.holds：最小是 0"),
        ("[pool\n", "第 1 行附近不合 TOML 的写法"),
    ],
)  # fmt: skip
def test_a_file_with_a_mistake_changes_nothing_and_says_where(
    floor: SalesFloor, tmp_path: Path, text: str, why: str
) -> None:
    path = tmp_path / "rules.toml"
    put(floor, path, FILE)
    before = in_force(floor)
    with pytest.raises(RulesRefused) as refused:
        put(floor, path, text)
    assert why in str(refused.value)
    assert in_force(floor) == before


def test_rules_of_a_file_are_shown_and_dropped_in_chat(floor: SalesFloor, tmp_path: Path) -> None:
    put(floor, tmp_path / "rules.toml", FILE)
    shown = floor.say(c.ShowIdleRules(), "赵总")
    assert "60天没跟进提醒" in shown.text
    floor.say(c.DropIdleRule(rule="大客户谈判"), "赵总")
    assert len(floor.all(IdleRule)) == 1
