"""Everything of one noun in a file: one row a record, with ids, owner and times in ISO-8601 with the company's zone."""

from __future__ import annotations

import csv
import errno
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm.models import (
    Activity,
    ActivityContact,
    Audit,
    Contact,
    ContactTag,
    Customer,
    CustomerTag,
    Deal,
    FollowUp,
    Identity,
    Lead,
    Member,
    Stage,
    Tag,
)

PAGE = 1000
Rows = Iterator[dict[str, Any]]


class ExportRefused(Exception):
    """The file cannot be written; the text says why and what to do."""


def nouns() -> list[str]:
    """What can be exported."""
    return list(_SOURCES)


def export(session: Session, noun: str, path: Path, zone: ZoneInfo) -> int:
    """Write every record of the noun to .xlsx, .csv or .jsonl by the file's ending; how many. Raises ExportRefused."""
    columns, source = _SOURCES[noun]
    write = {".xlsx": _xlsx, ".csv": _csv, ".jsonl": _jsonl}.get(path.suffix.lower())
    if write is None:
        raise ExportRefused("文件名要以 .xlsx、.csv 或 .jsonl 结尾，换一个文件名再导出")
    people = _People(session)
    rows = ({name: _plain(row.get(name), zone) for name in columns} for row in source(session, people))
    partial = path.with_name(path.name + ".part")
    try:
        partial.touch()  # whether it can be written is known before everything is read
        count = write(partial, columns, rows)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise ExportRefused(_why(error, path)) from error
    return count


def _why(error: OSError, path: Path) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"没有文件夹 {path.parent}，先建好这个文件夹，或者换一个地方导出"
    if isinstance(error, IsADirectoryError):
        return f"{path} 是一个文件夹，换一个文件名再导出"
    if isinstance(error, PermissionError):
        return f"没有权限写 {path}，换一个文件夹，或者关掉正打开着它的程序再导出"
    if error.errno == errno.ENOSPC:
        return f"磁盘满了，{path} 没有写完，腾出空间再导出"
    return f"写不了 {path}，换一个文件夹再导出"


class _People:
    """Members by id as userid and name."""

    def __init__(self, session: Session) -> None:
        self._names = dict(session.execute(sa.select(Member.id, Member.name)).all())
        self._ids: dict[int, str] = {}
        for member_id, user_id in session.execute(
            sa.select(Identity.member_id, Identity.user_id).order_by(Identity.id)
        ):
            self._ids.setdefault(member_id, user_id)

    def __call__(self, member_id: int | None, prefix: str) -> dict[str, Any]:
        """`owner` (userid) and `owner_name`, or the same with another prefix."""
        known = member_id is not None
        return {
            prefix: self._ids.get(member_id or 0, "") if known else "",
            f"{prefix}_name": self._names.get(member_id or 0, ""),
        }


def _pages(session: Session, kind: type[Any]) -> Iterator[Sequence[Any]]:
    last = 0
    while True:
        page = session.scalars(sa.select(kind).where(kind.id > last).order_by(kind.id).limit(PAGE)).all()
        if not page:
            return
        yield page
        last = page[-1].id
        session.expunge_all()


def _names_of(session: Session, kind: type[Any], ids: set[int]) -> dict[int, str]:
    return dict(session.execute(sa.select(kind.id, kind.name).where(kind.id.in_(ids))).all()) if ids else {}


def _tags(session: Session, link: Any, owner: Any, ids: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for ident, name in session.execute(
        sa.select(owner, Tag.name).join(Tag, Tag.id == link.tag_id).where(owner.in_(ids)).order_by(Tag.name)
    ):
        if name not in found.setdefault(ident, []):
            found[ident].append(name)
    return found


def _customers(session: Session, people: _People) -> Rows:
    for page in _pages(session, Customer):
        tags = _tags(session, CustomerTag, CustomerTag.customer_id, [row.id for row in page])
        for row in page:
            yield {
                "id": row.id, "name": row.name, **people(row.owner_id, "owner"), "credit_code": row.credit_code, "phone": row.phone,
                "region": row.region, "tier": row.tier, "tags": tags.get(row.id, []), "last_activity_at": row.last_activity_at,
                "created_at": row.created_at, "updated_at": row.updated_at,
            }  # fmt: skip


def _contacts(session: Session, people: _People) -> Rows:
    for page in _pages(session, Contact):
        tags = _tags(session, ContactTag, ContactTag.contact_id, [row.id for row in page])
        customers = _names_of(session, Customer, {row.customer_id for row in page if row.customer_id})
        for row in page:
            yield {
                "id": row.id, "name": row.name, "customer_id": row.customer_id, "customer": customers.get(row.customer_id or 0, ""),
                **people(row.owner_id, "owner"), "title": row.title, "phone": row.phone, "role": row.role,
                "external_userid": row.external_user_id, "channel": row.channel, "tags": tags.get(row.id, []),
                "created_at": row.created_at, "updated_at": row.updated_at,
            }  # fmt: skip


def _deals(session: Session, people: _People) -> Rows:
    stages = dict(session.execute(sa.select(Stage.id, Stage.name)).all())
    for page in _pages(session, Deal):
        customers = _names_of(session, Customer, {row.customer_id for row in page})
        for row in page:
            yield {
                "id": row.id, "name": row.name, "customer_id": row.customer_id, "customer": customers.get(row.customer_id, ""),
                **people(row.owner_id, "owner"), "kind": row.kind, "stage": stages.get(row.stage_id, ""), "status": row.status,
                "amount": row.amount, "expected_close_on": row.expected_close_on, "paused_until": row.paused_until,
                "lost_reason": row.lost_reason, "closed_at": row.closed_at, "created_at": row.created_at, "updated_at": row.updated_at,
            }  # fmt: skip


def _activities(session: Session, people: _People) -> Rows:
    for page in _pages(session, Activity):
        ids = [row.id for row in page]
        met: dict[int, list[str]] = {}
        query = sa.select(ActivityContact.activity_id, Contact.name).join(
            Contact, Contact.id == ActivityContact.contact_id
        )
        for activity_id, name in session.execute(
            query.where(ActivityContact.activity_id.in_(ids)).order_by(Contact.id)
        ):
            met.setdefault(activity_id, []).append(name)
        customers = _names_of(session, Customer, {row.customer_id for row in page})
        for row in page:
            yield {
                "id": row.id, "kind": row.kind, "customer_id": row.customer_id, "customer": customers.get(row.customer_id, ""),
                "contacts": met.get(row.id, []), "deal_id": row.deal_id, **people(row.member_id, "owner"), "happened_at": row.happened_at,
                "summary": row.summary, "amount": row.amount, "place": row.place, "event_id": row.event_id, "created_at": row.created_at,
            }  # fmt: skip


def _followups(session: Session, people: _People) -> Rows:
    for page in _pages(session, FollowUp):
        customers = _names_of(session, Customer, {row.customer_id for row in page})
        for row in page:
            yield {
                "id": row.id, "customer_id": row.customer_id, "customer": customers.get(row.customer_id, ""), "contact_id": row.contact_id,
                "deal_id": row.deal_id, **people(row.owner_id, "owner"), "action": row.action, "due_at": row.due_at, "all_day": row.all_day,
                "remind_at": row.remind_at, "status": row.status, "done_at": row.done_at, "alerted_at": row.alerted_at,
                "created_at": row.created_at, "updated_at": row.updated_at,
            }  # fmt: skip


def _leads(session: Session, people: _People) -> Rows:
    for page in _pages(session, Lead):
        for row in page:
            yield {
                "id": row.id, "name": row.name, "company": row.company, **people(row.owner_id, "owner"), "title": row.title,
                "phone": row.phone, "need": row.need, "amount": row.amount, "product": row.product, "region": row.region, "tier": row.tier,
                "source": row.source, "status": row.status, "reason": row.reason, "contacted_at": row.contacted_at, "customer_id": row.customer_id,
                "contact_id": row.contact_id, "deal_id": row.deal_id, "created_at": row.created_at, "updated_at": row.updated_at,
            }  # fmt: skip


def _audit(session: Session, people: _People) -> Rows:
    for page in _pages(session, Audit):
        for row in page:
            who = people(row.member_id, "who") if row.member_id else {"who": "system", "who_name": "系统"}
            yield {
                "id": row.id, "at": row.at, **who, "command": row.command, "what": f"{row.op} {row.table_name}", "record_id": row.record_id,
                "before": row.before, "after": row.after, "source": row.source, "turn": row.turn, "undone_at": row.undone_at,
            }  # fmt: skip


_WHO = ("owner", "owner_name")
_SOURCES: dict[str, tuple[tuple[str, ...], Callable[[Session, _People], Rows]]] = {
    "customers": (
        ("id", "name", *_WHO, "credit_code", "phone", "region", "tier", "tags", "last_activity_at", "created_at", "updated_at"),
        _customers,
    ),
    "contacts": (
        ("id", "name", "customer_id", "customer", *_WHO, "title", "phone", "role", "external_userid", "channel", "tags", "created_at",
         "updated_at"),
        _contacts,
    ),
    "deals": (
        ("id", "name", "customer_id", "customer", *_WHO, "kind", "stage", "status", "amount", "expected_close_on", "paused_until",
         "lost_reason", "closed_at", "created_at", "updated_at"),
        _deals,
    ),
    "activities": (
        ("id", "kind", "customer_id", "customer", "contacts", "deal_id", *_WHO, "happened_at", "summary", "amount", "place", "event_id",
         "created_at"),
        _activities,
    ),
    "followups": (
        ("id", "customer_id", "customer", "contact_id", "deal_id", *_WHO, "action", "due_at", "all_day", "remind_at", "status", "done_at",
         "alerted_at", "created_at", "updated_at"),
        _followups,
    ),
    "leads": (
        ("id", "name", "company", *_WHO, "title", "phone", "need", "amount", "product", "region", "tier", "source", "status", "reason",
         "contacted_at", "customer_id", "contact_id", "deal_id", "created_at", "updated_at"),
        _leads,
    ),
    "audit": (
        ("id", "at", "who", "who_name", "command", "what", "record_id", "before", "after", "source", "turn", "undone_at"),
        _audit,
    ),
}  # fmt: skip


def _plain(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _flat(value: Any) -> Any:
    """A cell: lists as words with commas, objects as JSON, and nothing a spreadsheet would run as a formula."""
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return "" if value is None else value


def _jsonl(path: Path, columns: Sequence[str], rows: Rows) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def _csv(path: Path, columns: Sequence[str], rows: Rows) -> int:
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # Excel reads UTF-8 only with the mark
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_flat(row[name]) for name in columns])
            count += 1
    return count


def _xlsx(path: Path, columns: Sequence[str], rows: Rows) -> int:
    from openpyxl import Workbook  # slow to import, and a table is only one of three formats

    book = Workbook(write_only=True)
    sheet = book.create_sheet("export")
    sheet.append(list(columns))
    count = 0
    for row in rows:
        sheet.append([_cell(_flat(row[name])) for name in columns])
        count += 1
    book.save(path)
    return count


def _cell(value: Any) -> Any:
    """What a sheet can hold: no control characters, at most 32,767 characters."""
    if not isinstance(value, str):
        return value
    return "".join(char for char in value if char in "\n\t" or ord(char) >= 32)[:32_767]
