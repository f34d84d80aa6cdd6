"""What a drain was sent minute by minute: counted, written as short text, read and summed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drains.rates import MINUTES, QUARTERS, Tally, minutes_of, nothing, rates_of

NOON = 1_800_014_400.0
AT_NOON = datetime.fromtimestamp(NOON, UTC)
HOUR = 3600.0


@dataclass
class Row:
    sent_by_minute: str = ""
    sent_by_quarter: str = ""
    reported_at: datetime = AT_NOON


def at(wall: float) -> datetime:
    return datetime.fromtimestamp(wall, UTC)


def row(sent: dict[float, int], *, since: float, reported: float = NOON) -> Row:
    """`sent`: lines, by seconds before noon."""
    times = sorted(sent, reverse=True)
    minutes = Tally(MINUTES, NOON - times[0]) if times else None
    quarters = Tally(QUARTERS, NOON - times[0]) if times else None
    for ago in times:
        for tally in (minutes, quarters):
            assert tally is not None
            tally.add(sent[ago], NOON - ago)
    return Row(
        minutes.text(since) if minutes else nothing(MINUTES, since),
        quarters.text(since) if quarters else nothing(QUARTERS, since),
        at(reported),
    )


def test_the_last_hour_and_day_are_told_to_the_last_step_that_is_over() -> None:
    found = rates_of([row({30.0: 5, 100.0: 7, 3600.0: 9, 0.0: 3}, since=NOON - 90_000)], at(NOON))
    assert found.minutes == [9, *[0] * 57, 7, 5]
    assert found.quarters == [*[0] * 92, 9, 0, 0, 12]
    assert (len(found.minutes), len(found.quarters)) == (60, 96)


def test_what_nobody_has_counted_is_not_known() -> None:
    one = row({30.0: 5}, since=NOON - 180, reported=NOON - 60)
    minutes = minutes_of([one], at(NOON + 60))
    assert minutes == [None] * 56 + [0, 0, 5, None]
    assert minutes_of([Row()], at(NOON)) == minutes_of([], at(NOON)) == [None] * 60


def test_who_has_been_sent_nothing_is_known_to_have_been() -> None:
    assert minutes_of([row({}, since=NOON - 120)], at(NOON)) == [*[None] * 58, 0, 0]


def test_workers_are_summed_where_they_say_something() -> None:
    ended = row({150.0: 4}, since=NOON - 5000, reported=NOON - 130)
    follows = row({90.0: 1, 30.0: 2}, since=NOON - 130)
    assert minutes_of([ended, follows, Row()], at(NOON))[-4:] == [0, 4, 1, 2]


@pytest.mark.parametrize("text", ["nonsense", "1 2", "1 2 x", "1 2 3 4", "x 2 3"])
def test_what_cannot_be_read_says_nothing(text: str) -> None:
    found = rates_of([Row(text, text)], at(NOON))
    assert found == ([None] * 60, [None] * 96)


def test_the_text_is_short_and_stays_while_nothing_is_sent() -> None:
    tally = Tally(MINUTES, NOON)
    tally.add(5, NOON)
    tally.add(7, NOON + 185)
    assert tally.text(NOON - HOUR) == "30000180 30000243 7,,,5"
    for minute in range(1000):
        tally.add(10**6, NOON + 60 * minute)
    assert tally.text(NOON).count(",") == MINUTES.shown
    assert len(tally.text(NOON)) < 520


def test_the_last_hour_goes_by_though_nothing_is_sent() -> None:
    tally = Tally(MINUTES, NOON)
    tally.add(5, NOON)
    tally.add(2, NOON + 59 * 60)
    looks = [tally.lately(NOON + 60 * minute) for minute in (59, 60, 118, 119, 900)]
    assert looks == [7, 2, 2, 0, 0]


def test_a_clock_that_goes_back_loses_no_line() -> None:
    tally = Tally(MINUTES, NOON)
    tally.add(5, NOON)
    tally.add(2, NOON - HOUR)
    assert tally.lately(NOON) == 7


@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 5)), max_size=40))
def test_each_line_is_counted_in_its_minute(sent: list[tuple[int, int]]) -> None:
    tally, wanted, wall = Tally(MINUTES, NOON), dict[int, int](), NOON
    for passed, lines in sent:
        wall += passed
        tally.add(lines, wall)
        step = MINUTES.at(wall)
        wanted[step] = wanted.get(step, 0) + lines
    now = wall + 60
    found = minutes_of([Row(tally.text(NOON), "", at(now))], at(now))
    for back, known in enumerate(reversed(found), 1):
        step = MINUTES.at(now) - back
        assert known == (wanted.get(step, 0) if step >= MINUTES.at(NOON) else None)


def test_while_workers_are_there_nothing_is_sent_where_they_say_nothing() -> None:
    one = row({200.0: 5}, since=NOON - 240, reported=NOON - 200)
    assert minutes_of([one], at(NOON), at(NOON - 90))[-5:] == [None, 5, None, 0, 0]
    assert minutes_of([], at(NOON), at(NOON - 9_999)) == [0] * 60
    assert minutes_of([], at(NOON), at(NOON + 60)) == [None] * 60


def test_what_was_counted_before_goes_on() -> None:
    before = Tally(MINUTES, NOON - 120)
    before.add(3, NOON - 120)
    tally, since = Tally.resumed(MINUTES, before.text(NOON - HOUR), NOON)
    tally.add(2, NOON)
    assert tally.text(since) == Tally.resumed(MINUTES, tally.text(since), NOON)[0].text(since)
    assert tally.text(since) == f"{int(NOON - HOUR) // 60} {int(NOON) // 60} 2,,3"


def test_after_what_cannot_be_read_counting_begins() -> None:
    tally, since = Tally.resumed(MINUTES, "nonsense", NOON)
    assert (tally.text(since), since) == (nothing(MINUTES, NOON), NOON)
