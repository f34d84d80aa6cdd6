"""DATABASE_URL: each of these is refused at the start in a line, or a question is answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
from django.db.utils import ConnectionHandler
from pytest_django import DjangoDbBlocker

from logshuttle_site.database.postgresql.base import connections_of_this_process
from tests.support.forwarding import forwarded_to
from tests.support.settings_start import (
    assert_each,
    assert_refused,
    faults_of,
    started,
    table,
)
from tests.support.stores import Postgres

pytestmark = pytest.mark.slow

REFUSED, TAKEN = table("database_url")
ODD = "p#w/:@?%&= +,"
"""A password that is all letters which mean something in a URL."""


@pytest.fixture(scope="module")
def values(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """What stands in the table's braces; by TCP the server is reached through a proxy."""
    url = urlsplit(postgres.create())
    folder = url.netloc.rpartition("@")[2]
    file = tmp_path_factory.mktemp("sqlite") / "x.sqlite3"
    with forwarded_to(Path(unquote(folder)) / ".s.PGSQL.5432") as port:
        yield {
            "user": "postgres",
            "odd": quote(ODD, safe=""),
            "tcp": f"127.0.0.1:{port}",
            "port": port,
            "folder": folder,
            "db": url.path[1:],
            "file": file,
        }


def test_what_can_never_work_is_refused() -> None:
    assert_each(REFUSED, lambda url: assert_refused("DATABASE_URL", url))
    assert_each(REFUSED[:3], lambda url: assert_refused("POSTGRES_URL", url))


def test_what_is_taken_answers(values: dict[str, Any], django_db_blocker: DjangoDbBlocker) -> None:
    def answers(url: str) -> None:
        settings = started({"DATABASE_URL": url.format(**values)})
        silent_seconds = settings["DATABASES"]["default"]["OPTIONS"].get("silent_seconds")
        connection = ConnectionHandler(settings["DATABASES"])["default"]
        with closing(connection), connection.cursor() as cursor:
            cursor.execute("SELECT 41 + 1")
            assert cursor.fetchone() == (42,)
        connections_of_this_process(silent_seconds).end()  # its thread
        if "{odd}" in url:
            assert settings["DATABASES"]["default"]["PASSWORD"] == ODD

    try:
        with django_db_blocker.unblock():
            assert_each(TAKEN, answers)
    finally:
        connections_of_this_process.cache_clear()


def test_a_hint_names_percent_encoding() -> None:
    for url in ("postgres://u:p#w@h/db", "postgres://u:p/w@h/db", "postgres://u:1/w@h/db"):
        assert "# is written %23" in faults_of({"DATABASE_URL": url})[0]


def test_the_parameter_is_named() -> None:
    assert "'schema'" in faults_of({"DATABASE_URL": "postgres://u@h/db?schema=x"})[0]
