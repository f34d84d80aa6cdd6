"""Drains of one receiver are tried again together."""

from __future__ import annotations

import pytest

from shuttle.returning import AGAIN_SECONDS, Returning


class Waiting:
    def __init__(self, receiver: str) -> None:
        self.receiver = receiver
        self.tries = 0

    def try_soon(self) -> None:
        self.tries += 1


@pytest.fixture
def returning() -> Returning[Waiting]:
    return Returning()


def test_the_first_that_is_answered_calls_those_of_its_receiver(
    returning: Returning[Waiting],
) -> None:
    first, second, third = Waiting("a"), Waiting("a"), Waiting("a")
    foreign = Waiting("b")
    for feed in (first, second, third, foreign):
        returning.failed(feed)
    returning.forget(third)

    returning.answered(first, now=10.0)

    assert [feed.tries for feed in (first, second, third, foreign)] == [0, 1, 0, 0]


def test_one_that_fails_again_and_again_calls_them_twice_a_minute_at_most(
    returning: Returning[Waiting],
) -> None:
    flapping, other = Waiting("a"), Waiting("a")
    for now in range(0, 3 * int(AGAIN_SECONDS), 5):
        returning.failed(other)
        returning.failed(flapping)
        returning.answered(flapping, now=float(now))

    assert other.tries == 3


def test_one_alone_calls_nobody(returning: Returning[Waiting]) -> None:
    alone = Waiting("a")
    returning.failed(alone)
    returning.answered(alone, now=0.0)
    returning.answered(alone, now=1.0)
    assert alone.tries == 0
