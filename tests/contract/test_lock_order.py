"""Everybody locks a drain's row before the rows that hang on it, on PostgreSQL: who did it the
other way round would wait for those who wait for it."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from drains import services
from drains.models import Drain, DrainCursor
from events.kafka.records import TopicPartition
from events.keys import AppKey
from shuttle.commit.database_store import DatabaseStore
from shuttle.commit.store import Claim, FeedStatus
from tests.support.reports import alive


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


def test_a_drain_is_locked_before_it_forgets_a_receivers_certificate(in_postgres: None) -> None:
    drain = new_drain(514)
    with CaptureQueriesContext(connection) as queries:
        services.change_drain(drain, url="syslog://other:514")
    locked = first(queries, 'FROM "drains_drain"', "FOR UPDATE")
    assert locked < first(queries, 'UPDATE "drains_drainstatus"')


def test_drains_are_locked_in_one_order_before_their_statuses_are_written(
    in_postgres: None,
) -> None:
    said = [FeedStatus(str(new_drain(p).pk), "live", "", None, None) for p in (1514, 2514)]
    with CaptureQueriesContext(connection) as queries:
        DatabaseStore("logshuttle").publish(alive("me"), said)
    locked = first(queries, 'FROM "drains_drain"', "ORDER BY 1 ASC", "FOR NO KEY UPDATE")
    assert locked < first(queries, 'INSERT INTO "drains_drainstatus"')


def test_no_drain_is_locked_for_figures_alone(in_postgres: None) -> None:
    said = FeedStatus(str(new_drain(514).pk), "failing", "refused", 1.0, None, lines_sent=1)
    store, speaker = DatabaseStore("logshuttle"), alive("me")
    store.publish(speaker, [said])
    with CaptureQueriesContext(connection) as queries:
        store.publish(speaker, [said._replace(lines_sent=2, lag_messages=7)])
    assert not [query for query in queries if "FOR NO KEY UPDATE" in query["sql"]]


def test_claims_are_locked_in_one_order_before_they_are_taken_over(in_postgres: None) -> None:
    """As whoever writes cursors locks them. By their names two would wait for each other: those
    that were there first need not be the first by name."""
    store = DatabaseStore("logshuttle")
    claims = {TopicPartition("gs", number): Claim("mine", "log1") for number in (1, 0)}
    with CaptureQueriesContext(connection) as queries:
        store.take_over(claims)
    locked = first(queries, 'FROM "drains_partitionclaim"', '"id" ASC', "FOR UPDATE")
    assert locked < first(queries, 'INSERT INTO "drains_partitionclaim"')


def test_drains_are_locked_before_their_outdated_cursors_are_deleted(in_postgres: None) -> None:
    DrainCursor.objects.create(
        drain=new_drain(514), topic="gs", partition=0, offset=5, topic_id="log1"
    )
    with CaptureQueriesContext(connection) as queries:
        DatabaseStore("logshuttle").take_over({TopicPartition("gs", 0): Claim("mine", "log2")})
    locked = first(queries, 'FROM "drains_drain"', "ORDER BY 1 ASC", "FOR NO KEY UPDATE")
    claimed = first(queries, 'INSERT INTO "drains_partitionclaim"')
    assert claimed < locked < first(queries, 'DELETE FROM "drains_draincursor"')
