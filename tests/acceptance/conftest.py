"""One running product per door and module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import sqlalchemy as sa

from tests.acceptance.product import DOORS, Product


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=DOORS)
async def product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """The product on each door, running, everybody appointed."""
    running = Product(request.param, tmp_path_factory.mktemp(request.param))
    await running.open()
    try:
        await running.run()
        await running.appoint()
        yield running
    finally:
        await running.close()


@pytest.fixture
def postgres_schema(postgres_url: str) -> str:
    """An empty PostgreSQL database."""
    engine = sa.create_engine(sa.make_url(postgres_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return postgres_url
