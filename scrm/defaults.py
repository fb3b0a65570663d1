"""What a new company starts with: its pipelines, the reasons of a loss, and the words that tell a deal's kind and a customer's tier."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from scrm.models import Pipeline, Stage

# By key: kind, tier ("" = every tier without one of its own), and per stage the name, the win probability in percent and the
# days a deal is expected to stay.
COURSES: dict[str, tuple[str, str, tuple[tuple[str, int, int], ...]]] = {
    "default": (
        "new",
        "",
        (("初次洽谈", 10, 14), ("需求确定", 25, 14), ("方案报价", 45, 21), ("谈判", 70, 14), ("签约", 90, 7)),
    ),
    "renewal": ("renewal", "", (("初次洽谈", 50, 14), ("方案报价", 65, 14), ("谈判", 80, 14), ("签约", 95, 7))),
    "new:大客户": (
        "new",
        "大客户",
        (("初次洽谈", 10, 30), ("需求确定", 20, 30), ("方案报价", 40, 45), ("谈判", 65, 30), ("签约", 90, 14)),
    ),
    "new:国企": (
        "new",
        "国企",
        (("初次洽谈", 5, 30), ("需求确定", 15, 45), ("立项", 35, 60), ("招投标", 60, 45), ("签约", 90, 30)),
    ),
}
# Facts asked for when a deal comes to a stage (see `scrm.deal_facts`), by pipeline and stage.
REQUIRED: dict[tuple[str, str], str] = {
    ("default", "方案报价"): "amount",
    ("default", "谈判"): "amount close decision_maker",
    ("renewal", "谈判"): "amount close",
    ("new:大客户", "方案报价"): "amount decision_maker",
    ("new:大客户", "谈判"): "amount close decision_maker competitor",
    ("new:国企", "招投标"): "amount close decision_maker competitor",
}
STAGES: dict[str, tuple[str, ...]] = {
    key: tuple(name for name, _, _ in stages) for key, (_, _, stages) in COURSES.items()
}
# A button carries the position in this list: append, never reorder.
LOST_REASONS = ("价格", "竞争对手", "预算取消", "需求变化", "时机不对", "其他")
BACK_REASONS = ("需求变化", "换了对接人", "预算调整", "竞争对手介入", "之前判断早了")
VOID_REASONS = ("重复录入", "录错了", "客户不存在", "测试数据")
# Words in a deal's name that say it is not new business.
KIND_WORDS: dict[str, tuple[str, ...]] = {
    "renewal": ("续签", "续约", "续费"),
    "expansion": ("增购", "加购", "扩容", "再销售"),
}
RENEWAL_NAME = "{name}{year}年续约"
RENEWAL_TAIL = r"\d{4}年续约\d*$"
NEW = "new"
# Tiers everybody has, and what else they are called; more come with the pipelines an admin defines.
TIER_WORDS: dict[str, tuple[str, ...]] = {
    "大客户": ("KA", "重点客户", "战略客户"),
    "中小": ("SMB", "中小企业", "小客户"),
    "国企": ("央企", "国有企业", "政企"),
    "外企": ("外资", "外资企业"),
}
# What a department is called without: 华东 is 华东部.
UNIT_SUFFIXES = ("销售部", "事业部", "大区", "部", "组", "区")
CUSTOMER_SUFFIX = "客户"  # 国企客户 is the tier 国企
JOINING = " 的和、/"  # what may stand between 华东 and 大客户 where both are named


def seed(session: Session) -> None:
    """Make sure that every pipeline has its stages; any number of processes may do so at once.

    A pipeline that has stages is left as it is: an admin may have made it another.
    """
    courses = [{"key": key, "kind": kind, "tier": tier} for key, (kind, tier, _) in COURSES.items()]
    _insert_missing(session, Pipeline, courses)
    made = set(session.scalars(sa.select(Stage.pipeline).distinct()))
    stages = [
        {
            "pipeline": key,
            "position": position,
            "name": name,
            "win_percent": percent,
            "expected_days": days,
            "required": REQUIRED.get((key, name), ""),
        }
        for key, (_, _, steps) in COURSES.items()
        if key not in made
        for position, (name, percent, days) in enumerate(steps)
    ]
    _insert_missing(session, Stage, stages)


def _insert_missing(session: Session, table: type[Any], values: list[dict[str, Any]]) -> None:
    if values:
        dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        session.execute(dialect.insert(table).values(values).on_conflict_do_nothing())


def stages_of(session: Session, pipeline: str) -> list[Stage]:
    """The stages of a pipeline in order, by its key."""
    query = sa.select(Stage).where(Stage.pipeline == pipeline, Stage.retired.is_(False))
    return list(session.scalars(query.order_by(Stage.position)))
