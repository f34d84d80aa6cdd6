"""What a worker says of the partitions that others fell over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from events.formats.malformed import Malformed
from events.kafka.records import Offsets, TopicPartition
from shuttle.commit.store import Claim, TakenOver, Tries
from shuttle.commit.store_thread import StoreThread
from shuttle.worker.trust import Trust
from tests.support.errands import Errands
from tests.support.feed_bench import P0, P1
from tests.support.memory_store import MemoryStore

MINE = Claim("mine", "")


class Stage:
    """A worker's trust, before a store that others have left their tries in."""

    def __init__(self) -> None:
        self.store, self.tasks = MemoryStore(), Errands()
        self.thread = StoreThread(self.store)
        self.claims: dict[TopicPartition, Claim] = {}
        self.trust = Trust(self.thread, Malformed(), self.claims, self.tasks)

    def claimed(self, **tries: int) -> TakenOver:
        """P0 and P1, after so many."""
        self.store.tries = {P0: tries["p0"], P1: tries["p1"]}
        self.claims.update({P0: MINE, P1: MINE})
        return self.store.take_over({P0: MINE, P1: MINE})

    async def gives_up(self, *partitions: TopicPartition, settled: Offsets) -> None:
        await self.tasks.cancel()
        until = asyncio.get_running_loop().time() + 10
        await self.trust.give_up(partitions, settled, until)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    yield made
    made.thread.close()


async def test_what_went_while_it_was_taken_over_is_nobodys_business(stage: Stage) -> None:
    taken = stage.claimed(p0=5, p1=5)._replace(deadly={P0: [7], P1: [8]})
    del stage.claims[P0]

    stage.trust.took_over(taken, {P1: 40})
    assert stage.trust.suspects.partitions == {P1}
    stage.trust.forget([P1])
    await stage.tasks.cancel()
    assert not stage.trust.suspects.are_there


async def test_tries_are_forgotten_only_where_it_got_on(stage: Stage) -> None:
    stage.trust.took_over(stage.claimed(p0=4, p1=4), {P0: 40, P1: 40})
    await stage.gives_up(P0, P1, settled={P0: 40, P1: 41})
    assert stage.store.tries == {P0: 4, P1: Tries.GIVEN_BACK}


async def test_where_nothing_is_settled_yet_they_stay(stage: Stage) -> None:
    stage.trust.took_over(stage.claimed(p0=2, p1=0), {P0: 40, P1: 40})
    await stage.gives_up(P0, P1, settled={})
    assert stage.store.tries == {P0: 2, P1: Tries.GIVEN_BACK}


async def test_who_has_held_it_gives_it_back_for_good(stage: Stage) -> None:
    stage.trust.held_seconds = 0.0
    stage.trust.took_over(stage.claimed(p0=4, p1=4), {P0: 40, P1: 40})
    await stage.tasks.done()
    assert stage.store.tries == {P0: Tries.HELD, P1: Tries.HELD}
    await stage.gives_up(P0, settled={P0: 40})
    assert stage.store.tries == {P0: Tries.GIVEN_BACK, P1: Tries.HELD}


async def test_who_falls_says_so_however_far_it_got(stage: Stage) -> None:
    stage.trust.took_over(stage.claimed(p0=4, p1=4), {P0: 40, P1: 40})
    stage.trust.falls()
    await stage.gives_up(P0, P1, settled={P0: 40, P1: 41})
    assert stage.store.tries == {P0: Tries.FELL, P1: Tries.FELL}
