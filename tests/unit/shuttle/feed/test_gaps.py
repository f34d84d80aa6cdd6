"""What is to be replayed, and the rows that say so."""

from __future__ import annotations

import pytest

from events.kafka.records import Offsets, TopicPartition
from shuttle.feed.gaps import Gaps
from shuttle.feed.stored_rows import OUTDATED, RowsSnapshot, StoredCursor
from shuttle.feed.writes import Write
from tests.support.feed_bench import P0, P1, records


@pytest.fixture
def gaps() -> Gaps:
    return Gaps(lambda: None)


def write(batch: int = 1, *, has_cursor: bool = False, **begins: int) -> Write:
    made = Write(batch, 0.0, has_cursor=has_cursor)
    for name, at in begins.items():
        made.add(records(at, {"p0": P0, "p1": P1}[name]), 0)
    return made


def begin(gaps: Gaps, partition: TopicPartition, row: int, live: int) -> None:
    gaps.begin({partition: StoredCursor(row, "")}, {partition: live}, 0.0)


def rewind(gaps: Gaps, partition: TopicPartition, to: int, live: int = 10) -> None:
    gaps.rewind({partition: StoredCursor(to, "", resend_from=to)}, {partition: live}, 0.0)


def open_gap(gaps: Gaps, partition: TopicPartition, offset: int, batch: int = 1) -> None:
    lost = write(batch)
    lost.add(records(offset, partition), 0)
    gaps.reopen([lost], 0.0, sent=False)


def rows(
    gaps: Gaps, *writes: Write, settled: Offsets | None = None, takes_live: bool = True
) -> Offsets:
    return gaps.rows(writes, settled or {}, takes_live=takes_live)


def taken(gaps: Gaps, settled: Offsets | None = None) -> RowsSnapshot:
    return gaps.stored.storing(rows(gaps, settled=settled))


def store(gaps: Gaps, settled: Offsets | None = None) -> bool:
    """What is written now is there at once. Whether there is nothing left to be stored."""
    snapshot = taken(gaps, settled)
    gaps.were_stored(snapshot, settled or {})
    return gaps.is_stored(snapshot, rows(gaps, settled=settled))


def test_a_row_below_the_live_position_is_a_gap(gaps: Gaps) -> None:
    begin(gaps, P0, 10, live=11)
    assert (gaps.offsets, gaps.live_from, gaps.gap_version) == ({P0: 10}, {}, 1)


@pytest.mark.parametrize("row", [10, 11])
def test_a_row_at_or_above_it_is_where_live_lines_begin(gaps: Gaps, row: int) -> None:
    begin(gaps, P0, row, live=10)
    assert (gaps.offsets, gaps.live_from, gaps.gap_version) == ({}, {P0: row}, 0)


def test_a_row_that_was_found_is_taken_away_when_its_gap_is_closed(gaps: Gaps) -> None:
    begin(gaps, P0, 10, live=11)
    gaps.caught_up(P0, 11, live_position=11)
    assert taken(gaps, {P0: 11}).gone == [P0]


def test_a_row_stays_until_the_group_has_got_past_it(gaps: Gaps) -> None:
    """Else the next worker would begin below it, with lines from before its drain."""
    begin(gaps, P0, 20, live=10)
    for settled in ({}, {P1: 30}, {P0: 19}):
        assert rows(gaps, settled=settled) == {P0: 20}
        assert not store(gaps, settled)
        assert (gaps.live_from, gaps.stored.rows) == ({P0: 20}, {P0: 20})

    assert rows(gaps, settled={P0: 20}) == {}
    assert store(gaps, {P0: 20})
    assert (gaps.live_from, gaps.stored.rows) == ({}, {})


def test_the_row_of_a_closed_gap_stays_as_long(gaps: Gaps) -> None:
    begin(gaps, P0, 20, live=30)
    gaps.replayed_to(P0, 25)
    store(gaps, {P0: 10})
    gaps.caught_up(P0, 30, live_position=30)

    assert (gaps.offsets, gaps.live_from) == ({}, {})
    assert rows(gaps, settled={P0: 24}) == {P0: 25}
    assert rows(gaps, settled={P0: 25}) == {}
    assert not store(gaps, {P0: 24})


def test_a_replay_that_got_past_the_live_pass_leaves_a_floor(gaps: Gaps) -> None:
    open_gap(gaps, P0, 20)
    gaps.caught_up(P0, 35, live_position=30)
    assert gaps.live_from == {P0: 35}


def test_a_floor_does_not_outlast_a_gap_below_it(gaps: Gaps) -> None:
    """What the replay had sent up to the floor is to be sent again, in part by the live pass."""
    open_gap(gaps, P0, 20)
    gaps.caught_up(P0, 35, live_position=30)
    open_gap(gaps, P0, 22)
    gaps.caught_up(P0, 33, live_position=33)
    assert gaps.live_from == {}


def test_a_gap_moves_forward_without_a_new_epoch_and_back_with_one(gaps: Gaps) -> None:
    open_gap(gaps, P0, 20)
    gaps.replayed_to(P0, 25)
    gaps.replayed_to(P0, 22)
    gaps.replayed_to(P1, 9)
    assert (gaps.offsets, gaps.gap_version) == ({P0: 25}, 1)
    open_gap(gaps, P0, 30)
    assert (gaps.offsets, gaps.gap_version) == ({P0: 25}, 1)
    open_gap(gaps, P0, 24)
    assert (gaps.offsets, gaps.gap_version) == ({P0: 24}, 2)


def test_what_is_under_way_has_rows_where_no_offset_waits_for_it(gaps: Gaps) -> None:
    open_gap(gaps, P0, 20)
    under_way = write(p0=15, p1=7)
    assert rows(gaps, under_way) == {P0: 15}
    assert rows(gaps, under_way, takes_live=False) == {P0: 15, P1: 7}
    assert rows(gaps, write(has_cursor=True, p1=7)) == {P0: 20, P1: 7}
    assert rows(gaps, write(p0=25)) == {P0: 20}


def test_a_gap_holds_the_offsets_until_its_row_is_stored(gaps: Gaps) -> None:
    open_gap(gaps, P0, 20, batch=7)
    assert gaps.stored.held_from == 7
    store(gaps)
    assert gaps.stored.held_from is None


def test_only_the_first_line_that_is_missed_in_a_partition_holds_them(gaps: Gaps) -> None:
    open_gap(gaps, P0, 10)
    store(gaps)
    for batch, at in ((7, records(20, P1)), (8, records(25, P1)), (8, records(30))):
        gaps.missed(batch, at, 5, 0.0)

    assert (gaps.offsets, gaps.stored.held_from) == ({P0: 10, P1: 20}, 7)
    assert gaps.lag_lines == 15
    store(gaps)
    gaps.missed(9, records(31), 5, 0.0)
    assert gaps.stored.held_from is None


def test_a_partition_that_goes_while_its_row_is_stored_is_forgotten(gaps: Gaps) -> None:
    begin(gaps, P0, 20, live=10)
    begin(gaps, P1, 5, live=10)
    snapshot = taken(gaps)
    gaps.forget({P0})
    gaps.were_stored(snapshot, {})
    assert (gaps.offsets, gaps.live_from, gaps.stored.rows) == ({P1: 5}, {}, {P1: 5})


@pytest.mark.parametrize(
    ("row", "replayed", "live_from"),
    [(3, {P0: 3}, {}), (12, {}, {P0: 20}), (25, {}, {P0: 20})],
)
def test_rewound_below_where_live_lines_begin(
    gaps: Gaps, row: int, replayed: Offsets, live_from: Offsets
) -> None:
    """A window below the live position is sent, to there; one above it does not end a floor."""
    begin(gaps, P0, 20, live=10)
    rewind(gaps, P0, row)
    assert (gaps.offsets, gaps.live_from) == (replayed, live_from)
    assert rows(gaps) == replayed | live_from


def test_a_window_above_the_live_position_needs_no_row(gaps: Gaps) -> None:
    """Nothing of that window has been sent yet: where the group stands counts."""
    rewind(gaps, P0, 12)
    assert rows(gaps, settled={P0: 9}) == {}


@pytest.mark.parametrize(("row", "gap"), [(3, 3), (8, 8), (9, 8), (30, 8)])
def test_rewound_never_goes_forward(gaps: Gaps, row: int, gap: int) -> None:
    open_gap(gaps, P0, 8)
    rewind(gaps, P0, row)
    assert (gaps.offsets, gaps.live_from, gaps.stored.rows) == ({P0: gap}, {}, {P0: OUTDATED})
    assert rows(gaps) == {P0: gap}


def test_a_row_that_moves_nothing_is_seen_to_all_the_same() -> None:
    changed: list[None] = []
    gaps = Gaps(lambda: changed.append(None))
    rewind(gaps, P0, 10)
    assert changed
    assert rows(gaps, settled={P0: 10}) == {}
    assert store(gaps, {P0: 10})
