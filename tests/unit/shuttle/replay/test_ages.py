"""How old a record is, whatever its stamp."""

from __future__ import annotations

import math

import pytest

from events.kafka.records import HOUR_MS, YEAR_2000_MS
from shuttle.replay.ages import Ages
from tests.support.feed_bench import P0, P1
from tests.support.replayed_log import NOW_MS, Record, records_of
from tests.support.replaying import ODD, OLD, YOUNG, YOUNG_MS


def ages_in(made: Ages, begin: int, *stamps: int, young_ms: float = YOUNG_MS) -> list[float] | None:
    records = records_of(P0, [Record(begin + at, stamp, b"x") for at, stamp in enumerate(stamps)])
    found = made.of(records, young_ms, NOW_MS)
    if found is None:
        return None
    assert list(found) == list(range(begin, begin + len(stamps)))
    return list(found.values())


@pytest.mark.parametrize("stamp", [YEAR_2000_MS, OLD])
def test_a_credible_stamp_is_an_age(stamp: int) -> None:
    assert ages_in(Ages(), 0, stamp) == [stamp]


@pytest.mark.parametrize("stamp", [YOUNG, NOW_MS, NOW_MS + HOUR_MS])
def test_what_is_surely_young_is_not_looked_at(stamp: int) -> None:
    assert ages_in(Ages(), 0, stamp, stamp) is None


@pytest.mark.parametrize("stamp", ODD)
def test_an_odd_stamp_says_nothing(stamp: int) -> None:
    made = Ages()
    assert all(age == math.inf for age in ages_in(made, 0, stamp) or [])
    assert ages_in(made, 1, OLD, stamp) == [OLD, OLD]
    assert ages_in(made, 3, stamp, NOW_MS, stamp) == [OLD, NOW_MS, NOW_MS]


@pytest.mark.parametrize("stamp", [YEAR_2000_MS, NOW_MS + HOUR_MS])
def test_the_edges_of_what_is_credible_end_an_inheritance(stamp: int) -> None:
    made = Ages()
    ages_in(made, 0, OLD)
    assert ages_in(made, 1, 0, stamp, 0) == [OLD, stamp, stamp]


@pytest.mark.parametrize("stamp", ODD)
def test_an_age_is_inherited_from_run_to_run(stamp: int) -> None:
    made = Ages()
    ages_in(made, 0, YOUNG, OLD)
    assert ages_in(made, 2, stamp) == [OLD]
    assert ages_in(made, 3, stamp, stamp) == [OLD, OLD]


def test_a_young_record_ends_the_inheritance() -> None:
    made = Ages()
    ages_in(made, 0, OLD)
    assert ages_in(made, 1, YOUNG) is None
    assert ages_in(made, 2, NOW_MS * 1000) is None
    assert all(age == math.inf for age in ages_in(made, 3, 0) or [])


def test_partitions_inherit_nothing_from_each_other() -> None:
    made = Ages()
    ages_in(made, 0, OLD)
    assert made.of(records_of(P1, [Record(0, NOW_MS * 1000, b"x")]), YOUNG_MS, NOW_MS) is None
    assert ages_in(made, 1, 0) == [OLD]


def test_stamps_that_say_nothing_cost_a_drain_nothing() -> None:
    assert ages_in(Ages(), 0, *ODD) is None


@pytest.mark.parametrize("stamp", ODD)
def test_what_is_read_again_inherits_nothing_of_what_lies_behind_it(stamp: int) -> None:
    """A pass lets go of a partition, and takes it up again for one who lacks more of it."""
    made = Ages()
    ages_in(made, 5, OLD)
    assert all(age == math.inf for age in ages_in(made, 0, stamp) or [])
    ages_in(made, 1, OLD)
    assert ages_in(made, 9, stamp) == [OLD]
