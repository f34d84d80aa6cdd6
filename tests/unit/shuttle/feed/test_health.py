"""What is judged of a receiver, by its times."""

from __future__ import annotations

import pytest

from drains.delivery.network.errors import STOPPED_READING
from shuttle.feed.health import (
    GIVE_UP_SECONDS,
    LATE_SECONDS,
    PROVEN_SECONDS,
    STUCK_AT_A_LINE_SECONDS,
    STUCK_SECONDS,
    WRITE_SECONDS,
    Health,
    LastError,
    Reach,
    Verdict,
)

NOW, WALL, CAPACITY = 1_000.0, 1_787_000_000.0, 1_000


def connected() -> Health:
    health = Health()
    health.connected(NOW)
    return health


AT_A_LINE = STUCK_AT_A_LINE_SECONDS + 1


@pytest.mark.parametrize(
    ("waited", "buffered", "answers", "verdict"),
    [
        (1.0, 0, False, Verdict(has_room=True)),
        (1.0, CAPACITY // 2, False, Verdict()),
        (WRITE_SECONDS + 1, 1, False, Verdict(STOPPED_READING)),
        (WRITE_SECONDS + 1, 0, False, Verdict(has_room=True)),
        (WRITE_SECONDS + 1, 1, True, Verdict(has_room=True)),
        (LATE_SECONDS + 1, 0, False, Verdict("the receiver is late")),
        (LATE_SECONDS + 1, 1, True, Verdict("the receiver is late")),
        (AT_A_LINE, 1, False, Verdict(STOPPED_READING, give_up_at_a_line=True)),
        (AT_A_LINE, 0, False, Verdict("the receiver is late", give_up_at_a_line=True)),
        (AT_A_LINE, 1, True, Verdict("the receiver is late")),
        (GIVE_UP_SECONDS + 1, 1, False, Verdict(STOPPED_READING, give_up=True)),
        (GIVE_UP_SECONDS + 1, 1, True, Verdict(STOPPED_READING, give_up=True)),
    ],
)
def test_what_is_made_of_a_wait(
    waited: float, buffered: int, answers: bool, verdict: Verdict
) -> None:
    health = connected()
    assert health.judge(NOW, buffered, CAPACITY, NOW + waited, answers=answers) == verdict


def test_who_gets_on_is_late_and_not_given_up() -> None:
    health = connected()
    now = NOW + GIVE_UP_SECONDS + 1
    health.progressed(now - 1)
    assert health.judge(NOW, 0, CAPACITY, now, answers=False) == Verdict("the receiver is late")
    assert health.gets_on(now)
    assert not health.gets_on(now + STUCK_SECONDS)


def test_one_that_failed_is_good_when_it_is_proven() -> None:
    health = connected()
    health.failed("connection refused", WALL)
    assert (health.reach, health.takes_lines, health.is_good) == (Reach.FAILING, False, False)
    health.connected(NOW)
    assert (health.takes_lines, health.is_good) == (True, False)
    assert health.prove()
    assert health.is_good
    assert health.last_error == LastError("connection refused", WALL)
    assert not health.prove(), "it is told once"


def test_one_that_owes_an_answer_is_not_believed_for_standing_there() -> None:
    health = connected()
    health.failed("connection reset", WALL)
    assert health.is_believed(PROVEN_SECONDS + 1)
    assert not health.is_believed(PROVEN_SECONDS)
    health.failed("timed out", WALL, unanswered=True)
    health.failed("connection refused", WALL)
    assert not health.is_believed(PROVEN_SECONDS + 1)
    health.prove()
    assert health.is_believed(PROVEN_SECONDS + 1)


def test_one_that_is_full_says_for_how_long_it_was() -> None:
    health = connected()
    assert health.stall("full", NOW, WALL)
    assert not health.stall("late", NOW + 1, WALL), "it is told once"
    assert (health.reach, health.last_error.text) == (Reach.STALLED, "full")
    assert health.recover(NOW + 7) == 7
    assert health.recover(NOW + 8) is None
    assert health.is_good


@pytest.mark.parametrize(("failing", "after"), [(False, Reach.CONNECTED), (True, Reach.FAILING)])
def test_a_connection_that_was_closed_takes_its_fullness_along(failing: bool, after: Reach) -> None:
    health = connected()
    health.stall("full", NOW, WALL)
    if failing:
        health.failed("reset", WALL)
    health.closed()
    assert health.reach is after


def test_of_another_way_nothing_is_known() -> None:
    health = connected()
    health.failed("connection refused", WALL)
    health.reset()
    assert health.is_good
