"""How much is sent again after one reset, and after the next."""

from __future__ import annotations

import pytest

from drains.delivery.senders.checkpoints import NO_STEP_BACK, StepBack
from shuttle.feed.resend_guard import (
    FULL_RESETS,
    GAIN,
    PORTION_BYTES_MIN,
    STANDS_SECONDS,
    ResendGuard,
)
from shuttle.feed.writes import Write
from tests.support.feed_bench import P0, P1, records

ALL, HALF = StepBack(), StepBack().halved()
MIB = 1024 * 1024


def write(begin: int, size: int = 1000, *, confirmed: bool = True) -> Write:
    made = Write(1, 0.0, has_cursor=True)
    made.add(records(begin), 1)
    made.add(records(begin, P1), 1)
    made.size, made.confirmed = size, confirmed
    return made


@pytest.fixture
def guard() -> ResendGuard:
    """After so many resets that the next guards half as much."""
    made = ResendGuard()
    for _ in range(FULL_RESETS):
        assert made.step_back == ALL
        made.sent_again([write(10)], 1000)
    return made


def test_less_and_less_is_sent_again(guard: ResendGuard) -> None:
    assert guard.step_back == HALF
    guard.sent_again([write(9)], 1000)
    assert guard.step_back == NO_STEP_BACK


def test_all_of_it_once_everything_that_was_sent_is_confirmed_again(guard: ResendGuard) -> None:
    first, both = Write(2, 0.0, has_cursor=True), write(10)
    first.add(records(10), 1)

    guard.confirmed(first)
    assert guard.step_back == HALF
    guard.confirmed(both)
    assert guard.step_back == ALL


def test_all_of_it_for_a_connection_that_got_far_in_other_partitions(guard: ResendGuard) -> None:
    guard.progressed(int(1000 * GAIN))
    assert guard.step_back == HALF
    guard.progressed(int(1000 * GAIN) + 1)
    assert guard.step_back == ALL


def test_the_largest_of_several_resets_is_what_is_to_be_outdone(guard: ResendGuard) -> None:
    guard.sent_again([write(9, 5000), write(8, MIB, confirmed=False)], MIB)
    guard.sent_again([write(9, 10)], MIB)

    guard.progressed(int(5000 * GAIN))
    assert guard.step_back == NO_STEP_BACK
    guard.progressed(int(5000 * GAIN) + 1)
    assert guard.step_back == ALL


def test_a_partition_that_is_anothers_is_waited_for_no_more(guard: ResendGuard) -> None:
    guard.forget(P0)
    assert guard.step_back == HALF
    guard.forget(P1)
    assert guard.step_back == ALL


def test_after_a_second_reset_a_part_has_to_stand_before_the_next_is_sent() -> None:
    guard = ResendGuard()
    guard.sent_again([write(10)], MIB)
    guard.sent(10 * MIB, now=0.0)
    assert guard.may_send(now=0.0), "one reset is nothing"

    guard.sent_again([write(10)], MIB)
    guard.sent(MIB // 2 - 1, now=1.0)
    assert guard.may_send(now=1.0)
    guard.sent(1, now=2.0)
    assert not guard.may_send(now=2.0 + STANDS_SECONDS - 0.1)
    assert guard.may_send(now=2.0 + STANDS_SECONDS)
    guard.sent(MIB - 1, now=9.0)
    assert guard.may_send(now=9.0), "the next may be twice as large"

    guard.progressed(2 * MIB)
    guard.sent(10 * MIB, now=9.0)
    assert guard.may_send(now=9.0), "it has got on"


def test_parts_become_smaller_with_each_reset_down_to_some_writes() -> None:
    guard = ResendGuard()
    for _ in range(3):
        guard.sent_again([write(10)], MIB)
    guard.sent(MIB // 4, now=0.0)
    assert not guard.may_send(now=1.0)

    for _ in range(9):
        guard.sent_again([write(10)], 0)
    guard.sent(PORTION_BYTES_MIN - 1, now=0.0)
    assert guard.may_send(now=1.0)
