"""What shuttle/commit/store.py promises, asked of the database's store and of the tests' fake."""

from __future__ import annotations

import os
import uuid
from typing import Any

import pytest

from events.kafka.cluster import Span
from events.kafka.records import TopicPartition
from shuttle.commit.store import (
    Claim,
    CursorChange,
    FeedStatus,
    Place,
    Refused,
    Speaker,
    Tries,
)
from shuttle.feed.stored_rows import StoredCursor
from tests.support.store_stage import StoreStage

pytestmark = pytest.mark.django_db

P0, P1 = TopicPartition("gs", 0), TopicPartition("gs", 1)
MINE, THEIRS = Claim("mine", "log1"), Claim("theirs", "log1")
BOTH_MINE = {P0: MINE, P1: MINE}


def rows(at: dict[TopicPartition, int]) -> dict[TopicPartition, StoredCursor]:
    return {partition: StoredCursor(offset, "log1") for partition, offset in at.items()}


def change(
    drain: str, at: dict[TopicPartition, int], *gone: TopicPartition, version: int = 0
) -> CursorChange:
    return CursorChange(drain, version, at, gone)


@pytest.fixture
def drain(stage: StoreStage) -> str:
    """Behind in two partitions, which are ours."""
    drain = stage.new_drain()
    stage.store.take_over(BOTH_MINE)
    written = stage.store.write([change(drain, {P0: 5, P1: 7})], {}, BOTH_MINE)
    assert written == Refused()
    return drain


def cursors(stage: StoreStage, drain: str) -> dict[TopicPartition, StoredCursor]:
    return stage.store.cursors_of([drain]).get(drain, {})


def test_an_installation_keeps_its_id(stage: StoreStage) -> None:
    made = stage.store.installation()
    assert made
    assert " " not in made
    assert stage.store.installation() == made


def test_cursors_are_read_as_they_were_written(stage: StoreStage, drain: str) -> None:
    assert stage.store.take_over({P0: THEIRS}).cursors == {drain: rows({P0: 5})}
    assert stage.store.take_over(BOTH_MINE).cursors == {drain: rows({P0: 5, P1: 7})}


def test_all_cursors_of_some_drains_are_read(stage: StoreStage, drain: str) -> None:
    other = stage.new_drain()
    stage.store.write([change(other, {P1: 9})], {}, {P1: Claim("mine", "")})

    assert stage.store.cursors_of([drain]) == {drain: rows({P0: 5, P1: 7})}
    assert stage.store.cursors_of([drain, other])[other] == {P1: StoredCursor(9, "")}
    assert stage.store.cursors_of([str(uuid.uuid4())]) == stage.store.cursors_of([]) == {}


def test_rows_are_written_over_and_taken_away(stage: StoreStage, drain: str) -> None:
    assert stage.store.write([change(drain, {P0: 6}, P1)], {}, BOTH_MINE) == Refused()
    assert cursors(stage, drain) == rows({P0: 6})
    assert stage.store.write([change(drain, {}, P0, P1)], {}, BOTH_MINE) == Refused()
    assert cursors(stage, drain) == {}


def test_who_lost_a_partition_writes_nothing_of_it(stage: StoreStage, drain: str) -> None:
    stage.store.take_over({P0: THEIRS})

    lost = stage.store.write([change(drain, {P1: 9}, P0)], {}, BOTH_MINE)
    assert lost == Refused(frozenset({P0}))
    assert cursors(stage, drain) == rows({P0: 5, P1: 9})


def test_a_partition_that_was_never_claimed_is_not_written(stage: StoreStage) -> None:
    drain = stage.new_drain()
    assert stage.store.write([change(drain, {P0: 5})], {}, {}) == Refused(frozenset({P0}))
    assert stage.store.write([change(drain, {P0: 5})], {}, {P0: MINE}) == Refused(frozenset({P0}))
    assert cursors(stage, drain) == {}


def test_a_drain_that_is_deleted_meanwhile_does_not_fail_the_others(
    stage: StoreStage, drain: str
) -> None:
    other = stage.new_drain()
    stage.delete(drain)

    changes = [change(each, {P0: 8}) for each in (drain, other)]
    assert stage.store.write(changes, {}, BOTH_MINE) == Refused()
    assert stage.store.cursors_of([drain, other]) == {other: rows({P0: 8})}


def test_rows_of_a_log_that_is_no_more_are_taken_away(stage: StoreStage, drain: str) -> None:
    taken = stage.store.take_over({P0: Claim("next", "log2"), P1: Claim("next", "")})

    assert {which: list(gone) for which, gone in taken.outdated.items()} == {drain: [P0]}
    assert taken.cursors == {drain: rows({P1: 7})}
    assert cursors(stage, drain) == rows({P1: 7})


def test_how_far_the_group_has_got_is_told_to_the_next(stage: StoreStage) -> None:
    stage.store.take_over(BOTH_MINE)
    assert stage.store.write([], {P0: 30}, BOTH_MINE) == Refused()
    assert stage.store.write([], {P0: 31, P1: 8}, BOTH_MINE) == Refused()

    assert stage.store.take_over({P0: THEIRS}).offsets == {P0: 31}
    assert stage.store.take_over(BOTH_MINE).offsets == {P0: 31, P1: 8}


def test_tries_are_counted_until_one_says_that_it_held_or_gave_back(stage: StoreStage) -> None:
    def tries(claims: dict[TopicPartition, Claim]) -> dict[TopicPartition, int]:
        return dict(stage.store.take_over(claims).tries)

    assert [tries({P0: THEIRS}), tries(BOTH_MINE)] == [{P0: 1}, {P0: 2, P1: 1}]
    stage.store.set_tries({P0: MINE}, Tries.GIVEN_BACK)
    assert tries({P0: THEIRS, P1: THEIRS}) == {P0: 1, P1: 2}
    stage.store.set_tries(BOTH_MINE, Tries.GIVEN_BACK)  # they are another's by now
    stage.store.set_tries({P1: THEIRS}, Tries.FELL)
    assert tries(BOTH_MINE) == {P0: 2, P1: 3}
    stage.store.set_tries(BOTH_MINE, Tries.HELD)
    assert tries({P1: THEIRS}) == {P1: 2}


def test_who_asks_again_is_counted_once(stage: StoreStage) -> None:
    """Its commit may have been done although nobody heard of it."""
    stage.store.take_over({P0: THEIRS})
    assert [dict(stage.store.take_over(BOTH_MINE).tries) for _ in range(3)] == [{P0: 2, P1: 1}] * 3


def test_records_that_nobody_is_to_read_are_told_to_the_next(stage: StoreStage) -> None:
    assert stage.store.take_over(BOTH_MINE).deadly == {}
    for offset in (7, 5, 7):
        stage.store.leave_out(P0, offset, MINE)
    stage.store.leave_out(P1, 8, THEIRS)
    assert {p: list(of) for p, of in stage.store.take_over(BOTH_MINE).deadly.items()} == {
        P0: [5, 7]
    }
    stage.store.write([], {P0: 9}, BOTH_MINE)
    assert stage.store.take_over({P0: Claim("next", "log2")}).deadly == {}
    assert stage.store.take_over({P0: MINE}).deadly == {}


def test_who_lost_a_partition_does_not_write_how_far_it_got(stage: StoreStage) -> None:
    stage.store.take_over(BOTH_MINE)
    stage.store.take_over({P0: THEIRS})

    assert stage.store.write([], {P0: 30, P1: 40}, BOTH_MINE) == Refused(frozenset({P0}))
    assert stage.store.take_over({P0: THEIRS, P1: MINE}).offsets == {P1: 40}


@pytest.mark.parametrize(
    ("written", "now", "counts"),
    [("log1", "log1", True), ("log1", "log2", False), ("log1", "", True), ("", "log2", True)],
)
def test_how_far_it_had_got_in_another_log_says_nothing(
    stage: StoreStage, written: str, now: str, counts: bool
) -> None:
    first = {P0: Claim("first", written)}
    stage.store.take_over(first)
    stage.store.write([], {P0: 30}, first)

    assert stage.store.take_over({P0: Claim("next", now)}).offsets == ({P0: 30} if counts else {})


def test_rows_that_somebody_else_has_written_stand_until_they_are_read(
    stage: StoreStage, drain: str
) -> None:
    other = stage.new_drain()
    stage.count_up_version(drain)

    changes = [change(drain, {P0: 9}, P1), change(other, {P0: 9})]
    assert stage.store.write(changes, {P0: 30}, BOTH_MINE) == Refused(drains=frozenset({drain}))
    assert (cursors(stage, drain), cursors(stage, other)) == (rows({P0: 5, P1: 7}), rows({P0: 9}))
    assert stage.store.write([change(drain, {P0: 9}, P1, version=1)], {}, BOTH_MINE) == Refused()
    assert cursors(stage, drain) == rows({P0: 9})


def test_a_start_is_written_by_who_is_first(stage: StoreStage) -> None:
    drain = stage.new_drain(start_pending=True)
    version = stage.store.route_mark()
    stage.store.write_start(drain, [Span(P0, "log1", 60, 500)])
    stage.store.write_start(drain, [Span(P0, "log1", 70, 500), Span(P1, "log1", 1, 2)])
    stage.store.write_start(str(uuid.uuid4()), [Span(P0, "log1", 60, 500)])

    assert cursors(stage, drain) == rows({P0: 60})
    changes = stage.store.route_changes(version)
    assert changes.mark == stage.store.route_mark() > version
    (route,) = (route for route in changes.routes if route.drain_id == drain)
    assert (route.start_pending, route.cursor_version) == (False, 1)


def test_routes_are_of_the_drains_that_there_are(stage: StoreStage, drain: str) -> None:
    other = stage.new_drain()
    assert {route.drain_id for route in stage.store.route_changes(None).routes} == {drain, other}
    stage.delete(drain)
    assert {route.drain_id for route in stage.store.route_changes(None).routes} == {other}


# What is said of drains.

HERE = Place("host", 0, os.getpid())


def word(drain: str, sent: int, **more: Any) -> FeedStatus:
    return FeedStatus(drain, "live", "", None, None, lines_sent=sent, **more)


def lines_told(stage: StoreStage, speaker: Speaker, *drains: str) -> dict[str, int]:
    told = stage.store.told(speaker, drains)
    return {of: told[of].status.lines_sent for of in drains if of in told}


def test_what_a_former_run_has_said_is_read_under_its_name(stage: StoreStage, drain: str) -> None:
    first = stage.store.take_name(HERE, "first")
    assert stage.store.publish(first, [word(drain, 5, sent_by_minute="1 2 3", sent_by_quarter="4")])
    assert stage.store.publish(first, [word(drain, 6)])
    second = stage.store.take_name(HERE, "second")
    assert (first.name, second.run) == (second.name, "second")
    found = stage.store.told(second, [drain, str(uuid.uuid4())])
    assert found[drain].status == word(drain, 6, sent_by_minute="1 2 3", sent_by_quarter="4")
    assert len(found) == 1


def test_a_name_that_is_anothers_by_now_is_told_to_be(stage: StoreStage, drain: str) -> None:
    first = stage.store.take_name(HERE, "first")
    assert stage.store.beat(first)
    second = stage.store.take_name(HERE, "second")
    assert not stage.store.beat(first)
    assert not stage.store.publish(first, [word(drain, 5)])
    assert lines_told(stage, second, drain) == {}
    third = stage.store.take_name(HERE, "third", is_start=False)
    assert third.name not in (second.name, "")
    assert stage.store.beat(second)


def test_workers_of_one_host_have_names_of_their_own(stage: StoreStage) -> None:
    elsewhere = HERE._replace(host="other")
    slots = [HERE, HERE._replace(slot=1), elsewhere]
    names = {stage.store.take_name(at, f"run {n}").name for n, at in enumerate(slots)}
    assert names == {"host:0", "host:1", "other:0"}


def test_who_has_ended_has_no_name_any_more(stage: StoreStage) -> None:
    first = stage.store.take_name(HERE, "first")
    assert stage.store.beat(first, has_ended=True)
    assert stage.store.publish(first, []), "what it says now is its last"
    again = stage.store.take_name(HERE, "second", is_start=False)
    assert again.name == first.name
    assert not stage.store.publish(first, [word(stage.new_drain(), 1)])


def test_of_a_drain_that_is_deleted_nothing_is_said(stage: StoreStage, drain: str) -> None:
    other = stage.new_drain()
    speaker = stage.store.take_name(HERE, "run")
    stage.delete(drain)
    assert stage.store.publish(speaker, [word(drain, 1), word(other, 2)])
    assert lines_told(stage, speaker, drain, other) == {other: 2}
