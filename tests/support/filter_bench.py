"""Drains with filters that take as long as the test says, a live pass, replays, and a database:
time goes on only where something takes some."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, cast

import pytest

from drains.destination import Destination
from drains.filters import LineFilter, LineTest
from drains.option_values import DrainOptions
from drains.routes import Route
from events.formats.decode import Decoder
from events.kafka.cluster import Cluster
from events.kafka.records import Offsets
from events.keys import AppKey, Key
from shuttle import asking, turn
from shuttle.commit.ledger import Ledger
from shuttle.commit.snapshots import held_batch, snapshot_of
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.pipeline import LivePass
from shuttle.replay.passes import ReplayPass
from shuttle.replay.scheduler import ReplayScheduler
from shuttle.replay.skips import LagSkips
from shuttle.routing import Router
from tests.support.fake_sender import FakeReceiver, FakeSender
from tests.support.feed_bench import cursors
from tests.support.replayed_log import NOW, LogCluster, LogConsumer, Logs

Line = tuple[int, int]
"""Partition and offset."""


class Time:
    """One clock for all: what a filter takes is CPU, all else takes none."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.asked = 0
        self.cost_of: Callable[[bytes], float] = lambda _: 0.0
        """Seconds, by the text of a line."""
        for module, name in (
            (asking, "perf_counter"),
            (turn, "perf_counter"),
            (turn, "thread_time"),
        ):
            patch.setattr(module, name, lambda: self.now)
        plain = LineFilter.line_test

        def costly(wanted: LineFilter) -> LineTest | None:
            test = plain(wanted)

            def ask(severity: Any, text: bytes) -> bool:
                self.asked += 1
                self.now += self.cost_of(text)
                return cast(LineTest, test)(severity, text)

            return ask if test is not None and wanted.has_patterns else test

        patch.setattr(LineFilter, "line_test", costly)


class FilterBench:
    """`filters`: of each app's drains. All read the logs from 0 on."""

    def __init__(
        self,
        time: Time,
        logs: Logs,
        filters: Mapping[str, Sequence[LineFilter]],
        sizes: Sequence[int] = (10,),
        before: FilterBench | None = None,
    ) -> None:
        """`sizes`: how many records come of a partition at a time. `before`: a worker that has been
        killed."""
        self.time, self.logs = time, logs
        self.turn_seconds = 0.01
        """That go by between two turns."""
        self.turns: list[float] = []
        """How long each step of the live pass kept the loop."""
        self.before = before
        self.rows: dict[str, Offsets] = before.rows if before else {}
        """Cursors as the database has them, by drain."""
        self.lists: WorkLists[Feed] = WorkLists()
        self.context = FeedContext(self._connect, lambda: time.now, lambda: NOW)
        self._wanted: dict[str, set[Line]] = {}
        self.receivers: dict[str, FakeReceiver] = {}
        self.feeds: dict[str, Feed] = {}
        by_key: dict[Key, list[Feed]] = {}
        for app, wanted in filters.items():
            for number, of in enumerate(wanted):
                feed = self._feed(f"{app}{number}", AppKey(app, "gs"), of)
                by_key.setdefault(feed.route.key, []).append(feed)
        self.ledger = Ledger()
        numbers, router = count(1), Router(lambda key: by_key.get(key, []))
        self.decoder = Decoder()
        self.reader = LogConsumer(logs, sizes, lambda: None)
        source: Any = self.reader
        self.live = LivePass(source, self.decoder, router, self.ledger, numbers, lambda *_: None)
        at, again = self.ledger.positions, Decoder()
        self.replays = ReplayScheduler(
            lambda: cast(Any, LogConsumer(logs, sizes, lambda: None)),
            lambda consumer, others: ReplayPass(
                consumer, others, again, router, numbers, at, lambda: NOW
            ),
            self.lists.stirred,
            LagSkips(cast(Cluster, LogCluster(logs, ["offsets"], lambda: None)), at, lambda: NOW),
            lambda: False,
        )

    async def begin(self, starts: Offsets) -> None:
        await self.reader.assign(starts)
        self.live.took_over(starts)
        self.live.assigned(starts, 0)
        for name, feed in self.feeds.items():
            feed.outbound.delivery.link.want()
            if name in self.rows:
                feed.restore(cursors(self.rows[name]), self.ledger.positions)
        while not all(feed.outbound.delivery.link.sender for feed in self.feeds.values()):
            await asyncio.sleep(0)

    async def step(self) -> None:
        """One of the live pass."""
        began = self.time.now
        await self.live.step()
        self.turns.append(self.time.now - began)

    async def run(self, on_turn: Callable[[int], None], turns: int = 3_000) -> None:
        """Until all has been read and nobody is behind."""
        running = asyncio.create_task(self.replays.run())
        try:
            for number in range(turns):
                if not self.has_read_all:
                    await self.step()
                elif not self.lists.behind:
                    break
                await asyncio.sleep(0)
                self.flush()
                for feed in self.lists.behind:  # a wait for the next try is the loop's time
                    feed.outbound.delivery.link.try_now()
                self.time.now += self.turn_seconds
                on_turn(number)
                assert not running.done(), running.exception()
            else:
                raise AssertionError(f"behind: {[f.gaps.offsets for f in self.lists.behind]}")
            self.flush()
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    @property
    def has_read_all(self) -> bool:
        at = self.ledger.positions
        return self.live.rest is None and all(at[p] >= log.end for p, log in self.logs.items())

    # What a worker's ticks do.

    def flush(self) -> None:
        for due in self.lists.due.values():
            while due:
                due.popleft()[1].flush()

    def confirm(self, feed: Feed) -> None:
        sender = self.sender(feed)
        if sender is not None:
            sender.read_all()
            if feed in self.lists.outstanding:
                feed.confirm(self.time.now)

    def store(self, feed: Feed) -> None:
        snapshot = snapshot_of(feed, self.ledger.safe)
        self.rows[feed.route.drain_id] = dict(snapshot.rows.rows)
        if snapshot.were_stored(self.ledger.safe):
            self.lists.unstored.discard(feed)

    def commit(self) -> None:
        held = map(held_batch, self.lists.outstanding | self.lists.unstored)
        self.ledger.settle([batch for batch in held if batch is not None], self.time.now)
        self.ledger.committable(float("inf"))

    def close(self) -> None:
        for feed in self.feeds.values():
            feed.close()

    # What has come of it.

    def sender(self, feed: Feed) -> FakeSender | None:
        return cast(FakeSender | None, feed.outbound.delivery.link.sender)

    def sent(self, name: str) -> list[list[Line]]:
        """By connection, in order."""
        return [_lines_of(b"".join(of.sent)) for of in self.receivers[name].senders]

    def confirmed(self, name: str) -> set[Line]:
        senders = self.receivers[name].senders
        before = self.before.confirmed(name) if self.before else set()
        return before | {
            line for of in senders for line in _lines_of(b"".join(of.sent)[: of.confirmed_bytes])
        }

    def wanted(self, name: str) -> set[Line]:
        """By its app's name and its patterns, of all that is in the logs."""
        if name not in self._wanted:
            route = self.feeds[name].route
            app, include = cast(AppKey, route.key).app, route.options.filter.include
            self._wanted[name] = {
                (partition.number, record.offset)
                for partition, log in self.logs.items()
                for record in log.records
                if record.value is not None
                and f'"{app}"'.encode() in record.value
                and f"{include} ".encode() in record.value
            }
        return self._wanted[name]

    async def _connect(self, route: Route, *told: Any, **options: Any) -> Any:
        return await self.receivers[route.drain_id].connect(route, *told, **options)

    def _feed(self, name: str, key: Key, wanted: LineFilter) -> Feed:
        self.receivers[name] = FakeReceiver()
        options = DrainOptions(filter=wanted)
        route = Route(name, key, Destination.parse("syslog://127.0.0.1:514"), options=options)
        feed = self.feeds[name] = Feed(route, self.context, self.lists)
        return feed


def _lines_of(data: bytes) -> list[Line]:
    """What is cut at the end is none."""
    texts = [line.partition(b" - - - ")[2] for line in data.split(b"\n")[:-1]]
    places = [text.split(b" ")[-1].decode().split("-") for text in texts]
    return [(int(partition), int(offset)) for partition, offset in places]
