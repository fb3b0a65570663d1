"""Alembic's way into one company's database; the connection comes from the caller."""

from __future__ import annotations

from alembic import context

import bot.tables  # noqa: F401 - their import fills the metadata
import scrm.models  # noqa: F401
from scrm.db import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
