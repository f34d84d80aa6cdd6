"""What is wrong with the database is said when it begins and when it is over."""

from __future__ import annotations

import logging

import pytest

from events.database_faults import DatabaseFault
from events.database_trouble import (
    QUIET_SECONDS,
    SLOW_QUIET_SECONDS,
    UNSEEN_QUIET_SECONDS,
    Troubles,
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fail() -> None:
    raise OSError("still away")


def works() -> None: ...


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING)
    return caplog


def test_each_fault_is_said_once_however_many_meet_it(
    clock: Clock, said: pytest.LogCaptureFixture
) -> None:
    troubles = Troubles(clock)
    for _ in range(50):
        troubles.note(OSError("cannot execute\nINSERT"), DatabaseFault.READ_ONLY)
    troubles.note(OSError("gone"), DatabaseFault.AWAY)
    assert said.messages == [
        "The database takes no writes: cannot execute INSERT",
        "The database is away: gone",
    ]


def test_it_is_over_when_it_works_and_nobody_has_met_it_for_a_while(
    clock: Clock, said: pytest.LogCaptureFixture
) -> None:
    troubles = Troubles(clock)
    troubles.note(OSError("x"), DatabaseFault.READ_ONLY)
    clock.now += 20
    troubles.note(OSError("x"), DatabaseFault.READ_ONLY)
    troubles.look(works)  # just now
    clock.now += QUIET_SECONDS
    with pytest.raises(OSError, match="still away"):
        troubles.look(fail)
    assert len(said.messages) == 1
    troubles.look(works)
    is_well = "The database is well again; within 23 s 2 times nobody could use it"
    assert said.messages[1:] == [is_well]
    troubles.note(OSError("x"), DatabaseFault.READ_ONLY)
    assert len(said.messages) == 3


def test_what_takes_long_to_show_is_not_over_so_soon(
    clock: Clock, said: pytest.LogCaptureFixture
) -> None:
    troubles = Troubles(clock)
    troubles.note(OSError("lock"), DatabaseFault.TOO_SLOW)
    clock.now += QUIET_SECONDS
    troubles.look(works)
    assert len(said.messages) == 1
    clock.now += SLOW_QUIET_SECONDS
    troubles.look(works)
    assert len(said.messages) == 2


@pytest.mark.parametrize(
    "fault", [DatabaseFault.FULL, DatabaseFault.NO_RIGHT, DatabaseFault.OLD_SCHEMA]
)
def test_what_no_check_sees_is_not_over_before_others_have_tried(
    fault: DatabaseFault, clock: Clock, said: pytest.LogCaptureFixture
) -> None:
    troubles = Troubles(clock)
    troubles.note(OSError("x"), fault)
    troubles.note(OSError("x"), DatabaseFault.AWAY)
    clock.now += SLOW_QUIET_SECONDS
    troubles.look(works)
    assert len(said.messages) == 2
    clock.now += UNSEEN_QUIET_SECONDS - SLOW_QUIET_SECONDS
    troubles.look(works)
    assert said.messages[2:] == [
        "The database is well again; within 60 s 2 times nobody could use it"
    ]
