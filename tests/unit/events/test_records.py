"""Runs of records, and parts of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from events.decode import Decoder
from events.records import Run
from tests.support.records import kubernetes_event, run_of


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


@pytest.mark.parametrize(
    ("topic", "value"),
    [
        ("gs", kubernetes_event("x", time=None)),
        ("alamoweblogs", b"hostname=gold-gs.example.com method=GET path=/"),
        ("alamobuildlogs", b'{"build":1,"job":"j","message":"m","metadata":"gold-gs"}'),
    ],
)
def test_a_record_without_a_time_takes_the_time_of_reading(topic: str, value: bytes) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)

    (line,) = Decoder().lines_of(run_of([value], topic, timestamp_ms=-1))

    assert before <= datetime.fromisoformat(line.time) <= datetime.now(UTC)
