"""The worker's store, in Django's database."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from drains.models import Drain, DrainCursor, DrainStatus
from drains.services import create_drain, delete_drain
from events.kafka.cluster import Span
from events.kafka.records import TopicPartition
from events.keys import AppKey
from shuttle.commit.database_store import DatabaseStore
from shuttle.commit.status_rows import FORGOTTEN
from shuttle.commit.store import Claim, CursorChange, FeedStatus, Refused
from shuttle.feed.stored_rows import StoredCursor

pytestmark = pytest.mark.django_db

P0, P1 = TopicPartition("gs", 0), TopicPartition("gs", 1)
MINE, THEIRS = Claim("mine", "log1"), Claim("theirs", "log1")


@pytest.fixture
def drain() -> Drain:
    return create_drain(AppKey("gold", "gs"), "syslog://logs.example.com:514")


@pytest.fixture
def store() -> DatabaseStore:
    return DatabaseStore("logshuttle")


def offsets(drain: Drain) -> dict[TopicPartition, int]:
    return {TopicPartition(row.topic, row.partition): row.offset for row in drain.cursors.all()}


def rows(at: dict[TopicPartition, int]) -> dict[TopicPartition, StoredCursor]:
    return {partition: StoredCursor(offset, "log1") for partition, offset in at.items()}


def test_cursors_are_read_as_they_were_written(store: DatabaseStore, drain: Drain) -> None:
    store.take_over({P0: MINE, P1: MINE})
    store.write([CursorChange(str(drain.pk), 0, {P0: 5, P1: 7}, [])], {}, {P0: MINE, P1: MINE})

    assert store.take_over({P0: THEIRS}).cursors == {str(drain.pk): rows({P0: 5})}
    assert store.take_over({P0: MINE, P1: MINE}).cursors == {str(drain.pk): rows({P0: 5, P1: 7})}


def test_who_lost_a_partition_writes_nothing_of_it(store: DatabaseStore, drain: Drain) -> None:
    store.take_over({P0: MINE, P1: MINE})
    store.write([CursorChange(str(drain.pk), 0, {P0: 5, P1: 5}, [])], {}, {P0: MINE, P1: MINE})
    store.take_over({P0: THEIRS})

    lost = store.write([CursorChange(str(drain.pk), 0, {P1: 9}, [P0])], {}, {P0: MINE, P1: MINE})

    assert lost == Refused(frozenset({P0}))
    assert offsets(drain) == {P0: 5, P1: 9}


def test_a_partition_that_was_never_claimed_is_not_written(
    store: DatabaseStore, drain: Drain
) -> None:
    lost = store.write([CursorChange(str(drain.pk), 0, {P0: 5}, [])], {}, {})

    assert lost == Refused(frozenset({P0}))
    assert offsets(drain) == {}


def test_a_drain_that_is_deleted_meanwhile_does_not_fail_the_others(
    store: DatabaseStore, drain: Drain
) -> None:
    other = create_drain(AppKey("gold", "gs"), "syslog://logs.example.com:601")
    store.take_over({P0: MINE})
    delete_drain(drain)

    changes = [CursorChange(str(each.pk), 0, {P0: 5}, []) for each in (drain, other)]
    assert store.write(changes, {}, {P0: MINE}) == Refused()

    assert offsets(other) == {P0: 5}
    assert DrainCursor.objects.count() == 1


def test_rows_of_a_log_that_is_no_more_are_taken_away(store: DatabaseStore, drain: Drain) -> None:
    store.take_over({P0: MINE, P1: MINE})
    store.write([CursorChange(str(drain.pk), 0, {P0: 5, P1: 6}, [])], {}, {P0: MINE, P1: MINE})

    taken = store.take_over({P0: Claim("next", "log2"), P1: Claim("next", "")})

    assert taken.outdated == {str(drain.pk): [P0]}
    assert taken.cursors == {str(drain.pk): rows({P1: 6})}
    assert offsets(drain) == {P1: 6}


def test_all_cursors_of_some_drains_are_read(store: DatabaseStore, drain: Drain) -> None:
    other = create_drain(AppKey("gold", "gs"), "syslog://logs.example.com:601")
    store.take_over({P0: MINE, P1: MINE})
    changes = [CursorChange(str(each.pk), 0, {P0: 5, P1: 7}, []) for each in (drain, other)]
    store.write(changes, {}, {P0: MINE, P1: Claim("mine", "")})

    assert store.cursors_of([str(drain.pk)]) == {
        str(drain.pk): {P0: StoredCursor(5, "log1"), P1: StoredCursor(7, "")}
    }
    assert store.cursors_of([str(uuid.uuid4())]) == store.cursors_of([]) == {}


def test_how_far_the_group_has_got_is_told_to_the_next(store: DatabaseStore) -> None:
    store.take_over({P0: MINE, P1: MINE})
    assert store.write([], {P0: 30}, {P0: MINE, P1: MINE}) == Refused()
    assert store.write([], {P0: 31, P1: 8}, {P0: MINE, P1: MINE}) == Refused()

    assert store.take_over({P0: THEIRS}).offsets == {P0: 31}
    assert store.take_over({P0: MINE, P1: MINE}).offsets == {P0: 31, P1: 8}


@pytest.mark.parametrize(
    ("written", "now", "counts"),
    [("log1", "log1", True), ("log1", "log2", False), ("log1", "", True), ("", "log2", True)],
)
def test_how_far_it_had_got_in_another_log_says_nothing(
    store: DatabaseStore, written: str, now: str, counts: bool
) -> None:
    first = {P0: Claim("first", written)}
    store.take_over(first)
    store.write([], {P0: 30}, first)

    assert store.take_over({P0: Claim("next", now)}).offsets == ({P0: 30} if counts else {})


def test_groups_have_nothing_to_do_with_each_other(store: DatabaseStore) -> None:
    other = DatabaseStore("another")
    store.take_over({P0: MINE})
    other.take_over({P0: THEIRS})
    assert store.write([], {P0: 30}, {P0: MINE}) == Refused()
    assert other.write([], {P0: 40}, {P0: THEIRS}) == Refused()

    assert store.take_over({P0: MINE}).offsets == {P0: 30}
    assert other.take_over({P0: THEIRS}).offsets == {P0: 40}


def test_who_lost_a_partition_does_not_write_how_far_it_got(store: DatabaseStore) -> None:
    store.take_over({P0: MINE, P1: MINE})
    store.take_over({P0: THEIRS})

    lost = store.write([], {P0: 30, P1: 40}, {P0: MINE, P1: MINE})
    assert lost == Refused(frozenset({P0}))
    assert store.take_over({P0: THEIRS, P1: MINE}).offsets == {P1: 40}


def test_rows_that_somebody_else_has_written_stand_until_they_are_read(
    store: DatabaseStore, drain: Drain
) -> None:
    other = create_drain(AppKey("gold", "gs"), "syslog://logs.example.com:601")
    store.take_over({P0: MINE, P1: MINE})
    claims = {P0: MINE, P1: MINE}
    store.write([CursorChange(str(drain.pk), 0, {P0: 5, P1: 5}, [])], {}, claims)
    Drain.objects.filter(pk=drain.pk).update(cursor_version=1)

    changes = [
        CursorChange(str(drain.pk), 0, {P0: 9}, [P1]),
        CursorChange(str(other.pk), 0, {P0: 9}, []),
    ]
    refused = store.write(changes, {P0: 30}, claims)

    assert refused == Refused(drains=frozenset({str(drain.pk)}))
    assert (offsets(drain), offsets(other)) == ({P0: 5, P1: 5}, {P0: 9})
    assert store.write([changes[0]._replace(cursor_version=1)], {}, claims) == Refused()
    assert offsets(drain) == {P0: 9}


def test_a_start_is_written_by_who_is_first(store: DatabaseStore, drain: Drain) -> None:
    Drain.objects.filter(pk=drain.pk).update(start_pending=True)
    version = store.route_version()
    store.write_start(str(drain.pk), [Span(P0, "log1", 60, 500)])
    store.write_start(str(drain.pk), [Span(P0, "log1", 70, 500), Span(P1, "log1", 1, 2)])
    store.write_start(str(uuid.uuid4()), [Span(P0, "log1", 60, 500)])

    assert store.cursors_of([str(drain.pk)]) == {str(drain.pk): {P0: StoredCursor(60, "log1")}}
    drain.refresh_from_db()
    assert (drain.start_pending, drain.cursor_version) == (False, 1)
    assert store.route_version() > version


def sent(drain: Drain, lines: int) -> FeedStatus:
    return FeedStatus(str(drain.pk), "live", "", None, None, lines_sent=lines, bytes_sent=9)


def test_what_workers_of_long_ago_have_sent_is_kept_in_one_row(
    store: DatabaseStore, drain: Drain
) -> None:
    for worker, lines in [("first", 100), ("second", 20)]:
        store.publish(worker, [sent(drain, lines)])
        drain.statuses.filter(worker=worker).update(reported_at=timezone.now() - FORGOTTEN)
    store.publish("third", [sent(drain, 3)])
    store.publish("third", [sent(drain, 4)])

    rows = DrainStatus.objects.order_by("worker").values_list("worker", "lines_sent", "bytes_sent")
    assert list(rows) == [("", 120, 18), ("third", 4, 9)]

    drain.statuses.filter(worker="third").update(reported_at=timezone.now() - FORGOTTEN)
    store.publish("fourth", [sent(drain, 1)])

    assert sum(row[1] for row in rows.all()) == 125
    assert drain.statuses.count() == 2
