"""What a new company starts with: the stages of its pipelines, the reasons of a loss, and the words that tell a deal's kind."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from scrm.models import Stage

STAGES: dict[str, tuple[str, ...]] = {
    "default": ("初次洽谈", "需求确定", "方案报价", "谈判", "签约"),
    "renewal": ("初次洽谈", "方案报价", "谈判", "签约"),
}
# A button carries the position in this list: append, never reorder.
LOST_REASONS = ("价格", "竞争对手", "预算取消", "需求变化", "时机不对", "其他")
# Words in a deal's name that say it is not new business.
KIND_WORDS: dict[str, tuple[str, ...]] = {
    "renewal": ("续签", "续约", "续费"),
    "expansion": ("增购", "加购", "扩容", "再销售"),
}


def seed(session: Session) -> None:
    """Make sure that every pipeline has its stages; any number of processes may do so at once."""
    values = [
        {"pipeline": pipeline, "position": position, "name": name}
        for pipeline, names in STAGES.items()
        for position, name in enumerate(names)
    ]
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(dialect.insert(Stage).values(values).on_conflict_do_nothing())


def kind_of(name: str) -> str:
    """The kind of a deal by its name: renewal, expansion or new."""
    return next((kind for kind, words in KIND_WORDS.items() if any(word in name for word in words)), "new")


def pipeline_of(kind: str) -> str:
    """The pipeline that deals of this kind go through."""
    return kind if kind in STAGES else "default"


def stages_of(session: Session, pipeline: str) -> list[Stage]:
    """The stages of a pipeline in order."""
    return list(session.scalars(sa.select(Stage).where(Stage.pipeline == pipeline).order_by(Stage.position)))
