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
def retries() -> RetryCoordinator:
    return RetryCoordinator()


def test_the_first_that_is_answered_calls_those_of_its_receiver(
    retries: RetryCoordinator,
) -> None:
    first, second, third = Waiting("a"), Waiting("a"), Waiting("a")
    foreign = Waiting("b")
    for number, feed in enumerate((first, second, third, foreign)):
        retries.failed(feed, now=number * TOGETHER_SECONDS)
    retries.forget(third)

    retries.answered(first, now=100.0)

    assert [feed.tries for feed in (first, second, third, foreign)] == [0, 1, 0, 0]


def test_the_first_that_is_answered_calls_those_that_failed_when_it_did(
    retries: RetryCoordinator,
) -> None:
    first, same_time, later = Waiting("a"), Waiting("b"), Waiting("c")
    retries.failed(first, now=0.0)
    retries.failed(same_time, now=TOGETHER_SECONDS / 2)
    retries.failed(later, now=TOGETHER_SECONDS)
    retries.failed(first, now=TOGETHER_SECONDS)  # it still does: when it began is what counts

    retries.answered(first, now=100.0)

    assert [feed.tries for feed in (first, same_time, later)] == [0, 1, 0]


def test_one_that_fails_again_and_again_calls_them_twice_a_minute_at_most(
    retries: RetryCoordinator,
) -> None:
    flapping, other = Waiting("a"), Waiting("a")
    retries.failed(other, now=-TOGETHER_SECONDS)
    for now in range(0, 3 * int(AGAIN_SECONDS), 5):
        retries.failed(flapping, float(now))
        retries.answered(flapping, now=float(now))

    assert other.tries == 3


def test_one_alone_calls_nobody(retries: RetryCoordinator) -> None:
    alone = Waiting("a")
    retries.failed(alone, now=0.0)
    retries.answered(alone, now=0.0)
    retries.answered(alone, now=1.0)
    assert alone.tries == 0


def test_those_who_wait_no_more_leave_nothing_behind(retries: RetryCoordinator) -> None:
    feeds = [Waiting("a"), Waiting("b")]
    for feed in feeds:
        retries.failed(feed, now=0.0)
    for feed in feeds:
        retries.forget(feed)
    assert not any(vars(retries).values())
