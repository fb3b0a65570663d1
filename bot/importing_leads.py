"""Leads from Excel or CSV: the next run of the job gives them out by the rules and tells those who got some."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.importing import BadRow, Headers, Owners, Report, bring_in
from scrm import leads
from scrm.access import SYSTEM
from scrm.db import Database
from scrm.errors import DomainError
from scrm.leads import Said

HEADERS: Headers = {
    "name": ("姓名", "称呼", "线索", "联系人", "联系人姓名", "name"),
    "company": ("公司", "公司名称", "客户名称", "company"),
    "title": ("职务", "职位", "title"),
    "phone": ("手机", "电话", "手机号", "联系人电话", "phone"),
    "need": ("需求", "备注", "说明", "need"),
    "product": ("产品", "意向产品", "product"),
    "region": ("地区", "区域", "region"),
    "tier": ("客户等级", "等级", "分级", "tier"),
    "source": ("来源", "渠道", "source"),
    "amount": ("预算", "预算金额", "金额", "amount"),
    "owner": ("负责人", "跟进人", "owner"),
}
_FACTS = tuple(field.name for field in fields(Said) if field.name != "amount")
_SCALES = {"万": 10_000, "亿": 100_000_000}


def import_leads(
    database: Database, path: Path, zone: ZoneInfo, now: Callable[[], datetime], progress: Callable[[int, int], None]
) -> Report:
    """Leads of the file; a number that has an open lead is a bad row. Raises ImportRefused."""

    def one(session: Session, values: dict[str, str], owners: Owners) -> str:
        facts = {"source": path.stem} | {fact: values[fact] for fact in _FACTS if values.get(fact)}
        try:
            said = Said(**facts, amount=_yuan(values.get("amount", "")))
            owner_id = owners.find(values.get("owner", ""))
            with session.begin_nested():
                leads.note(session, SYSTEM, said, owner_id=owner_id, waits=True)
        except (leads.Known, leads.KnownElsewhere):
            return "这个号码的线索已经有了"
        except (BadRow, DomainError) as error:
            return str(error)
        return ""

    return bring_in(database, path, now, progress, HEADERS, one)


def _yuan(text: str) -> Decimal | None:
    """12万, 120,000元 as yuan; None for nothing. Raises BadRow."""
    said = text.strip().replace(",", "").replace("，", "").removeprefix("¥").removesuffix("元")
    if not said:
        return None
    scale = _SCALES.get(said[-1:], 1)
    try:
        amount = Decimal(said[:-1] if scale > 1 else said) * scale
    except InvalidOperation as error:
        raise BadRow(f"预算「{text}」不是金额") from error
    if not 0 <= amount < leads.MOST:  # NaN and Infinity included
        raise BadRow(f"预算「{text}」不是金额")
    return amount
