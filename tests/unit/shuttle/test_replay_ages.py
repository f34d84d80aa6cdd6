"""What a replay pass makes of records' times, batch by batch."""

from __future__ import annotations

from itertools import count
from typing import Any, cast

from events.batch_size import BatchSize
from events.decode import Decoder
from events.records import Batch, Run, TopicPartition
from shuttle.replay import ReplayPass
from shuttle.routing import Router
from tests.support.feed_bench import P0, P1, FeedBench, cursors
from tests.support.records import kubernetes_event, run_of

LIVE = {P0: 100, P1: 100}


class GivenBatches:
    def __init__(self, *batches: Batch) -> None:
        self._batches = list(batches)
        self.batch_size = BatchSize()

    async def next_batch(self) -> Batch:
        return self._batches.pop(0)


def batch_of(*runs: Run) -> Batch:
    return Batch(list(runs), {run.source: run.end for run in runs})


def run_at(source: TopicPartition, begin: int, stamp_ms: float, count: int = 2) -> Run:
    return run_of([kubernetes_event("x")] * count, *source, begin, int(stamp_ms))


async def test_a_partition_that_comes_twice_in_a_batch_may_have_odd_stamps_the_second_time() -> (
    None
):
    bench = FeedBench()
    feed, wall_ms = bench.feed, bench.wall * 1000
    feed.restored(cursors({P0: 0, P1: 0}), LIVE)
    sender = await bench.connected()
    router = Router("h")
    router.route({feed.route.key: [feed]})
    runs = run_at(P0, 0, wall_ms), run_at(P1, 0, wall_ms), run_at(P0, 2, wall_ms / 1000)
    consumer = cast(Any, GivenBatches(batch_of(*runs)))
    replay = ReplayPass(consumer, Decoder(), router, count(1), LIVE, lambda: bench.wall)
    replay._board([feed])

    await replay.step()
    feed.flush()

    assert sum(mark.lines for mark in sender.unconfirmed) == 6
    assert not feed.account.lines_lost
