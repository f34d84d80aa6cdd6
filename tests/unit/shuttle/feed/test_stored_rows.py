"""What the database has of one drain, while more is on its way there."""

from __future__ import annotations

import pytest

from shuttle.feed.stored_rows import OUTDATED, StoredCursor, StoredRows
from tests.support.feed_bench import P0, P1


@pytest.fixture
def stored() -> StoredRows:
    return StoredRows()


def store(stored: StoredRows, rows: dict[object, int]) -> None:
    """What is written now is there at once."""
    stored.were_stored(stored.storing(rows))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cursor", "done_to", "first"),
    [
        (StoredCursor(20, ""), 20, 20),
        (StoredCursor(20, "", resend_from=5), 20, 5),
        (StoredCursor(20, "", resend_from=30), 20, 20),
        (StoredCursor(5, "", resend_from=5), None, 5),
    ],
)
def test_a_window_that_is_sent_again_says_nothing_of_what_is_done(
    cursor: StoredCursor, done_to: int | None, first: int
) -> None:
    assert (cursor.done_to, cursor.first) == (done_to, first)


def test_only_what_differs_is_written(stored: StoredRows) -> None:
    store(stored, {P0: 10, P1: 20})
    snapshot = stored.storing({P0: 10, P1: 21})
    assert (snapshot.changed, snapshot.gone) == ({P1: 21}, [])

    snapshot = stored.storing({P1: 20})
    assert (snapshot.changed, snapshot.gone) == ({}, [P0])
    assert stored.rows == {P0: 10, P1: 20}, "it is not there yet"


def test_the_first_batch_that_waits_is_let_go_when_all_is_stored(stored: StoredRows) -> None:
    stored.hold_from(7)
    stored.hold_from(9)
    assert stored.held_from == 7
    stored.hold_from(5)
    assert stored.held_from == 5

    store(stored, {P0: 10})
    assert stored.held_from is None


@pytest.mark.parametrize("batch", [5, 7, 8])
def test_a_batch_that_waits_since_then_still_does(stored: StoredRows, batch: int) -> None:
    stored.hold_from(7)
    snapshot = stored.storing({P0: 10})
    stored.hold_from(batch)
    stored.were_stored(snapshot)

    assert stored.held_from == min(batch, 7)
    store(stored, {P0: 10})
    assert stored.held_from is None


@pytest.mark.parametrize("row", [20, 5, OUTDATED])
def test_a_row_that_is_found_while_others_are_stored_is_remembered(
    stored: StoredRows, row: int
) -> None:
    """Else nobody would ever take it away, or write it anew."""
    snapshot = stored.storing({P0: 8, P1: 5})
    stored.found(P0, row)
    stored.were_stored(snapshot)

    assert stored.rows == {P0: row, P1: 5}


def test_a_row_that_is_outdated_is_written_even_if_it_is_the_same(stored: StoredRows) -> None:
    store(stored, {P0: 10})
    stored.found(P0, OUTDATED)
    assert stored.storing({P0: 10}).changed == {P0: 10}


def test_rows_of_which_nobody_knows_whether_they_are_there_are_written_again(
    stored: StoredRows,
) -> None:
    store(stored, {P0: 10, P1: 20})
    snapshot = stored.storing({P0: 11, P1: 20})
    version = stored.version
    stored.doubt(snapshot)

    assert stored.version > version
    assert stored.storing({P0: 10, P1: 20}).changed == {P0: 10}
    assert stored.storing({P1: 20}).gone == [P0]


def test_a_partition_that_went_while_it_was_stored_is_forgotten(stored: StoredRows) -> None:
    for settle in (stored.were_stored, stored.doubt):
        snapshot = stored.storing({P0: 10, P1: 20})
        stored.forget(P0)
        settle(snapshot)
        assert P0 not in stored.rows
        assert P1 in stored.rows
