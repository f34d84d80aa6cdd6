"""Cursors on their way to the database, while partitions come and go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pytest

from events.records import TopicPartition
from shuttle import storekeeper
from shuttle.feed import Feed
from shuttle.store import Claim, CursorChange, Refused, Store, StoreError, TakenOver
from shuttle.storekeeper import Storekeeper
from tests.support.feed_bench import P0, P1, FeedBench, records

FIRST, SECOND = Claim("first", ""), Claim("second", "")


class MemoryStore:
    def __init__(self) -> None:
        self.claims: dict[TopicPartition, Claim] = {}
        self.rows: dict[TopicPartition, int] = {}
        self.offsets: dict[TopicPartition, int] = {}
        self.failures = 0

    def take_over(self, claims: Mapping[TopicPartition, Claim]) -> TakenOver:
        if self.failures:
            self.failures -= 1
            raise StoreError("away")
        self.claims.update(claims)
        return TakenOver({}, {}, {})

    def write(
        self,
        changes: Sequence[CursorChange],
        offsets: Mapping[TopicPartition, int],
        claims: Mapping[TopicPartition, Claim],
    ) -> Refused:
        self.offsets.update(offsets)
        wanted = {(s, at) for change in changes for s, at in change.rows.items()}
        held = {(s, at) for s, at in wanted if s in claims and self.claims.get(s) == claims[s]}
        self.rows.update(held)
        return Refused(frozenset(source for source, _ in wanted - held))


@pytest.fixture
def bench() -> FeedBench:
    return FeedBench()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def lost() -> set[TopicPartition]:
    return set()


@pytest.fixture
def keeper(
    bench: FeedBench,
    store: MemoryStore,
    lost: set[TopicPartition],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Storekeeper]:
    monkeypatch.setattr(storekeeper, "RETRY_SECONDS", 0.0)
    keeper = Storekeeper(cast(Store, store), bench.registers, lost.update)
    yield keeper
    keeper.close()


async def behind(bench: FeedBench, source: TopicPartition) -> Feed:
    """Not yet in the database."""
    await bench.sent(batch=1, begin=5)
    bench.feed.leave_live("the receiver is late")
    bench.feed.miss(2, records(6, source), lines=1)
    return bench.feed


async def test_rows_without_a_claim_hold_offsets_back_until_it_is_there(
    keeper: Storekeeper, bench: FeedBench, store: MemoryStore, lost: set[TopicPartition]
) -> None:
    feed = await behind(bench, P0)
    assert await keeper.keep()
    assert (store.rows, feed.held_batch, lost) == ({}, 1, set())

    await keeper.take_over({P0: FIRST}, lambda: [P0])
    assert await keeper.keep()
    assert (store.rows, feed.held_batch) == ({P0: 5}, None)
    feed.close()


async def test_a_claim_that_another_worker_replaced_loses_the_partition(
    keeper: Storekeeper, bench: FeedBench, store: MemoryStore, lost: set[TopicPartition]
) -> None:
    await keeper.take_over({P0: FIRST}, lambda: [P0])
    store.claims[P0] = SECOND
    feed = await behind(bench, P0)
    assert await keeper.keep()
    assert (store.rows, lost) == ({}, {P0})
    feed.close()


async def test_a_take_over_that_comes_too_late_claims_nothing(
    keeper: Storekeeper, store: MemoryStore
) -> None:
    """P0 went and came back under another claim while the database was away."""
    store.failures = 1
    asked: list[Any] = []

    def still_ours() -> list[TopicPartition]:
        asked.append(None)
        return [P0, P1] if len(asked) == 1 else [P1]

    await keeper.take_over({P0: SECOND}, lambda: [P0])
    store.failures = 1
    await keeper.take_over({P0: FIRST, P1: FIRST}, still_ours)

    assert store.claims == keeper.claims == {P0: SECOND, P1: FIRST}
