"""SQL only with bound parameters, read from the program itself: no text is ever built into a statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "scrm", "scheduler", "migrations", "emulator")
# Takes SQL as text: its words have to stand in the program.
WRITES_SQL = {"text", "literal_column", "DDL", "exec_driver_sql", "executescript"}
OF_SQLALCHEMY, ALIASES = {"text", "literal_column", "DDL"}, {"sa", "sqlalchemy"}
# Takes a statement, or text on a raw connection: never a text that was put together.
RUNS_SQL = {"execute", "executemany", "scalar", "scalars", "stream", "stream_scalars", *WRITES_SQL}
# What only looks like it, or cannot be bound: module, expression, why.
ALLOWED = {
    ("bot/inbox.py", "f'PRAGMA busy_timeout={milliseconds}'"): "a PRAGMA takes no parameter; a number of our own",
    ("bot/inbox.py", "self._statement"): "an INSERT compiled by SQLAlchemy with every value bound",
    ("scrm/prepared.py", "sql"): "compiled by SQLAlchemy with every value bound",
    ("scrm/db.py", "f'PRAGMA {pragma}'"): "a PRAGMA takes no parameter; a list three lines above",
}


def violations(source: str) -> Iterator[tuple[int, str]]:
    """Line and expression of every argument that may be SQL made of pieces."""
    module = ast.parse(source)
    built = {
        target.id
        for node in ast.walk(module)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.NamedExpr) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and ((isinstance(node, ast.AugAssign) and _is_text(node.value)) or _pieces(node.value, set()))
    }  # fmt: skip
    from_sqlalchemy = {
        alias.asname or alias.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy"
        for alias in node.names
    }
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        name = _called(node.func, from_sqlalchemy)
        # By position or by keyword: the statement is what comes first either way.
        statement = next(iter([*node.args, *(keyword.value for keyword in node.keywords)]), None)
        if name is None or statement is None:
            continue
        if _pieces(statement, built) or (name in WRITES_SQL and not _written_out(statement)):
            yield node.lineno, ast.unparse(statement)


def _called(function: ast.expr, from_sqlalchemy: set[str]) -> str | None:
    if isinstance(function, ast.Name):
        return function.id if function.id in RUNS_SQL & from_sqlalchemy else None
    if not isinstance(function, ast.Attribute) or function.attr not in RUNS_SQL:
        return None
    # `message.text(…)` is somebody else's; `sa.text(…)` is SQL.
    return function.attr if function.attr not in OF_SQLALCHEMY or ast.unparse(function.value) in ALIASES else None


def _pieces(value: ast.expr, built: set[str]) -> bool:
    """Whether this is text put together: an f-string, +, %, .format(), .join(), .replace(), or a name for one."""
    match value:
        case ast.JoinedStr():
            return any(isinstance(part, ast.FormattedValue) for part in value.values)
        case ast.BinOp(op=ast.Add() | ast.Mod()):
            sides = (value.left, value.right)
            return any(_is_text(side) or _pieces(side, built) for side in sides) and not all(map(_written_out, sides))
        case ast.Call(func=ast.Attribute(value=ast.expr() as inner, attr="format" | "join" | "replace" | "format_map")):
            return _is_text(inner) or _pieces(inner, built)
        case ast.Name():
            return value.id in built
        case ast.IfExp():
            return _pieces(value.body, built) or _pieces(value.orelse, built)
        case ast.Call(func=func) if value.args and _called(func, WRITES_SQL) in WRITES_SQL:
            return _pieces(value.args[0], built)
    return False


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and isinstance(value.value, str))


def _written_out(value: ast.expr) -> bool:
    match value:
        case ast.Constant():
            return True
        case ast.IfExp():
            return _written_out(value.body) and _written_out(value.orelse)
        case ast.BinOp(op=ast.Add()):
            return _written_out(value.left) and _written_out(value.right)
    return False


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def test_every_statement_binds_its_parameters() -> None:
    found = {
        (str(path.relative_to(ROOT)), expression): line
        for path in modules()
        for line, expression in violations(path.read_text("utf-8"))
    }
    assert {where: line for where, line in found.items() if where not in ALLOWED} == {}
    assert set(ALLOWED) <= set(found), "an exception nobody needs any more"


@pytest.mark.parametrize(
    "planted",
    [
        "session.execute(sa.text(f\"SELECT * FROM customer WHERE name = '{name}'\"))",
        'session.execute(sa.text("SELECT * FROM customer WHERE name = \'" + name + "\'"))',
        "session.execute(sa.text(\"SELECT * FROM customer WHERE name = '%s'\" % name))",
        "session.execute(sa.text(\"SELECT * FROM customer WHERE name = '{}'\".format(name)))",
        'session.execute(sa.text(" ".join(["SELECT", name])))',
        "session.execute(sa.text(name))",
        "session.execute(statement=sa.text(name))",
        "from sqlalchemy import text\nsession.scalars(text(name))",
        "connection.exec_driver_sql(name)",
        'query = f"DELETE FROM {table}"\nraw.execute(query)',
        'query = "DELETE FROM customer WHERE id = "\nquery += "1 OR " + name\nraw.execute(query)',
        'raw.executemany("INSERT INTO a VALUES (%s)" % name, rows)',
        'raw.executescript(open("a.sql").read())',
        'sa.select(Customer).order_by(sa.literal_column(f"{column} DESC"))',
        'sa.select(Customer).where(sa.text("name = :name" if safe else name))',
    ],
)
def test_a_planted_injection_is_seen(planted: str) -> None:
    assert list(violations(planted))


@pytest.mark.parametrize(
    "innocent",
    [
        'session.execute(sa.text("SELECT 1 FROM customer WHERE name = :name"), {"name": name})',
        'session.execute(sa.select(Customer).where(Customer.name == f"{name}%"))',
        'session.scalars(sa.select(Customer).where(Customer.name.contains(name + "x")))',
        'connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")',
        'raw.execute("SELECT name FROM customer WHERE id = ?", (ident,))',
        'message.text(f"{name}")',
        'words.execute_plan(f"{name}")',
    ],
)
def test_a_bound_statement_is_not_held_up(innocent: str) -> None:
    assert not list(violations(innocent))
