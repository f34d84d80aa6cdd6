"""What became of one drain's lines, and what the worker's totals have of it."""

from __future__ import annotations

import pytest

from shuttle.feed.loss_notices import EXPIRED, REFUSED
from shuttle.feed.stats import DrainStats
from shuttle.feed.totals import Totals
from shuttle.feed.writes import Progress, Write
from tests.support.records import records_of

WALL = 1_700_000_000.0


@pytest.fixture
def totals() -> Totals:
    return Totals()


@pytest.fixture
def stats(totals: Totals) -> DrainStats:
    return DrainStats("syslog", totals)


def write(lines: int, oldest_ms: float = 0) -> Write:
    made = Write(1, 0.0, has_cursor=False)
    made.add(records_of([None], timestamp_ms=int(oldest_ms)), lines)
    return made


def test_confirmed_lines_count_for_the_drain_and_for_its_scheme(
    stats: DrainStats, totals: Totals
) -> None:
    other = DrainStats("https", totals)
    for one, lines in ((stats, 3), (stats, 4), (other, 5)):
        one.confirmed(write(lines), WALL)

    assert (stats.lines_confirmed, other.lines_confirmed) == (7, 5)
    assert totals.lines_confirmed == {"syslog": 7, "https": 5}


def test_a_drain_that_was_given_another_scheme_counts_there(
    stats: DrainStats, totals: Totals
) -> None:
    stats.confirmed(write(3), WALL)
    stats.scheme = "https"
    stats.confirmed(write(4), WALL)

    assert stats.lines_confirmed == 7
    assert totals.lines_confirmed == {"syslog": 3, "https": 4}


def test_lines_that_are_refused_after_all_are_not_delivered(
    stats: DrainStats, totals: Totals
) -> None:
    stats.confirmed(write(10), WALL)
    stats.progressed(Progress([], 0, refused=3), WALL)
    assert (stats.lines_confirmed, totals.lines_confirmed) == (7, {"syslog": 7})


def test_lines_that_are_cut_are_counted_beside_those_that_are_delivered(
    stats: DrainStats, totals: Totals
) -> None:
    stats.cut(3)
    DrainStats("https", totals).cut(1)
    assert (stats.lines_cut, totals.lines_cut, stats.lines_confirmed) == (3, 4, 0)


def test_a_delay_is_counted_for_each_line_from_the_oldest_on(
    stats: DrainStats, totals: Totals
) -> None:
    stats.confirmed(write(4, (WALL - 2) * 1000), WALL)
    assert totals.delays.sum_seconds == 8
    assert dict(totals.delays.buckets)["2.5"] == 4
    assert dict(totals.delays.buckets)["1"] == 0


@pytest.mark.parametrize("oldest_ms", [0, WALL, WALL * 1e6])
def test_a_stamp_that_is_no_time_of_now_tells_no_delay(
    stats: DrainStats, totals: Totals, oldest_ms: float
) -> None:
    stats.confirmed(write(4, oldest_ms), WALL)
    assert totals.delays.buckets[-1] == ("+Inf", 0)
    assert stats.lines_confirmed == 4


def test_a_notice_that_went_alone_is_no_line(stats: DrainStats, totals: Totals) -> None:
    stats.confirmed(write(0, (WALL - 2) * 1000), WALL)
    assert (stats.lines_confirmed, totals.delays.buckets[-1]) == (0, ("+Inf", 0))
    assert not totals.lines_confirmed


def test_a_receiver_that_confirms_bytes_shows_when_it_did(stats: DrainStats) -> None:
    before = stats.last_delivery_at
    stats.progressed(Progress([], 100, 0), WALL)
    stats.progressed(Progress([], 20, 0), WALL + 5)
    assert before is None
    assert (stats.bytes_confirmed, stats.last_delivery_at) == (120, WALL + 5)


def test_lost_lines_count_by_reason_and_are_to_be_told(stats: DrainStats, totals: Totals) -> None:
    stats.lost(3, REFUSED, WALL)
    stats.lost(4, EXPIRED, WALL + 60, exact=False)

    assert stats.lines_lost == totals.lines_lost == {REFUSED: 3, EXPIRED: 4}
    assert stats.lines_confirmed == 0
    notice = stats.notices.take(0.0)
    assert (notice.lines, notice.since, notice.exact) == ({REFUSED: 3, EXPIRED: 4}, WALL, False)


def test_drains_lose_lines_each_for_itself(stats: DrainStats, totals: Totals) -> None:
    other = DrainStats("syslog", totals)
    stats.lost(3, REFUSED, WALL)
    other.lost(4, REFUSED, WALL)

    assert (other.lines_lost, totals.lines_lost) == ({REFUSED: 4}, {REFUSED: 7})
    assert other.notices.take(0.0).lines == {REFUSED: 4}
