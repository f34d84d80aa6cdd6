"""Batches are as large as their work is quick."""

from __future__ import annotations

from events.kafka.batch_size import RECORDS_MAX, RECORDS_MIN, WORK_SECONDS, BatchSize


def test_a_batch_that_takes_too_long_is_followed_by_smaller_ones() -> None:
    size = BatchSize()
    for _ in range(10):
        size.worked_on(size.records, WORK_SECONDS * 1.1)
    assert size.records == RECORDS_MIN


def test_quick_batches_are_followed_by_larger_ones() -> None:
    size = BatchSize()
    for _ in range(10):
        size.worked_on(size.records, WORK_SECONDS * 0.4)
    assert size.records == RECORDS_MAX


def test_a_size_that_fits_stays() -> None:
    size = BatchSize()
    before = size.records
    size.worked_on(before, WORK_SECONDS * 0.9)
    assert size.records == before


def test_batches_that_are_not_full_tell_nothing() -> None:
    size = BatchSize()
    before = size.records
    size.worked_on(before - 1, 0.0)
    size.worked_on(0, WORK_SECONDS * 100)
    assert size.records == before
