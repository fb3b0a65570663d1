"""Fixtures of the service tests: the fixed cast on each database."""

from __future__ import annotations

import pytest

from scrm.db import Database
from tests.cast import Cast


@pytest.fixture
def cast(database: Database) -> Cast:
    """The fixed cast, in their departments, with an empty CRM."""
    company = Cast(database)
    company.enter()
    return company
