"""What two records of one company have in common: name without form and place, digits of phones; and 申请协作."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from alembic import op

import scrm.db
from scrm import company_names

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CHUNK = 5000
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for table, column, length in (
        ("customer", "name_core", 128),
        ("customer", "phone_key", 32),
        ("contact", "phone_key", 32),
    ):
        op.add_column(table, sa.Column(column, sa.String(length), nullable=False, server_default=""))
        _fill(table, column)
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
    op.create_index(op.f("ix_customer_alias_name"), "customer_alias", ["name"], unique=False)
    _requests()


def _fill(table: str, column: str) -> None:
    """The new column of every row, a few thousand rows a statement."""
    source = "name" if column == "name_core" else "phone"
    made: Callable[[str], str] = company_names.core if column == "name_core" else company_names.phone
    rows = sa.table(table, sa.column("id"), sa.column(source), sa.column(column))
    change = sa.update(rows).where(rows.c.id == sa.bindparam("of")).values({column: sa.bindparam("made")})
    for part in _parts(rows, source):
        values = [{"of": ident, "made": key} for ident, said in part if (key := made(said))]
        if values:
            op.get_bind().execute(change, values)


def _parts(rows: sa.TableClause, source: str) -> Iterator[list[tuple[int, str]]]:
    last = 0
    while True:
        query = sa.select(rows.c.id, rows.c[source]).where(rows.c.id > last, rows.c[source] != "")
        part = [(row[0], row[1]) for row in op.get_bind().execute(query.order_by(rows.c.id).limit(CHUNK))]
        if not part:
            return
        yield part
        last = part[-1][0]


def _requests() -> None:
    op.create_table(
        "share_request",
        sa.Column("customer_id", _BIG_ID, nullable=False),
        sa.Column("asked_by", _BIG_ID, nullable=False),
        sa.Column("called", sa.String(length=128), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("decided_by", _BIG_ID, nullable=True),
        sa.Column("id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("created_at", scrm.db.Utc(timezone=True), nullable=False),
        sa.Column("updated_at", scrm.db.Utc(timezone=True), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_share_request_customer_id_customer"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["member.id"], name=op.f("fk_share_request_asked_by_member")),
        sa.ForeignKeyConstraint(["decided_by"], ["member.id"], name=op.f("fk_share_request_decided_by_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_request")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_share_request_customer_id"), "share_request", ["customer_id"], unique=False)
    is_open = sa.text("status = 'asked'")
    op.create_index(
        "uq_share_request_open", "share_request", ["customer_id", "asked_by"], unique=True,
        sqlite_where=is_open, postgresql_where=is_open,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("share_request")
    op.drop_index(op.f("ix_customer_alias_name"), "customer_alias")
    for table, column in (("contact", "phone_key"), ("customer", "phone_key"), ("customer", "name_core")):
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
        op.drop_column(table, column)
