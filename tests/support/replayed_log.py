"""A log in memory, for real replay passes: read as Kafka's is, looked up by time as Kafka's is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import count, cycle
from typing import Any, NamedTuple, cast

from confluent_kafka import KafkaError, KafkaException, Message

from drains.destination import Destination
from drains.option_values import DrainOptions
from drains.routes import Route
from events.formats.decode import Decoder
from events.kafka.answers import StampedOffset
from events.kafka.batch_size import BatchSize
from events.kafka.cluster import Cluster
from events.kafka.records import Batch, PartitionRecords, TopicPartition, by_partition
from events.keys import AppKey
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.replay.passes import ReplayPass
from shuttle.replay.scheduler import ReplayScheduler
from shuttle.replay.skips import LagSkips
from shuttle.routing import Router
from tests.support.fake_sender import FakeReceiver, FakeSender
from tests.support.records import kubernetes_event

NOW = 1_700_000_000.0
NOW_MS = int(NOW * 1000)
KEY = AppKey("gold", "gs")


class Record(NamedTuple):
    offset: int
    stamp_ms: int
    value: bytes | None

    @classmethod
    def line(cls, offset: int, stamp_ms: int, partition: int = 0, app: str = "gold") -> Record:
        """One whose text says where it stands."""
        event = kubernetes_event(f"{partition}-{offset}", container=app, pod=f"{app}-1")
        return cls(offset, stamp_ms, event)

    @property
    def is_ours(self) -> bool:
        return self.value is not None and b'"gold"' in self.value


def message_of(partition: TopicPartition, record: Record) -> Message:
    return Message(
        topic=partition.topic,
        partition=partition.number,
        offset=record.offset,
        value=record.value,
        timestamp=(1, record.stamp_ms),
    )


def records_of(partition: TopicPartition, records: Sequence[Record]) -> PartitionRecords:
    return PartitionRecords(partition, [message_of(partition, record) for record in records])


class Log:
    """One partition: what is there, and where the next record goes."""

    def __init__(self, records: Sequence[Record], end: int | None = None, low: int = 0) -> None:
        self.records = list(records)
        self.low = low
        self.end = max([low, end or 0, *(record.offset + 1 for record in records)])

    def __repr__(self) -> str:
        stamps = [(record.offset, record.stamp_ms, record.is_ours) for record in self.records]
        return f"Log({stamps}, {self.end}, {self.low})"

    def from_offset(self, offset: int, limit: int) -> list[Record]:
        return [record for record in self.records if record.offset >= offset][:limit]

    def first_at(self, epoch_ms: int) -> StampedOffset | None:
        stamps = ((record.offset, max(record.stamp_ms, -1)) for record in self.records)
        return next((StampedOffset(at, stamp) for at, stamp in stamps if stamp >= epoch_ms), None)


Logs = Mapping[TopicPartition, Log]


class LogConsumer:
    """Takes turns between partitions; `sizes`: how many records it takes of one at a time."""

    def __init__(self, logs: Logs, sizes: Sequence[int], on_batch: Callable[[], None]) -> None:
        self.batch_size = BatchSize()
        self._logs = logs
        self._sizes = cycle(sizes)
        self._on_batch = on_batch
        self._at: dict[TopicPartition, int] = {}
        self._generation = 0

    async def assign(self, starts: Mapping[TopicPartition, int]) -> None:
        self._at = dict(starts)

    async def take_up(self, starts: Mapping[TopicPartition, int]) -> int:
        self._at |= starts
        self._generation += 1
        return self._generation

    async def let_go(self, partitions: Collection[TopicPartition]) -> None:
        for partition in partitions:
            del self._at[partition]

    async def next_batch(self) -> Batch:
        await asyncio.sleep(0)
        self._on_batch()
        messages: list[Message] = []
        reset_to: dict[TopicPartition, int] = {}
        for partition in self._at:
            if self._at[partition] < self._logs[partition].low:
                self._at[partition] = reset_to[partition] = self._logs[partition].low
        here = [partition for partition in self._at if partition not in reset_to]
        for partition in here * 2:
            messages += self._take(partition, next(self._sizes))
        parts = list(by_partition(messages))
        ends = {records.partition: records.end for records in parts}
        ends.update(
            {
                partition: log.end
                for partition in here
                if self._at[partition] >= (log := self._logs[partition]).end
            }
        )
        return Batch(parts, ends, self._generation, reset_to)

    async def close(self) -> None: ...

    def _take(self, partition: TopicPartition, size: int) -> list[Message]:
        log = self._logs[partition]
        taken = log.from_offset(self._at[partition], size)
        self._at[partition] = taken[-1].offset + 1 if len(taken) == size else log.end
        return [message_of(partition, record) for record in taken]


class LogCluster:
    """`answers`: what becomes of a question by time, one after the other."""

    def __init__(self, logs: Logs, answers: Sequence[str], on_question: Callable[[], None]) -> None:
        self._logs = logs
        self._answers = cycle(answers)
        self._on_question = on_question
        self.asked: list[TopicPartition] = []
        self.answered = 0

    async def at(
        self, partitions: Collection[TopicPartition], epoch_ms: int
    ) -> dict[TopicPartition, StampedOffset | None]:
        self.asked += partitions
        answer = next(self._answers)
        if answer == "failure":
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        if answer == "silence":
            await asyncio.Event().wait()
        found = {
            partition: self._logs[partition].first_at(max(epoch_ms, 0)) for partition in partitions
        }
        await asyncio.sleep(0)
        self._on_question()
        if answer == "leaderless":
            return {}
        self.answered += 1
        return found


class ReplayBench:
    """Drains of one app that are behind in logs, and all that replays them.

    A drain that `fails` loses its connection, and what it has sent there; then it is back.
    """

    def __init__(
        self,
        logs: Logs,
        live: Mapping[TopicPartition, int],
        limits: Sequence[int],
        *,
        url: str = "syslog://127.0.0.1:514",
        answers: Sequence[str] = ("offsets",),
        sizes: Sequence[int] = (3,),
    ) -> None:
        self.logs = logs
        self.live = dict(live)
        self.now = 1000.0
        self.consumed = 0
        """Batches of all passes."""
        self.failures = 0
        self.on_batch: Callable[[int], None] = lambda _: None
        self.on_question: Callable[[], None] = lambda: None
        self.cluster = LogCluster(logs, answers, lambda: self.on_question())
        self.context = FeedContext(self._connect, lambda: self.now, lambda: NOW)
        self.lists: WorkLists[Feed] = WorkLists()
        self._receivers: dict[str, FakeReceiver] = {}
        self.feeds = [self._feed(f"d{number}", url, limit) for number, limit in enumerate(limits)]
        self.live_lines: dict[Feed, set[str]] = {feed: set() for feed in self.feeds}
        """What the live pass would have given them."""
        self._failed: set[FakeSender] = set()
        self._numbers = count(1)
        self.decoder = Decoder()
        router = Router(lambda _: self.feeds)
        self.replays = ReplayScheduler(
            lambda: cast(Any, LogConsumer(logs, sizes, self._batch)),
            lambda consumer, others: ReplayPass(
                consumer, others, self.decoder, router, self._numbers, self.live, lambda: NOW
            ),
            self.lists.stirred,
            LagSkips(cast(Cluster, self.cluster), self.live, lambda: NOW),
            lambda: False,
        )

    async def run(self, seconds: float = 30.0) -> None:
        """Until nobody is behind."""
        running = asyncio.create_task(self.replays.run())
        try:
            async with asyncio.timeout(seconds):
                while self.lists.behind and not running.done():
                    await asyncio.sleep(0)
                    self._flush_due()
                self._flush_due()
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            for feed in self.feeds:
                feed.close()

    def fail(self, feed: Feed) -> None:
        """The connection is reset; nothing says that anything of it was read."""
        sender = feed.outbound.delivery.link.sender
        if isinstance(sender, FakeSender):
            self.failures += 1
            self._failed.add(sender)
            sender.ended(ConnectionResetError())

    def grow(self, partition: TopicPartition, stamp_ms: int) -> None:
        """One more line, and the live pass meets it."""
        log = self.logs[partition]
        log.records.append(Record.line(log.end, stamp_ms, partition.number))
        log.end += 1
        for record in log.from_offset(self.live[partition], len(log.records)):
            for feed in self.feeds:
                if partition in feed.gaps.offsets:
                    feed.miss(
                        next(self._numbers), records_of(partition, [record]), int(record.is_ours)
                    )
                else:
                    self.live_lines[feed].add(f"{partition.number}-{record.offset}")
        self.live[partition] = log.end

    def sent(self, feed: Feed) -> set[str]:
        """What it was sent, read or not: text by text."""
        return self._texts(self._senders(feed))

    def delivered(self, feed: Feed) -> set[str]:
        return self._texts(s for s in self._senders(feed) if s not in self._failed)

    def _feed(self, name: str, url: str, limit: int) -> Feed:
        self._receivers[name] = FakeReceiver()
        options = DrainOptions(max_lag_seconds=limit)
        route = Route(name, KEY, Destination.parse(url), options=options)
        return Feed(route, self.context, self.lists)

    async def _connect(self, route: Route, *told: Any, **options: Any) -> Any:
        return await self._receivers[route.drain_id].connect(route, *told, **options)

    def _flush_due(self) -> None:
        """As the worker does."""
        for due in self.lists.due.values():
            while due:
                due.popleft()[1].flush()

    def _batch(self) -> None:
        self.consumed += 1
        self.on_batch(self.consumed)

    def _senders(self, feed: Feed) -> list[FakeSender]:
        return self._receivers[feed.route.drain_id].senders

    def _texts(self, senders: Iterable[FakeSender]) -> set[str]:
        records = b"".join(data for sender in senders for data in sender.sent).splitlines()
        return {text for _, _, text in (r.decode().partition(" - - - ") for r in records)}


def ages_of(log: Log) -> dict[int, tuple[int | None, int | None]]:
    """Offset → a record's own stamp, if that counts as an age, and the one that it goes by."""
    last, found = None, {}
    for offset, stamp_ms, _ in log.records:
        own = stamp_ms if 946_684_800_000 <= stamp_ms <= NOW_MS + 3_600_000 else None
        last = last if own is None else own
        found[offset] = own, last
    return found
