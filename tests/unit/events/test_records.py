"""Runs of records, and parts of them."""

from __future__ import annotations

import pytest

from events.records import Run
from tests.support.records import RECORD_TIME_MS, run_of


@pytest.fixture
def run() -> Run:
    """Offsets 5 to 8; the third record is a second older than the others."""
    messages = [*run_of([b"a", b"b"], begin=5).messages]
    messages += run_of([b"c"], begin=7, timestamp_ms=RECORD_TIME_MS - 1000).messages
    messages += run_of([b"d"], begin=8).messages
    return Run(run_of([b"a"]).source, messages)


@pytest.mark.parametrize(
    ("begin", "end", "since", "kept"),
    [
        (0, None, 0, [b"a", b"b", b"c", b"d"]),
        (5, 9, RECORD_TIME_MS - 1000, [b"a", b"b", b"c", b"d"]),
        (5, 9, RECORD_TIME_MS - 999, [b"a", b"b", b"d"]),
        (6, None, 0, [b"b", b"c", b"d"]),
        (0, 8, 0, [b"a", b"b", b"c"]),
        (7, 8, RECORD_TIME_MS, []),
    ],
)
def test_a_part_is_what_lies_between_and_is_no_older(
    run: Run, begin: int, end: int | None, since: int, kept: list[bytes]
) -> None:
    part = run.part(begin, end, since)
    assert (part.values if part else []) == kept


def test_all_of_a_run_is_the_run_itself(run: Run) -> None:
    assert run.part(5, 9, RECORD_TIME_MS - 1000) is run
