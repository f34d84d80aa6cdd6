"""Where a replay asks Kafka for the first record that is young enough, and how often at most."""

from __future__ import annotations

from shuttle.feed.look_ups import AGAIN_RECORDS as AGAIN
from shuttle.feed.look_ups import LookUps
from tests.support.feed_bench import P0, P1


def test_a_look_up_is_due_behind_a_record_that_was_too_old() -> None:
    made = LookUps()
    made.too_old_before(P0, 10)
    made.too_old_before(P0, 20)
    assert made.due == {P0: 20}


def test_nothing_is_looked_up_twice_without_progress_between() -> None:
    made = LookUps()
    made.too_old_before(P0, 10)
    made.answered(P0, 10)
    assert made.due == {}

    made.too_old_before(P0, 10 + AGAIN - 1)
    made.too_old_before(P1, 11)
    assert made.due == {P1: 11}
    made.too_old_before(P0, 10 + AGAIN)
    assert made.due == {P0: 10 + AGAIN, P1: 11}


def test_a_look_up_waits_for_a_replay_that_stepped_back() -> None:
    made = LookUps()
    made.too_old_before(P0, 10)
    made.too_old_before(P1, 10)
    assert made.wanted({P0: 10, P1: 9}) == {P0: 10}
    assert made.wanted({P0: 9, P1: 12}) == {P1: 10}
    assert made.wanted({}) == {}


def test_a_partition_that_came_back_may_be_looked_up_at_once() -> None:
    made = LookUps()
    made.too_old_before(P0, 10)
    made.answered(P0, 10)
    made.too_old_before(P1, 10)
    made.forget(P0)
    made.forget(P1)
    assert made.due == {}
    made.too_old_before(P0, 11)
    assert made.due == {P0: 11}
