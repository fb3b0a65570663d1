"""Customers from Excel or CSV: good rows go in, bad rows come back in a file with the reason in a column."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from python_calamine import CalamineError, CalamineWorkbook
from sqlalchemy.orm import Session

from scrm import audit, doubles
from scrm.access import SYSTEM
from scrm.company_names import BadCreditCode, credit_code, name_key
from scrm.db import Database
from scrm.models import Contact, Customer, Identity, Member

# A second process must not hold SQLite's only writer for long: 50 ms with the commit, then as long a rest.
SLICE_SECONDS = 0.04
Headers = dict[str, tuple[str, ...]]
HEADERS: Headers = {
    "name": ("客户名称", "客户", "公司名称", "公司", "name"),
    "credit_code": ("统一社会信用代码", "信用代码", "税号", "credit_code"),
    "phone": ("电话", "公司电话", "phone"),
    "region": ("地区", "区域", "region"),
    "tier": ("客户等级", "等级", "分级", "tier"),
    "owner": ("负责人", "跟进人", "owner"),
    "contact": ("联系人", "联系人姓名", "contact"),
    "title": ("职务", "职位", "title"),
    "contact_phone": ("联系人电话", "手机", "手机号", "contact_phone"),
    "anyway": ("仍要新建", "anyway"),
}
ENDINGS = (".xlsx", ".xls", ".csv")
LIMITS = {"name": 128, "phone": 32, "region": 32, "tier": 32, "contact": 64, "title": 64, "contact_phone": 32}
ANYWAY = ("是", "1", "yes", "y", "true", "TRUE")
_LABELS = {field: names[0] for field, names in HEADERS.items()}


class ImportRefused(Exception):
    """The file as a whole cannot be used; the text says why."""


class BadRow(Exception):
    """One row cannot be used; the text says why."""


@dataclass(slots=True)
class Report:
    """What came of an import."""

    good: int = 0
    bad: int = 0
    bad_file: Path | None = None


def read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows as text. Raises ImportRefused."""
    if path.suffix.lower() not in ENDINGS:
        raise ImportRefused(f"读不了文件 {path.name}：只认 .xlsx、.xls 和 .csv，用 Excel 另存为其中一种再导入")
    try:
        path.open("rb").close()
    except OSError as error:
        why = "没有这个文件，检查路径和文件名" if isinstance(error, FileNotFoundError) else "没有权限，或者它不是文件"
        raise ImportRefused(f"读不了文件 {path}：{why}") from error
    try:
        rows = list(_csv_rows(path)) if path.suffix.lower() == ".csv" else _sheet_rows(path)
    except (OSError, CalamineError, csv.Error, UnicodeDecodeError, IndexError) as error:
        raise ImportRefused(
            f"读不了文件 {path.name}：内容不完整，或者不是真正的 {path.suffix} 文件。用 Excel 打开，另存为 .xlsx 再导入"
        ) from error
    if not rows or not any(rows[0]):
        raise ImportRefused("文件是空的，第一行应是表头，例如：客户名称、联系人、手机、负责人")
    return rows[0], [row for row in rows[1:] if any(cell.strip() for cell in row)]


def import_customers(
    database: Database, path: Path, now: Callable[[], datetime], progress: Callable[[int, int], None]
) -> Report:
    """Customers of the file; `progress(done, total)` is called after every slice. Raises ImportRefused."""
    return bring_in(database, path, now, progress, HEADERS, _one)


def bring_in(
    database: Database, path: Path, now: Callable[[], datetime], progress: Callable[[int, int], None],
    headers: Headers, one: Callable[[Session, dict[str, str], Owners], str],
) -> Report:  # fmt: skip
    """Rows of a file, each by `one`, which says why it cannot be. Raises ImportRefused."""
    header, rows = read_table(path)
    columns = _columns(header, headers)
    report, bad_rows, position = Report(), [], 0
    with database.read() as session:
        owners = Owners(session)
    while position < len(rows):
        with database.write() as session:
            audit.begin(session, audit.Turn(f"import:{path.name}"[:64], None, "import", f"导入 {path.name}", now()))
            session.connection()
            started = time.monotonic()  # with the lock in hand: who had to wait for it still gets to write
            while position < len(rows) and time.monotonic() - started < SLICE_SECONDS:
                reason = one(session, _values(columns, rows[position]), owners)
                if reason:
                    bad_rows.append([*rows[position], reason])
                report.good += not reason
                position += 1
        progress(position, len(rows))
        time.sleep(time.monotonic() - started if database.is_sqlite else 0)
    report.bad = len(bad_rows)
    if bad_rows:
        try:
            report.bad_file = _write_bad(path, header, bad_rows)
        except OSError as error:
            raise ImportRefused(
                f"导入 {report.good} 行，另有 {report.bad} 行有问题；原因写不进 {path.parent}，"
                "给这个文件夹写权限，或者把文件挪到别处，再导入一次就能看到"
            ) from error
    return report


def _values(columns: dict[str, int], row: Sequence[str]) -> dict[str, str]:
    return {field: _clean(row[index]) if index < len(row) else "" for field, index in columns.items()}


def _one(session: Session, values: dict[str, str], owners: Owners) -> str:
    """Import one customer in a savepoint; the reason when it cannot be."""
    try:
        _check(values)
        owner_id = owners.find(values.get("owner", ""))
        with session.begin_nested():
            customer = _add_customer(session, values, owner_id)
            if values.get("contact"):
                session.add(
                    Contact(
                        name=values["contact"], customer_id=customer.id, owner_id=owner_id, title=values.get("title", ""),
                        phone=values.get("contact_phone", ""),
                    )
                )  # fmt: skip
                session.flush()
    except (BadRow, BadCreditCode) as error:
        return str(error)
    except sa.exc.IntegrityError:
        return "客户名称或信用代码与已有客户重复"
    return ""


def _check(values: dict[str, str]) -> None:
    if not values.get("name"):
        raise BadRow("缺少客户名称")
    for field, limit in LIMITS.items():
        if len(values.get(field, "")) > limit:
            raise BadRow(f"{_LABELS[field]}超过 {limit} 个字")
    if not name_key(values["name"]):
        raise BadRow("客户名称只有标点符号")
    if values.get("credit_code"):
        values["credit_code"] = credit_code(values["credit_code"])
    if (values.get("title") or values.get("contact_phone")) and not values.get("contact"):
        raise BadRow("填了职务或手机，但缺少联系人姓名")


def _add_customer(session: Session, values: dict[str, str], owner_id: int | None) -> Customer:
    _refuse_double(session, values)
    customer = Customer(
        name=values["name"], name_key=name_key(values["name"])[:128], credit_code=values.get("credit_code") or None,
        phone=values.get("phone", ""), region=values.get("region", ""), tier=values.get("tier", ""), owner_id=owner_id,
    )  # fmt: skip
    session.add(customer)
    session.flush()
    return customer


def _refuse_double(session: Session, values: dict[str, str]) -> None:
    """Raises BadRow naming the customer that this row would double, one of the same file too."""
    found = doubles.find(
        session, SYSTEM, values["name"], code=values.get("credit_code", ""), phone=values.get("phone", "")
    )
    anyway = values.get("anyway", "") in ANYWAY
    double = next((one for one in found if one.certain or not anyway), None)
    if double is None:
        return
    who = f"客户「{double.name}」" + (f"（负责人 {double.owner}）" if double.owner else "")
    if double.why == "same":
        raise BadRow(f"客户已存在：{who}")
    if double.why == "code":
        raise BadRow(f"信用代码已登记在{who}名下")
    what = "电话相同" if double.why == "phone" else "名称相近"
    raise BadRow(f"与{who}{what}，可能重复；确实是另一家，就加一列「仍要新建」填「是」再导入")


class Owners:
    """Members by name or userid."""

    def __init__(self, session: Session) -> None:
        self._ids: dict[str, set[int]] = {}
        for member_id, name in session.execute(sa.select(Member.id, Member.name).where(Member.active)):
            self._ids.setdefault(name, set()).add(member_id)
        for member_id, user_id in session.execute(sa.select(Identity.member_id, Identity.user_id)):
            self._ids.setdefault(user_id, set()).add(member_id)

    def find(self, name: str) -> int | None:
        if not name:
            return None
        found = self._ids.get(name, set())
        if len(found) != 1:
            raise BadRow(f"负责人「{name}」{'不在成员列表里' if not found else '有重名，请填 userid'}")
        return next(iter(found))


def _columns(header: Sequence[str], headers: Headers) -> dict[str, int]:
    names = [cell.strip().lstrip("\ufeff").lower() for cell in header]
    found = {
        field: names.index(known) for field, aliases in headers.items() for known in aliases[::-1] if known in names
    }
    if "name" not in found:
        raise ImportRefused(f"表头里没有「{headers['name'][0]}」这一列")
    return found


def _csv_rows(path: Path) -> Iterator[list[str]]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")  # what Excel on a Chinese Windows saves
    yield from csv.reader(io.StringIO(text, newline=""))


def _sheet_rows(path: Path) -> list[list[str]]:
    sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    return [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]


def _clean(cell: str) -> str:
    """One line without control characters: no database and no card can hold them."""
    return " ".join("".join(char if char.isprintable() else " " for char in cell).split())


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a phone number that Excel took for a number
    return "" if cell is None else str(cell)


def _write_bad(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    target = path.with_name(f"{path.stem}-未导入.xlsx")
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("未导入")
    width = len(header)
    sheet.append([*header, "未导入原因"])
    for row in rows:
        cells = [*row[:-1], *([""] * (width - len(row) + 1))][:width]
        sheet.append([*("".join(char for char in cell if char >= " ") for cell in cells), row[-1]])
    book.save(target)
    return target
