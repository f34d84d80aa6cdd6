"""Cursors on their way to the database, while partitions come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from events.kafka.records import TopicPartition
from shuttle.commit import cursor_writer as module
from shuttle.commit.cursor_writer import OFFSETS_SECONDS, CursorWriter
from shuttle.commit.store import Claim
from shuttle.commit.store_thread import StoreThread
from shuttle.feed.feed import Feed
from tests.support.feed_bench import P0, P1, FeedBench, cursors, records, route_of, windows
from tests.support.memory_store import MemoryStore

FIRST, SECOND = Claim("first", ""), Claim("second", "")


@pytest.fixture
def bench() -> FeedBench:
    return FeedBench()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(route_of())


@pytest.fixture
def lost() -> set[TopicPartition]:
    return set()


@pytest.fixture
def cursor_writer(
    bench: FeedBench,
    store: MemoryStore,
    lost: set[TopicPartition],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[CursorWriter]:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    thread = StoreThread(store)
    yield CursorWriter(thread, bench.lists, bench.settled, lost.update, store.tell)
    thread.close()


async def behind(bench: FeedBench, partition: TopicPartition) -> Feed:
    """Not yet in the database."""
    await bench.sent(batch=1, begin=5)
    bench.feed.outbound.leave_live("the receiver is late")
    bench.feed.miss(2, records(6, partition), lines=1)
    return bench.feed


async def test_rows_without_a_claim_hold_offsets_back_until_it_is_there(
    cursor_writer: CursorWriter, bench: FeedBench, store: MemoryStore, lost: set[TopicPartition]
) -> None:
    feed = await behind(bench, P0)
    assert await cursor_writer.keep()
    assert (store.rows, bench.held_batch, lost) == ({}, 1, set())

    await cursor_writer.take_over({P0: FIRST}, lambda: [P0])
    assert await cursor_writer.keep()
    assert (store.rows, bench.held_batch) == ({P0: 5}, None)
    feed.close()


async def test_a_claim_that_another_worker_replaced_loses_the_partition(
    cursor_writer: CursorWriter, bench: FeedBench, store: MemoryStore, lost: set[TopicPartition]
) -> None:
    await cursor_writer.take_over({P0: FIRST}, lambda: [P0])
    store.claims[P0] = SECOND
    feed = await behind(bench, P0)
    assert await cursor_writer.keep()
    assert (store.rows, lost) == ({}, {P0})
    feed.close()


async def test_a_take_over_that_comes_too_late_claims_nothing(
    cursor_writer: CursorWriter, store: MemoryStore
) -> None:
    """P0 went and came back under another claim while the database was away."""
    store.failures = 1
    asked: list[Any] = []

    def still_ours() -> list[TopicPartition]:
        asked.append(None)
        return [P0, P1] if len(asked) == 1 else [P1]

    await cursor_writer.take_over({P0: SECOND}, lambda: [P0])
    store.failures = 1
    await cursor_writer.take_over({P0: FIRST, P1: FIRST}, still_ours)

    assert store.claims == cursor_writer.claims == {P0: SECOND, P1: FIRST}


async def claimed(cursor_writer: CursorWriter) -> None:
    """P0 and P1 are this worker's, and all offsets of now are written."""
    await cursor_writer.take_over({P0: FIRST, P1: FIRST}, lambda: [P0, P1])
    assert await cursor_writer.keep(every_offset=True)


async def test_a_row_goes_together_with_the_offset_that_has_passed_it(
    cursor_writer: CursorWriter, bench: FeedBench, store: MemoryStore
) -> None:
    bench.settled.update({P0: 10, P1: 10})
    await claimed(cursor_writer)
    bench.feed.begin(cursors({P0: 20}), {P0: 20})
    assert await cursor_writer.keep()
    store.has({P0: 20})
    assert bench.feed in bench.lists.unstored

    bench.settled.update({P0: 19, P1: 50})
    assert await cursor_writer.keep()
    assert (store.rows, store.offsets) == ({P0: 20}, {P0: 10, P1: 10})

    bench.settled[P0] = 21
    assert await cursor_writer.keep()
    assert (store.rows, store.offsets) == ({}, {P0: 21, P1: 10})
    assert bench.feed not in bench.lists.unstored
    assert bench.feed.gaps.live_from == {}


async def test_offsets_are_written_now_and_then_and_when_they_are_asked_for(
    cursor_writer: CursorWriter,
    bench: FeedBench,
    store: MemoryStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench.settled.update({P0: 10, P1: 10})
    await claimed(cursor_writer)
    assert store.offsets == {P0: 10, P1: 10}
    bench.settled[P0] = 11
    assert await cursor_writer.keep()
    assert store.offsets[P0] == 10
    assert await cursor_writer.keep(every_offset=True)
    assert store.offsets[P0] == 11

    bench.settled[P0] = 12
    loop = asyncio.get_running_loop()
    later = loop.time() + OFFSETS_SECONDS
    with monkeypatch.context() as patch:
        patch.setattr(loop, "time", lambda: later)
        assert await cursor_writer.keep()
    assert store.offsets[P0] == 12


async def test_what_has_not_changed_is_not_written(
    cursor_writer: CursorWriter, bench: FeedBench, store: MemoryStore
) -> None:
    await claimed(cursor_writer)
    writes = store.writes
    assert await cursor_writer.keep(every_offset=True)
    bench.feed.gaps.touch()
    assert await cursor_writer.keep()
    assert store.writes == writes


async def test_offsets_of_partitions_that_are_not_ours_are_not_written(
    cursor_writer: CursorWriter, bench: FeedBench, store: MemoryStore
) -> None:
    await claimed(cursor_writer)
    cursor_writer.give_up([P0])
    bench.settled.update({P0: 2_000_000, P1: 3_000_000})
    assert await cursor_writer.keep(every_offset=True)
    assert store.offsets == {P0: 1_000_000, P1: 3_000_000}


async def test_rows_are_written_again_once_those_of_somebody_else_were_read(
    cursor_writer: CursorWriter, bench: FeedBench, store: MemoryStore, lost: set[TopicPartition]
) -> None:
    await claimed(cursor_writer)
    feed = await behind(bench, P1)
    assert await cursor_writer.keep()
    assert store.rows == {P0: 5, P1: 6}

    # Somebody writes rows, one of them lower, while the replay gets on.
    store.rewind({P0: 2, P1: 4})
    feed.gaps.replayed_to(P1, 9)
    bench.confirm()
    assert await cursor_writer.keep()
    assert (store.rows, lost) == ({P0: 2, P1: 4}, set())
    assert feed.gaps.stored.rows == {P0: 5, P1: 6}
    assert feed in bench.lists.unstored

    feed.change_to(replace(feed.route, cursor_version=1))
    feed.rewind(windows({P0: 2, P1: 20}), {P0: 100, P1: 100})
    assert await cursor_writer.keep()
    assert store.rows == {P0: 2, P1: 9}
    feed.close()


async def test_a_refusal_keeps_what_holds_the_offsets(
    cursor_writer: CursorWriter, bench: FeedBench, store: MemoryStore
) -> None:
    await claimed(cursor_writer)
    store.rewind({})
    feed = await behind(bench, P1)
    assert await cursor_writer.keep()
    assert (bench.held_batch, store.rows) == (1, {})

    feed.change_to(replace(feed.route, cursor_version=1))
    feed.rewind(windows({}), {P0: 100, P1: 100})
    assert await cursor_writer.keep()
    assert store.rows == {P0: 5, P1: 6}
    assert bench.held_batch is None
    feed.close()


async def test_rows_that_are_read_while_others_are_written_are_taken_away_in_the_end(
    cursor_writer: CursorWriter, bench: FeedBench, store: MemoryStore
) -> None:
    """A partition comes back, with a row, while the store is asked for something else."""
    await claimed(cursor_writer)
    bench.feed.gaps.touch()
    bench.settled[P1] += 1
    keeping = asyncio.create_task(cursor_writer.keep(every_offset=True))
    await asyncio.sleep(0)
    store.has({P0: 2_000_000})
    bench.feed.restore(cursors({P0: 2_000_000}), {P0: 2_000_000})
    assert await keeping

    bench.settled[P0] = 2_000_001
    assert await cursor_writer.keep()
    assert store.rows == {}


async def test_no_cursor_is_stored_before_the_losses_that_lie_behind_it_are_known(
    bench: FeedBench, store: MemoryStore, cursor_writer: CursorWriter
) -> None:
    await cursor_writer.take_over({P0: FIRST, P1: FIRST}, lambda: [P0, P1])
    feed = await behind(bench, P1)
    feed.lose(7, "gone")

    store.failures = 1
    assert not await cursor_writer.keep()
    assert not store.rows
    assert await cursor_writer.keep()

    assert store.told_lost == [7]
    assert store.rows
    assert await cursor_writer.keep()
    assert store.told_lost == [7]
