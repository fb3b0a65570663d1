"""The company's rules and what they would do, in lines for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.cards.clock import Clock
from bot.cards.idle import STEPS, found_line
from bot.cards.idle import rule_text as idle_text
from bot.cards.leads import rule_text as lead_text
from scrm.idle_looks import Found
from scrm.lead_rules import Shown
from scrm.models import IdleRule, PoolRule

FILE_HEAD = """# 跟进规则。改好以后：scrm-bot rules 文件 -c config.toml --dry-run 看看会怎样，去掉 --dry-run 生效。
# 每一节写的就是全部：[[idle]] 里少写一条就是删掉那条；整节不写（例如没有 [[lead]]）就保持原样。
#
# [[idle]] 客户多少天没进展。scope 是客户级别、销售阶段或两者（大客户谈判），"" 是所有客户；remind 天提醒负责人，
#   manager 天通知主管（不写取中间），recycle 天回收（不写只提醒）；working = true 按工作日数；to 写同事，到期转给他，不写进公海。
# [[lead]] 新线索分给谁。scope 是地区、产品、级别或来源，"" 是其他；members 写成员或部门，轮流分；capacity 每人最多几条，0 不限；
#   hours 写 "09:00-18:00" 只在工作日的这段时间分，不写不限。
# [pool] 公海：每人每天最多领 per_day 个，最多持有 holds 个，放回后 cooldown_days 天内不能再领；0 不限。
"""
APPLIED, NOTHING_CHANGED, DRY = (
    "规则已生效。",
    "规则和现在的一样，没有改动。",
    "只是试跑，规则没有改动，也没有提醒任何人。",
)


def lines(idle: Sequence[IdleRule], names: Mapping[int, str], lead: Sequence[Shown], pool: PoolRule) -> list[str]:
    """Each rule as a sentence."""
    claims = f"每人每天最多领 {pool.per_day or '不限'}，最多持有 {pool.holds or '不限'}，冷却 {pool.cooldown_days} 天"
    return [
        *(f"回收规则：{idle_text(rule, names)}" for rule in idle),
        *(f"线索规则：{lead_text(shown)}" for shown in sorted(lead, key=lambda one: one.rule.scope)),
        f"公海规则：{claims}",
    ]


def foreseen(looked: int, found: Sequence[Found], clock: Clock, names: Mapping[int, str]) -> list[str]:
    """What would happen today: a line for each customer, by step."""
    told = [
        f"{name}：{names.get(one.owner_id, '')} · {found_line(one, clock)}"
        for step, name in STEPS.items()
        for one in found
        if one.due.step == step
    ]
    return [f"看了 {looked} 个有负责人的客户，按这些规则今天涉及 {len(found)} 个。", *told]


def said(dropped: Sequence[str], added: Sequence[str], today: Sequence[str]) -> list[str]:
    """What a file changes, as a list of what goes and what comes."""
    return [*(f"- {line}" for line in dropped), *(f"+ {line}" for line in added), *today]
