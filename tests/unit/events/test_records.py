"""Records of one partition, and parts of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.formats.decode import Decoder
from events.kafka.records import PartitionRecords
from tests.support.records import kubernetes_event, records_of


@pytest.fixture
def records() -> PartitionRecords:
    """Offsets 5 to 8."""
    return records_of([b"a", b"b", b"c", b"d"], begin=5)


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
    records: PartitionRecords, begin: int, end: int | None, kept: list[bytes]
) -> None:
    part = records.part(begin, end)
    assert (part.values if part else []) == kept


def test_all_of_the_records_are_the_records_themselves(records: PartitionRecords) -> None:
    assert records.part(5, 9) is records


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

    (line,) = Decoder().lines_of(records_of([value], topic, timestamp_ms=-1))

    assert before <= datetime.fromisoformat(line.time) <= datetime.now(UTC)


@given(sizes=st.lists(st.integers(0, 30), min_size=1), records=st.integers(1, 9))
def test_pieces_are_the_same_records_within_bounds(sizes: list[int], records: int) -> None:
    whole = records_of([b"x" * size if size else None for size in sizes], begin=7)
    pieces = list(whole.pieces(records, 40))

    assert [value for piece in pieces for value in piece.values] == whole.values
    assert [piece.begin for piece in pieces] == [7, *(piece.end for piece in pieces[:-1])]
    for piece in pieces:
        size = sum(len(value or b"") for value in piece.values)
        assert len(piece) <= records
        assert size <= 40 or len(piece) == 1
