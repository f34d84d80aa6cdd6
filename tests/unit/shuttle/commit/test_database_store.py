"""The worker's store, in Django's database."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from drains import selectors
from drains.models import Drain, DrainStatus, Heartbeat, Installation
from drains.services import change_drain, create_drain
from drains.status import status_of
from events.database_faults import DatabaseFault
from events.kafka.records import TopicPartition
from events.keys import AppKey
from shuttle.commit import status_rows
from shuttle.commit.database_store import DatabaseStore
from shuttle.commit.past_rows import PATIENCE
from shuttle.commit.store import Claim, FeedStatus, Refused, StoreError
from tests.support.reports import alive, dead

pytestmark = pytest.mark.django_db

P0 = TopicPartition("gs", 0)
MINE, THEIRS = Claim("mine", "log1"), Claim("theirs", "log1")


@pytest.fixture
def drain() -> Drain:
    return create_drain(AppKey("gold", "gs"), "syslog://logs.example.com:514")


@pytest.fixture
def store() -> DatabaseStore:
    return DatabaseStore("logshuttle")


def test_groups_have_nothing_to_do_with_each_other(store: DatabaseStore) -> None:
    other = DatabaseStore("another")
    store.take_over({P0: MINE})
    other.take_over({P0: THEIRS})
    assert store.write([], {P0: 30}, {P0: MINE}) == Refused()
    assert other.write([], {P0: 40}, {P0: THEIRS}) == Refused()

    assert store.take_over({P0: MINE}).offsets == {P0: 30}
    assert other.take_over({P0: THEIRS}).offsets == {P0: 40}


def sent(drain: Drain, lines: int) -> FeedStatus:
    return FeedStatus(str(drain.pk), "live", "", None, None, lines_sent=lines, lines_cut=1)


def test_no_transaction_holds_more_than_some_of_a_workers_drains(
    store: DatabaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them at once, as a worker's last words are, would hold up whoever changes one."""
    monkeypatch.setattr(status_rows, "ROWS_AT_ONCE", 2)
    drains = [
        create_drain(AppKey("gold", "gs"), f"syslog://h:{port}") for port in range(1514, 1519)
    ]
    with CaptureQueriesContext(connection) as queries:
        store.publish(alive("a"), [said(drain, "live") for drain in drains])

    begun = [query for query in queries if query["sql"].startswith('UPDATE "drains_heartbeat"')]
    assert len(begun) == 4, "one is of the worker that is made for the test"
    assert DrainStatus.objects.count() == 5
    assert {stored(drain)[0] for drain in drains} == {"live"}


# The state of a drain, for lists.


def said(drain: Drain, state: str, lines: int = 1) -> FeedStatus:
    return sent(drain, lines)._replace(state=state)


def stored(drain: Drain) -> tuple[str, datetime | None]:
    drain.refresh_from_db()
    return drain.state, drain.state_since


def test_the_worst_that_workers_say_is_stored_with_the_moment_since_when(
    store: DatabaseStore, drain: Drain
) -> None:
    assert stored(drain) == ("", None)
    store.publish(alive("a"), [said(drain, "live", lines=0)])
    assert stored(drain)[0] == "new"
    store.publish(alive("a"), [said(drain, "live")])
    state, since = stored(drain)
    assert (state, status_of(drain).state_since) == ("live", since)

    store.publish(alive("b"), [said(drain, "failing")])
    worse = stored(drain)
    assert worse[0] == "failing"
    store.publish(alive("a"), [said(drain, "replaying")])
    store.publish(alive("b"), [said(drain, "failing")])
    assert stored(drain) == worse, "it is not news"

    dead("b")
    store.publish(alive("a"), [said(drain, "live")])
    assert stored(drain)[0] == "live"


def test_a_state_that_is_stored_makes_nobody_read_the_drain_again(
    store: DatabaseStore, drain: Drain
) -> None:
    before = drain.updated_at, store.route_mark()
    store.publish(alive("a"), [said(drain, "failing")])
    drain.refresh_from_db()
    assert (drain.updated_at, store.route_mark()) == before


def test_of_a_paused_drain_it_is_stored_that_it_is(store: DatabaseStore, drain: Drain) -> None:
    change_drain(drain, paused=True)
    store.publish(alive("a"), [said(drain, "failing")])
    assert stored(drain)[0] == "paused"


def test_who_has_ended_has_no_say_and_when_all_have_nothing_is_known(
    store: DatabaseStore, drain: Drain
) -> None:
    store.publish(alive("a"), [said(drain, "live")])
    store.publish(alive("b"), [said(drain, "replaying")])
    store.publish(alive("b"), [said(drain, "")])
    assert (stored(drain)[0], status_of(drain).state) == ("replaying", "live")
    Heartbeat.objects.update(began_at=timezone.now() - PATIENCE)
    store.put_right()
    assert stored(drain)[0] == "live"
    store.publish(alive("a"), [said(drain, "")])
    assert stored(drain)[0] == status_of(drain).state == "live", "nobody says else"
    for name in "ab":
        store.beat(alive(name), has_ended=True)
    assert (stored(drain)[0], status_of(drain).state) == ("live", "unknown")


def test_a_drain_has_delivered_when_any_worker_ever_has(store: DatabaseStore, drain: Drain) -> None:
    (route,) = store.route_changes(None).routes
    assert not route.has_delivered
    store.publish(alive("a"), [said(drain, "live")])
    (route,) = store.route_changes(None).routes
    assert route.has_delivered


def test_lists_do_without_what_only_a_drains_page_shows(store: DatabaseStore, drain: Drain) -> None:
    store.publish(alive("w1"), [sent(drain, 1)])
    (listed,) = Drain.objects.prefetch_related("statuses")[0].statuses.all()
    assert listed.get_deferred_fields() == {"sent_by_quarter"}
    assert drain.statuses.defer(None)[0].get_deferred_fields() == set()


# What the database says besides an answer.


class OutOfRoomError(sqlite3.OperationalError):
    sqlite_errorname = "SQLITE_FULL"


@pytest.mark.parametrize(
    ("raised", "said", "fault"),
    [
        (sqlite3.OperationalError("disk I/O"), "it is away: disk I/O", DatabaseFault.AWAY),
        (sqlite3.ProgrammingError("closed cursor"), "closed cursor", None),
        (OutOfRoomError("no space"), "it has no room left: no space", DatabaseFault.FULL),
        (IntegrityError("twice"), "twice", None),
    ],
    ids=lambda of: type(of).__name__,
)
def test_no_error_of_a_driver_or_of_django_ends_a_worker(
    raised: Exception,
    said: str,
    fault: DatabaseFault | None,
    store: DatabaseStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked() -> Any:
        raise raised

    monkeypatch.setattr(selectors, "route_mark", asked)
    monkeypatch.setattr(connection, "close", lambda: None)  # the test is in a transaction of it
    with pytest.raises(StoreError) as error:
        store.route_mark()
    assert (str(error.value), error.value.fault) == (said, fault)


def test_a_fault_of_ours_is_no_word_of_the_database(
    store: DatabaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "route_mark", lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        store.route_mark()


def test_that_migrate_has_not_run_is_said_where_something_is_missing(
    store: DatabaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "close", lambda: None)
    with connection.cursor() as cursor:  # in the test's transaction
        cursor.execute(f"ALTER TABLE {Installation._meta.db_table} RENAME TO elsewhere")
    with pytest.raises(StoreError, match=r"`manage\.py migrate` has not run: no such table"):
        store.installation()
