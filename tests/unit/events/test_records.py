"""Runs of records, and parts of them."""

from __future__ import annotations

import pytest

from events.records import Run
from tests.support.records import run_of


@pytest.fixture
def run() -> Run:
    """Offsets 5 to 8."""
    return run_of([b"a", b"b", b"c", b"d"], begin=5)


@pytest.mark.parametrize(
    ("begin", "end", "kept"),
    [
        (0, None, [b"a", b"b", b"c", b"d"]),
        (6, None, [b"b", b"c", b"d"]),
        (0, 8, [b"a", b"b", b"c"]),
        (7, 8, [b"c"]),
        (9, None, []),
        (0, 5, []),
    ],
)
def test_a_part_is_what_lies_between(
    run: Run, begin: int, end: int | None, kept: list[bytes]
) -> None:
    part = run.part(begin, end)
    assert (part.values if part else []) == kept


def test_all_of_a_run_is_the_run_itself(run: Run) -> None:
    assert run.part(5, 9) is run
