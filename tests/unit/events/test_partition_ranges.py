"""Partitions as short text, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.kafka.partition_ranges import numbers_of, ranges_of


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([7], "7"), ([3, 0, 2, 1, 7], "0-3,7"), ([0, 2, 4, 5], "0,2,4-5")],
)
def test_neighbours_are_one_range(numbers: list[int], text: str) -> None:
    assert ranges_of(numbers) == text


@given(st.sets(st.integers(0, 300)))
def test_what_is_written_can_be_read(numbers: set[int]) -> None:
    assert numbers_of(ranges_of(numbers)) == numbers
