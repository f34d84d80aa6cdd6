"""What is tried next of lines over which connections ended, and what is given up."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.kafka.records import Offsets, PartitionRecords, TopicPartition
from shuttle.feed.portion import Portion
from shuttle.feed.portions import (
    EAGER_SECONDS,
    FIRST_OFFSETS,
    FORGOTTEN_SECONDS,
    STANDS_SECONDS,
    TRIES_SECONDS,
    Portions,
)
from shuttle.feed.writes import GivenUp, Write
from tests.support.feed_bench import P0, P1, places_of, run

NOW = 1000.0
SENT = 1000
"""Offsets 0 to 999 of P0 were sent, when nothing else is said."""


def write_of(*parts: PartitionRecords, lines: int | None = None) -> Write:
    write = Write(1, NOW, has_cursor=True)
    for records in parts:
        write.add(records, len(records) if lines is None else lines)
    return write


def ended(portions: Portions, begin: int = 0, end: int = SENT, *, hung: bool = False) -> None:
    portions.ended([write_of(run(begin, end))], NOW, hung=hung)


@pytest.fixture
def portions() -> Portions:
    """Two connections have ended that carried the same."""
    made = Portions()
    ended(made)
    ended(made)
    return made


def ends_of(portions: Portions) -> Offsets | None:
    return None if portions.portion is None else portions.portion.ends


# When there are portions.


def test_the_first_end_may_be_a_restart() -> None:
    portions = Portions()
    ended(portions)
    assert portions.portion is None


def test_one_that_hung_is_tried_in_portions_at_once_and_has_to_close() -> None:
    portions = Portions()
    ended(portions, hung=True)
    assert (ends_of(portions), portions.hangs) == ({P0: 500}, True)


@pytest.mark.parametrize(("later", "expected"), [(STANDS_SECONDS - 0.1, {P0: 500}), (9, None)])
def test_what_was_sent_again_has_been_read_when_it_has_stood(
    later: float, expected: Offsets | None
) -> None:
    portions = Portions()
    ended(portions)
    portions.confirmed(write_of(run(0, SENT - 1)), NOW)
    portions.confirmed(write_of(run(SENT - 1, SENT)), NOW)
    portions.ended([write_of(run(0, SENT))], NOW + later, hung=False)
    assert ends_of(portions) == expected


@pytest.mark.parametrize(("later", "expected"), [(-1, {P0: 500}), (1, None)])
def test_what_has_not_come_again_is_in_doubt_for_some_minutes(
    later: float, expected: Offsets | None
) -> None:
    portions = Portions()
    ended(portions)
    portions.confirmed(write_of(run(0, SENT - 1)), NOW)
    portions.ended([write_of(run(0, SENT))], NOW + FORGOTTEN_SECONDS + later, hung=False)
    assert ends_of(portions) == expected


def test_a_partition_that_is_anothers_is_waited_for_no_more(portions: Portions) -> None:
    portions.forget({P0})
    assert portions.portion is None


# Smaller and larger.


def test_half_of_what_failed_and_four_times_what_passed(portions: Portions) -> None:
    assert ends_of(portions) == {P0: 500}
    ended(portions, 0, 500)
    assert ends_of(portions) == {P0: 250}
    portions.passed(250)
    assert ends_of(portions) == {P0: 375}
    portions.passed(125)
    portions.passed(62)
    while ends_of(portions) != {P0: 500}:
        portions.passed(1)
    portions.passed(1)
    assert ends_of(portions) == {P0: 500 + 4 * FIRST_OFFSETS}


def test_several_partitions_are_halved_before_one_is() -> None:
    portions = Portions()
    writes = [write_of(run(0, 10), run(5, 9, P1))]
    for _ in range(2):
        portions.ended(writes, NOW, hung=False)
    assert ends_of(portions) == {P0: 10}
    portions.passed(10)
    assert ends_of(portions) == {P1: 7}


def test_all_is_well_once_all_has_been_read(portions: Portions) -> None:
    portions.passed(500)
    while portions.portion is not None:
        portions.passed(1)
    ended(portions)
    assert portions.portion is None, "that is a first end again"


def test_what_was_not_handed_over_before_it_ended_is_not_under_suspicion(
    portions: Portions,
) -> None:
    ended(portions, 0, 100)
    assert ends_of(portions) == {P0: 50}


def test_what_stood_while_it_ended_has_been_read(portions: Portions) -> None:
    ended(portions, 400, 500)
    assert ends_of(portions) == {P0: 450}


def with_a_long_line() -> list[Write]:
    """Ten writes, of which that of offsets 700 to 702 has one; another partition has as many."""
    writes = [write_of(run(at, at + 100), run(at, at + 100, P1)) for at in range(0, 700, 100)]
    writes += [write_of(run(700, 703), lines=3), write_of(run(703, SENT))]
    for write in writes:
        write.size = 100 * write.lines
    writes[-2].size = 9000
    return writes


def test_the_write_with_the_longest_lines_is_suspected_at_once() -> None:
    portions = Portions()
    portions.ended(with_a_long_line(), NOW, hung=False)
    assert ends_of(portions) == {P0: 700, P1: 700}, "all before it"
    portions.passed(1400)
    assert ends_of(portions) == {P0: 703}, "it alone"
    ended(portions, 700, 703)
    assert ends_of(portions) == {P0: 701}


def test_when_it_is_not_the_longest_the_rest_is_halved() -> None:
    portions = Portions()
    portions.ended(with_a_long_line(), NOW, hung=False)
    portions.ended(with_a_long_line()[:7], NOW, hung=False)
    assert ends_of(portions) == {P0: 700}
    ended(portions, 0, 700)
    assert ends_of(portions) == {P0: 350}


@pytest.mark.parametrize(("size", "lines"), [(470, 1), (9000, 100), (0, 0)])
def test_lines_that_no_receiver_refuses_for_their_length_are_not_suspected(
    size: int, lines: int
) -> None:
    write = write_of(run(0, max(lines, 1)), lines=lines)
    write.size = size
    portions = Portions()
    portions.ended([write], NOW, hung=False)
    assert portions.portion is None


# A line alone.


def narrowed() -> Portions:
    """To offset 500 of P0."""
    portions = Portions()
    for _ in range(2):
        ended(portions, 500, 502)
    while ends_of(portions) != {P0: 501}:
        ended(portions, 500, portions.portion.ends[P0] if portions.portion else 0)
    return portions


def suspected() -> Portions:
    """It has ended three connections."""
    portions = narrowed()
    for _ in range(3):
        ended(portions, 500, 501)
    return portions


def test_a_line_that_ended_three_connections_is_given_up_when_the_one_behind_it_passes() -> None:
    portions = narrowed()
    assert portions.wait_seconds == EAGER_SECONDS
    for _ in range(2):
        ended(portions, 500, 501)
        assert portions.wait_seconds == TRIES_SECONDS
    ended(portions, 500, 501)
    portion = portions.portion
    assert portion is not None
    assert (portion.begin_of(P0), portion.limit_of(P0)) == (501, 502)

    behind = write_of(run(501, 502))
    portion.hold(behind)
    assert places_of(behind) == {P0: (500, 502)}, "should that fail, both are to come"
    assert portions.passed(1) == GivenUp({P0: 501}, 1, 0)
    assert ends_of(portions) == {P0: 502}, "that one once more: nothing is to be left out"


def test_one_that_hung_makes_us_wait_by_itself() -> None:
    portions = narrowed()
    ended(portions, 500, 501, hung=True)
    assert (ends_of(portions), portions.wait_seconds) == ({P0: 501}, EAGER_SECONDS)


def test_until_then_no_cursor_is_beyond_it() -> None:
    portions = suspected()
    assert portions.at == {P0: 500}
    portions.passed(0)
    assert portions.at == {P0: 500}
    portions.passed(1)
    assert portions.at == {P0: 501}


def test_a_suspected_line_of_a_partition_that_goes_is_anothers_to_judge() -> None:
    portions = Portions()
    for _ in range(2):
        portions.ended([write_of(run(500, 501), run(7, 8, P1))], NOW, hung=False)
    assert ends_of(portions) == {P0: 501}
    for _ in range(3):
        ended(portions, 500, 501)
    portions.forget({P0})
    assert (portions.at, ends_of(portions)) == ({P1: 7}, {P1: 8})
    assert portions.passed(1) is None


def next_one_ended(portions: Portions) -> None:
    """Over one line."""
    assert portions.portion is not None
    write = write_of(run(500, portions.portion.ends[P0]), lines=1)
    portions.ended([write], NOW, hung=False)


def test_nothing_is_given_up_by_one_that_takes_nothing() -> None:
    portions = narrowed()
    waits = set()
    for _ in range(300):
        next_one_ended(portions)
        waits.add(portions.wait_seconds)
    assert waits == {TRIES_SECONDS, None}
    while ends_of(portions) != {P0: 501}:
        next_one_ended(portions)
    assert portions.wait_seconds is None, "ever longer"


def test_several_that_are_bad_side_by_side_are_given_up_one_after_the_other() -> None:
    receiver = Receiver(range(20), range(6), 20)
    for _ in range(200):
        receiver.connection()
    assert (receiver.given_up, receiver.at) == ([*range(6)], 20)


def test_a_line_behind_is_looked_for_as_far_as_it_takes() -> None:
    portions = suspected()
    portions.passed(0)
    assert ends_of(portions) == {P0: 506}
    assert portions.passed(1) == GivenUp({P0: 501}, 1, 0)


def test_where_none_is_behind_it_yet_it_waits() -> None:
    portions = suspected()
    assert portions.portion is not None
    portions.portion.end_here(P0)
    portions.passed(0)
    assert (ends_of(portions), portions.wait_seconds) == ({P0: 501}, None)


# Any receiver.


class Receiver:
    """Of a log in which each of `lines` is one of ours; ends its connection over `bad` ones."""

    def __init__(self, lines: Iterable[int], bad: Iterable[int], end: int) -> None:
        self.lines, self.bad, self.end = sorted(lines), set(bad), end
        self.read: list[int] = []
        self.given_up: list[int] = []
        self.at = 0
        self.portions = Portions()

    def connection(self) -> None:
        portion = self.portions.portion
        begin, limit = self.at, self.end
        if portion is not None:
            begin, limit = max(begin, portion.begin_of(P0)), min(portion.limit_of(P0), self.end)
        handed = [at for at in self.lines if begin <= at < limit]
        over = next((at for at in handed if at in self.bad), None)
        if over is None:
            self.read += handed
            self.went_well(len(handed), limit)
        else:
            self.read += [at for at in handed if at < over]
            write = write_of(run(begin, limit), lines=len(handed))
            if portion is not None:
                portion.hold(write)
            self.portions.ended([write], NOW, hung=False)

    def went_well(self, lines: int, limit: int) -> None:
        if self.portions.portion is None:
            self.at = self.end
            return
        if limit == self.end and not lines:
            self.portions.portion.end_here(P0)
        held = self.portions.portion.held
        found = self.portions.passed(lines)
        before = self.at
        if not held:
            self.at = max(self.at, limit)
        self.give_up(found, before)

    def give_up(self, found: GivenUp | None, begin: int) -> None:
        if found is not None:
            lost = [at for at in self.lines if begin <= at < found.ends[P0]]
            assert len(lost) == found.lines
            self.given_up += lost
            self.at = max(self.at, found.ends[P0])


@given(st.sets(st.integers(0, 300), min_size=2), st.data())
def test_whatever_is_good_is_read_and_only_what_is_bad_is_given_up(
    lines: set[int], data: st.DataObject
) -> None:
    ordered = sorted(lines)
    bad = data.draw(st.sets(st.sampled_from(ordered[:-1])))
    receiver = Receiver(lines, bad, 301)
    for _ in range(3000):
        if receiver.at == receiver.end:
            break
        receiver.connection()
    assert lines - bad <= set(receiver.read)
    assert set(receiver.given_up) <= bad
    if len(bad) == 1:
        assert set(receiver.given_up) == bad


def test_a_portion_knows_its_limits() -> None:
    portion = Portion({P0: 10, P1: 5})
    assert (portion.limit_of(P0), portion.limit_of(TopicPartition("other", 0))) == (10, 0)
    assert not portion.is_complete({P0: 9})
    assert portion.is_complete({P0: 10})
