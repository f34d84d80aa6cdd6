"""Drains of one receiver are tried again together."""

from __future__ import annotations

import pytest

from shuttle.feed.retry_coordinator import AGAIN_SECONDS, TOGETHER_SECONDS, RetryCoordinator


class Waiting:
    def __init__(self, receiver: str) -> None:
        self.receiver = receiver
        self.tries = 0

    def try_soon(self) -> None:
        self.tries += 1


@pytest.fixture
def returning() -> RetryCoordinator[Waiting]:
    return RetryCoordinator()


def test_the_first_that_is_answered_calls_those_of_its_receiver(
    returning: RetryCoordinator[Waiting],
) -> None:
    first, second, third = Waiting("a"), Waiting("a"), Waiting("a")
    foreign = Waiting("b")
    for number, feed in enumerate((first, second, third, foreign)):
        returning.failed(feed, now=number * TOGETHER_SECONDS)
    returning.forget(third)

    returning.answered(first, now=100.0)

    assert [feed.tries for feed in (first, second, third, foreign)] == [0, 1, 0, 0]


def test_the_first_that_is_answered_calls_those_that_failed_when_it_did(
    returning: RetryCoordinator[Waiting],
) -> None:
    first, same_time, later = Waiting("a"), Waiting("b"), Waiting("c")
    returning.failed(first, now=0.0)
    returning.failed(same_time, now=TOGETHER_SECONDS / 2)
    returning.failed(later, now=TOGETHER_SECONDS)
    returning.failed(first, now=TOGETHER_SECONDS)  # it still does: when it began is what counts

    returning.answered(first, now=100.0)

    assert [feed.tries for feed in (first, same_time, later)] == [0, 1, 0]


def test_one_that_fails_again_and_again_calls_them_twice_a_minute_at_most(
    returning: RetryCoordinator[Waiting],
) -> None:
    flapping, other = Waiting("a"), Waiting("a")
    returning.failed(other, now=-TOGETHER_SECONDS)
    for now in range(0, 3 * int(AGAIN_SECONDS), 5):
        returning.failed(flapping, float(now))
        returning.answered(flapping, now=float(now))

    assert other.tries == 3


def test_one_alone_calls_nobody(returning: RetryCoordinator[Waiting]) -> None:
    alone = Waiting("a")
    returning.failed(alone, now=0.0)
    returning.answered(alone, now=0.0)
    returning.answered(alone, now=1.0)
    assert alone.tries == 0


def test_those_who_wait_no_more_leave_nothing_behind(returning: RetryCoordinator[Waiting]) -> None:
    feeds = [Waiting("a"), Waiting("b")]
    for feed in feeds:
        returning.failed(feed, now=0.0)
    for feed in feeds:
        returning.forget(feed)
    assert not any(vars(returning).values())
