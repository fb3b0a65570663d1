"""Cards about the course of deals: the company's pipelines, a customer's tier."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.card import Button, Card, rows
from bot.cards.deal_words import fact_names
from bot.cards.deals import kind_name
from bot.commands import CreateDeal, ShowCustomer, ShowPipelines, Undo, pack
from scrm.models import Customer, Pipeline, Stage

LIST = "pipelines"
HOW = "国企流程：初次洽谈 10% 14天、立项 30% 30天、招投标 60% 45天、签约 90%"
WHOSE = "是哪个客户的级别？"
NO_STAGES = f"没有读到阶段。一个阶段一段，写上赢率和标准天数，比如：\n{HOW}"


def pipelines_card(every: Sequence[tuple[Pipeline, Sequence[Stage]]], *, defines: bool) -> Card:
    """Every pipeline with its stages; `defines`: this person may change them."""
    lines = [f"{_title(row)}\n{_line(stages)}" for row, stages in every]
    return Card(
        title=f"销售流程（{len(every)}）",
        text="\n".join(lines),
        note=f"要改，就说：{HOW}" if defines else "",
        view=LIST,
    )


def defined_card(row: Pipeline, stages: Sequence[Stage], turn: str) -> Card:
    """The answer to a definition."""
    return Card(
        title=f"已设置销售流程 · {_title(row)}",
        text="\n".join(f"{number}. {_stage(stage)}" for number, stage in enumerate(stages, 1)),
        buttons=(Button("全部流程", pack(ShowPipelines())), Button("撤销", pack(Undo(turn=turn)))),
        note="进行中的商机留在原来的阶段；新建的商机按新流程走。",
    )


def tier_card(customer: Customer, stages: Sequence[Stage], turn: str) -> Card:
    """The answer to a tier: its new deals go through these stages."""
    return Card(
        title="已设置客户级别",
        rows=rows(
            ("客户", customer.name), ("级别", customer.tier), ("新签流程", " → ".join(stage.name for stage in stages))
        ),
        buttons=(
            Button("新建商机", pack(CreateDeal(customer=customer.id))),
            Button("看客户", pack(ShowCustomer(customer=customer.id))),
            Button("撤销", pack(Undo(turn=turn))),
        ),
        view=f"customer:{customer.id}",
    )


def _title(row: Pipeline) -> str:
    return f"{kind_name(row.kind)} · {row.tier}" if row.tier else kind_name(row.kind)


def _line(stages: Sequence[Stage]) -> str:
    return " → ".join(
        f"{stage.name} {stage.win_percent}%" if stage.win_percent is not None else stage.name for stage in stages
    )


def _stage(stage: Stage) -> str:
    percent = f"赢率 {stage.win_percent}%" if stage.win_percent is not None else ""
    days = f"标准 {stage.expected_days} 天" if stage.expected_days is not None else ""
    asks = f"要了解{fact_names(stage.required.split())}" if stage.required else ""
    needs = f"必填{fact_names(stage.exit_facts.split())}" if stage.exit_facts else ""
    return "，".join(part for part in (stage.name, percent, days, asks, needs) if part)
