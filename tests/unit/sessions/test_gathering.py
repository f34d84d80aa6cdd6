"""How long lines gather, by how busy the loop is."""

from __future__ import annotations

import pytest

from sessions_app.tail.live.gathering import (
    LOOK_SECONDS,
    SECONDS_MAX,
    SECONDS_MIN,
    Gathering,
    seconds_when,
)


@pytest.mark.parametrize(
    ("busy", "seconds"),
    [
        (0.0, SECONDS_MIN),
        (0.15, SECONDS_MIN),
        (0.225, 0.15),
        (0.5, SECONDS_MAX),
        (1.0, SECONDS_MAX),
    ],
)
def test_it_grows_with_what_is_taken_of_the_loop(busy: float, seconds: float) -> None:
    assert seconds_when(busy) == pytest.approx(seconds)


def test_a_short_burst_changes_nothing() -> None:
    gathering = Gathering(now=0.0, cpu=0.0)
    gathering.look(now=LOOK_SECONDS * 0.9, cpu=LOOK_SECONDS * 0.9)
    gathering.look(now=LOOK_SECONDS * 10, cpu=LOOK_SECONDS)
    assert gathering.seconds == SECONDS_MIN


@pytest.mark.parametrize("round_seconds", [0.005, 0.02, 0.05, 0.1, 0.5])
def test_it_settles_where_it_is_part_of_what_it_measures(round_seconds: float) -> None:
    """`round_seconds`: CPU of one write to each viewer."""
    gathering, now, cpu, seen = Gathering(now=0.0, cpu=0.0), 0.0, 0.0, []
    while now < 30.0:
        now += max(gathering.seconds, round_seconds)
        cpu += round_seconds
        gathering.look(now, cpu)
        seen.append((now, gathering.seconds))

    late = [seconds for at, seconds in seen if at > 10.0]
    assert max(late) - min(late) < 0.02
    assert late[-1] == pytest.approx(seconds_when(round_seconds / late[-1]), abs=0.02)


def test_after_the_load_it_is_short_again() -> None:
    gathering = Gathering(now=0.0, cpu=0.0)
    gathering.look(now=10.0, cpu=9.0)
    assert gathering.seconds == SECONDS_MAX
    gathering.look(now=20.0, cpu=9.0)
    assert gathering.seconds == pytest.approx(SECONDS_MIN)
