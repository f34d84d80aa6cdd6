"""What is to be replayed, and the rows that say so."""

from __future__ import annotations

import pytest

from events.kafka.records import Offsets, TopicPartition
from shuttle.feed.place import OUTDATED, Place
from shuttle.feed.stored_cursor import StoredCursor
from shuttle.feed.writes import Write
from tests.support.feed_bench import P0, P1


@pytest.fixture
def place() -> Place:
    return Place(lambda: None)


def write(*, has_cursor: bool = False, **begins: int) -> Write:
    made = Write(1, 0.0, has_cursor=has_cursor)
    made.begins.update({{"p0": P0, "p1": P1}[name]: at for name, at in begins.items()})
    return made


def rows(
    place: Place, *writes: Write, settled: Offsets | None = None, accepting: bool = True
) -> Offsets:
    return place.rows(writes, settled or {}, accepting=accepting)


def store(place: Place, settled: Offsets | None = None) -> None:
    """What is written now is there at once."""
    taken = rows(place, settled=settled)
    place.storing(taken)
    place.kept(taken, place.holds, settled or {})


def test_a_row_below_the_live_position_is_a_gap(place: Place) -> None:
    place.begin(P0, StoredCursor(10, ""), live_position=11)
    assert (place.gaps, place.floors, place.epoch) == ({P0: 10}, {}, 1)


@pytest.mark.parametrize("row", [10, 11])
def test_a_row_at_or_above_it_is_where_live_lines_begin(place: Place, row: int) -> None:
    place.begin(P0, StoredCursor(row, ""), live_position=10)
    assert (place.gaps, place.floors, place.epoch) == ({}, {P0: row}, 0)


def test_a_row_stays_until_the_group_has_got_past_it(place: Place) -> None:
    """Else the next worker would begin below it, with lines from before its drain."""
    place.begin(P0, StoredCursor(20, ""), live_position=10)
    assert place.waits
    for settled in ({}, {P1: 30}, {P0: 19}):
        assert rows(place, settled=settled) == {P0: 20}
        store(place, settled)
        assert (place.floors, place.stored) == ({P0: 20}, {P0: 20})

    assert rows(place, settled={P0: 20}) == {}
    store(place, {P0: 20})
    assert (place.floors, place.stored, place.waits) == ({}, {}, False)


def test_the_row_of_a_closed_gap_stays_as_long(place: Place) -> None:
    place.begin(P0, StoredCursor(20, ""), live_position=30)
    place.replayed_to(P0, 25)
    store(place, {P0: 10})
    place.close_gap(P0, 30, live_position=30)

    assert (place.gaps, place.floors) == ({}, {})
    assert rows(place, settled={P0: 24}) == {P0: 25}
    assert rows(place, settled={P0: 25}) == {}
    assert place.waits


def test_a_replay_that_got_past_the_live_pass_leaves_a_floor(place: Place) -> None:
    place.open_gap(P0, 20)
    place.close_gap(P0, 35, live_position=30)
    assert place.floors == {P0: 35}


def test_a_floor_does_not_outlast_a_gap_below_it(place: Place) -> None:
    """What the replay had sent up to the floor is to be sent again, in part by the live pass."""
    place.open_gap(P0, 20)
    place.close_gap(P0, 35, live_position=30)
    place.open_gap(P0, 22)
    place.close_gap(P0, 33, live_position=33)
    assert place.floors == {}


def test_a_gap_moves_forward_without_a_new_epoch_and_back_with_one(place: Place) -> None:
    place.open_gap(P0, 20)
    place.replayed_to(P0, 25)
    place.replayed_to(P0, 22)
    place.replayed_to(P1, 9)
    assert (place.gaps, place.epoch) == ({P0: 25}, 1)
    place.open_gap(P0, 30)
    assert (place.gaps, place.epoch) == ({P0: 25}, 1)
    place.open_gap(P0, 24)
    assert (place.gaps, place.epoch) == ({P0: 24}, 2)


def test_what_is_under_way_has_rows_where_no_offset_waits_for_it(place: Place) -> None:
    place.open_gap(P0, 20)
    under_way = write(p0=15, p1=7)
    assert rows(place, under_way) == {P0: 15}
    assert rows(place, under_way, accepting=False) == {P0: 15, P1: 7}
    assert rows(place, write(has_cursor=True, p1=7)) == {P0: 20, P1: 7}
    assert rows(place, write(p0=25)) == {P0: 20}


def test_a_gap_holds_the_offsets_until_its_row_is_stored(place: Place) -> None:
    place.open_gap(P0, 20)
    place.hold_from(7)
    place.hold_from(9)
    assert place.held_from == 7

    taken, holds = rows(place), place.holds
    place.storing(taken)
    place.hold_from(8)
    place.kept(taken, holds, {})
    assert place.held_from == 7
    store(place)
    assert place.held_from is None


def test_a_partition_that_goes_while_its_row_is_stored_is_forgotten(place: Place) -> None:
    place.begin(P0, StoredCursor(20, ""), live_position=10)
    place.begin(P1, StoredCursor(5, ""), live_position=10)
    taken = rows(place)
    place.storing(taken)
    place.forget(P0)
    place.kept(taken, place.holds, {})
    assert (place.gaps, place.floors, place.stored) == ({P1: 5}, {}, {P1: 5})


@pytest.mark.parametrize("row", [20, 5])
def test_a_row_that_is_found_while_others_are_stored_is_remembered(place: Place, row: int) -> None:
    """Else nobody would ever take it away."""
    place.begin(P1, StoredCursor(5, ""), live_position=10)
    taken = rows(place)
    place.storing(taken)
    place.begin(P0, StoredCursor(row, ""), live_position=10)
    place.kept(taken, place.holds, {})
    assert place.stored == {P0: row, P1: 5}
    assert rows(place, settled={P0: 3}) == {P0: row, P1: 5}


def test_a_place_that_is_rewound_while_it_is_stored_remembers_the_new_row(place: Place) -> None:
    place.begin(P0, StoredCursor(8, ""), live_position=10)
    taken = rows(place)
    place.storing(taken)
    place.resend(P0, 3, live_position=10)
    place.kept(taken, place.holds, {})
    assert (place.gaps, place.stored) == ({P0: 3}, {P0: OUTDATED})


@pytest.mark.parametrize(
    ("row", "gaps", "floors"),
    [(3, {P0: 3}, {}), (12, {}, {P0: 20}), (25, {}, {P0: 20})],
)
def test_rewound_below_where_live_lines_begin(
    place: Place, row: int, gaps: dict[TopicPartition, int], floors: dict[TopicPartition, int]
) -> None:
    """A window below the live position is sent, to there; one above it does not end a floor."""
    place.begin(P0, StoredCursor(20, ""), live_position=10)
    place.resend(P0, row, live_position=10)
    assert (place.gaps, place.floors) == (gaps, floors)
    assert rows(place) == gaps | floors


def test_a_window_above_the_live_position_needs_no_row(place: Place) -> None:
    """Nothing of that window has been sent yet: where the group stands counts."""
    place.resend(P0, 12, live_position=10)
    assert rows(place, settled={P0: 9}) == {}


@pytest.mark.parametrize(("row", "gap"), [(3, 3), (8, 8), (9, 8), (30, 8)])
def test_rewound_never_goes_forward(place: Place, row: int, gap: int) -> None:
    place.open_gap(P0, 8)
    place.resend(P0, row, live_position=10)
    assert (place.gaps, place.floors, place.stored) == ({P0: gap}, {}, {P0: OUTDATED})
    assert rows(place) == {P0: gap}


def test_a_row_that_moves_nothing_is_seen_to_all_the_same() -> None:
    changed: list[None] = []
    place = Place(lambda: changed.append(None))
    place.resend(P0, 10, live_position=10)
    assert changed
    assert rows(place, settled={P0: 10}) == {}
    assert place.waits
