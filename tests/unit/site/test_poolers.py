"""Poolers that take no time-outs of clients say so each in their own words."""

from __future__ import annotations

from typing import Any

import dj_database_url
import psycopg2
import pytest

from logshuttle_site.database.options import postgres_options
from logshuttle_site.database.postgresql import base
from logshuttle_site.database.postgresql.base import DatabaseWrapper
from logshuttle_site.database.postgresql.process_connections import ProcessConnections
from tests.support.strict_pooler import StrictPooler


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ProcessConnections(1, None)
    monkeypatch.setattr(base, "connections_of_this_process", lambda _: ours)
    monkeypatch.setattr(base, "_poolers", set())


def connect_twice(pooler: StrictPooler) -> None:
    parsed: Any = dj_database_url.parse(pooler.url)
    wrapper = DatabaseWrapper({**parsed, "OPTIONS": postgres_options({}, serves=True)})
    for _ in range(2):
        wrapper.get_new_connection(wrapper.get_connection_params()).close()


@pytest.mark.parametrize(
    "refusal",
    [
        "unsupported startup parameter in options: statement_timeout",
        "Feature not supported: RDS Proxy currently doesn't support command-line options.",
    ],
)
def test_who_takes_no_time_outs_is_asked_without_them(
    refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    with StrictPooler(refusal) as pooler:
        connect_twice(pooler)
    assert ["options" in asked for asked in pooler.asked] == [True, False, False]
    assert [line for line in caplog.messages if "takes no time-outs of ours" in line]
    assert len(caplog.messages) == 1


def test_any_other_refusal_stays_one() -> None:
    with StrictPooler("no such user") as pooler:
        with pytest.raises(psycopg2.OperationalError, match="no such user"):
            connect_twice(pooler)
        assert len(pooler.asked) == 1
