"""How the first page counts and says things."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drains.display import words
from logshuttle_site.overview.rollups import MINUTE, Range, Row, Sums, by_step, series
from logshuttle_site.overview.talkers import silent, talkers

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
_ = "\u00a0"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (0, "0"),
        (0.4, "0.4"),
        (4210, "4,210"),
        (31_402, "31,402"),
        (128_000, f"128{_}k"),
        (1_280_000, f"1.28{_}M"),
        (2_500_000_000, f"2.5{_}G"),
    ],
)
def test_numbers(value: float | None, said: str) -> None:
    assert words.number(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, f"0{_}s"),
        (46, f"46{_}s"),
        (800, f"13{_}min"),
        (4080, f"1{_}h{_}08{_}min"),
        (7200, f"2{_}h"),
        (86_400 * 6.95, f"6{_}d{_}22{_}h"),
        (86_400 * 40, f"40{_}d"),
    ],
)
def test_ages(seconds: float, said: str) -> None:
    assert words.age(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (None, "–"),
        (999, f"999{_}B"),
        (1500, f"1.5{_}kB"),
        (2.5e9, f"2.5{_}GB"),
        (5e12, f"5,000{_}GB"),
    ],
)
def test_sizes(count: float | None, said: str) -> None:
    assert words.size(count) == said


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(hours=2), "10:00"),
        (timedelta(days=3), "Tue 12:00"),
        (timedelta(days=24), "3 Nov 12:00"),
        (timedelta(days=389), "3 Nov 2025"),
    ],
)
def test_moments(ago: timedelta, said: str) -> None:
    assert words.clock(NOON - ago, NOON) == said


def delayed(*delays: int) -> Row:
    return Row(NOON, {"delays": list(delays)}, {})


def sums(*delays: int) -> Sums:
    made = Sums()
    made.add(delayed(*delays))
    return made


def test_a_percentile_lies_within_its_bucket() -> None:
    assert sums().delay(0.5) is None
    assert sums(100).delay(0.5) == pytest.approx(0.025)
    assert sums(0, 100).delay(0.5) == pytest.approx(0.075)
    assert sums(99, 0, 0, 1).delay(0.99) == pytest.approx(0.05)
    assert sums(0, 0, 0, 4).delay(1.0) == pytest.approx(0.5)
    assert sums(*[0] * 14, 7).delay(0.5) == 86_400, "nobody knows by how much it is later"


def test_percentiles_of_workers_are_of_all_their_lines() -> None:
    one = sums(99)
    one.add(delayed(0, 0, 0, 0, 0, 0, 0, 99))
    assert one.delay(0.25) == pytest.approx(0.025)
    assert one.delay(0.99) == pytest.approx(9.9)


def row(minutes_ago: int, **talkers: Any) -> Row:
    return Row(NOON - minutes_ago * MINUTE, {"received": {"router": 60}, "lost": {"x": 1}}, talkers)


def test_a_series_leaves_a_gap_where_nobody_has_spoken() -> None:
    four = Range("", MINUTE, MINUTE, 4)
    found = series(by_step([row(3), row(3), row(1)], four), NOON + MINUTE / 2, four)
    assert found.received == {"router": [None, 2.0, None, 1.0]}
    assert found.lost == [None, 2, None, 1]
    assert found.begins_at == NOON - 4 * MINUTE


def test_what_workers_of_a_version_before_do_not_tell_is_not_known() -> None:
    two = Range("", MINUTE, MINUTE, 2)
    told = Row(NOON - MINUTE, {"behind": {"line_seconds": 120}}, {})
    assert series(by_step([row(2), row(1), told], two), NOON, two).behind == [None, 2.0]


def test_a_rate_is_of_the_time_that_somebody_has_told_of() -> None:
    tens = Range("", MINUTE, 10 * MINUTE, 2)
    found = series(by_step([row(18), row(13), row(13), row(3)], tens), NOON, tens)
    assert found.received == {"router": [1.5, 1.0]}
    assert (found.lost, found.step_seconds) == ([3, 1], 600)


def test_the_rest_counts_in_the_whole_and_is_nobody() -> None:
    apps = {"a": [6, 60], "b": [3, 30], "other": [1, 10]}
    found = talkers([row(1, apps=apps), row(2, apps=apps)])
    assert [(each.owner, each.lines, each.share) for each in found] == [
        ("a", 12, 0.6),
        ("b", 6, 0.3),
    ]


def test_silence_is_told_only_where_somebody_has_listened() -> None:
    day = [Row(NOON, {}, {"topics": {"a": 15_000, "b": 15_000, "c": 14_000}})]
    minutes = [row(ago, topics={"b": 1}) for ago in range(1, 11)]
    assert [each.topic for each in silent(day, minutes, NOON, {"a", "b"})] == ["a"]
    assert silent(day, minutes[:-1], NOON, {"a"}) == []
    assert silent(day, [*minutes, row(1, topics={"other": 1})], NOON, {"a"}) == []
    assert silent(day, minutes, NOON, {"b"}) == [], "nobody reads it any more"
