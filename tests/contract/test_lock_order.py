"""Everybody locks a drain's row before the rows that hang on it, on PostgreSQL: who did it the
other way round would wait for those who wait for it."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from drains import services
from drains.models import Drain
from events.keys import AppKey
from shuttle.commit.database_store import DatabaseStore
from shuttle.commit.store import FeedStatus


def new_drain(port: int) -> Drain:
    return services.create_drain(AppKey("gold", "gs"), f"syslog://h:{port}")


def first(queries: CaptureQueriesContext, *words: str) -> int:
    """Where in the order of statements that one is first that has all these words."""
    said = [query["sql"] for query in queries]
    return next(at for at, sql in enumerate(said) if all(word in sql for word in words))


def test_a_drain_is_locked_before_its_rows_are_deleted(in_postgres: None) -> None:
    drain = new_drain(514)
    with CaptureQueriesContext(connection) as queries:
        services.delete_drain(drain)
    locked = first(queries, 'FROM "drains_drain"', "FOR UPDATE")
    assert locked < first(queries, "drains_drainstatus")
    assert locked < first(queries, "drains_draincursor")


def test_drains_are_locked_in_one_order_before_their_statuses_are_written(
    in_postgres: None,
) -> None:
    said = [FeedStatus(str(new_drain(p).pk), "live", "", None, None) for p in (1514, 2514)]
    with CaptureQueriesContext(connection) as queries:
        DatabaseStore("logshuttle").publish("me", said)
    locked = first(queries, 'FROM "drains_drain"', "ORDER BY 1 ASC", "FOR NO KEY UPDATE")
    assert locked < first(queries, "drains_drainstatus")
