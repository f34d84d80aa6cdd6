"""Installations on PostgreSQL, without a `migrate` for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.processes import manage, run_process
from tests.support.stores import Postgres


@pytest.fixture(scope="session")
def template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with our tables, which nobody is connected to."""
    url = postgres.create()
    log = tmp_path_factory.mktemp("template") / "migrate.log"
    with run_process(manage("migrate"), log=log, env={"DATABASE_URL": url}) as migrating:
        assert migrating.wait(60) == 0
    return url.rpartition("/")[2]


@pytest.fixture
def database_url(postgres: Postgres, template: str) -> Iterator[str]:
    """A copy of it for this test."""
    url = postgres.create(template)
    yield url
    postgres.drop(url)
