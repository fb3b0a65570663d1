"""Leads from Excel or CSV: given out by the rules as any other, unless the row names who has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
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
    "owner": ("负责人", "跟进人", "owner"),
}
_FACTS = tuple(field.name for field in fields(Said))


def import_leads(
    database: Database, path: Path, zone: ZoneInfo, now: Callable[[], datetime], progress: Callable[[int, int], None]
) -> Report:
    """Leads of the file; a number that has an open lead is a bad row. Raises ImportRefused."""

    def one(session: Session, values: dict[str, str], owners: Owners) -> str:
        moment = now()
        said = Said(**{"source": path.stem} | {fact: values[fact] for fact in _FACTS if values.get(fact)})
        try:
            owner_id = owners.find(values.get("owner", ""))
            with session.begin_nested():
                lead = leads.create(
                    session, SYSTEM, said, moment.astimezone(zone).date(), moment, mine=owner_id is not None
                )
                lead.owner_id = owner_id or lead.owner_id
                session.flush()
        except (leads.Known, leads.KnownElsewhere):
            return "这个号码的线索已经有了"
        except (BadRow, DomainError) as error:
            return str(error)
        return ""

    return bring_in(database, path, now, progress, HEADERS, one)
