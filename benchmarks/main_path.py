"""The live pass, its feeds, and receivers that confirm at once: all between Kafka and the kernel.

Imported once for each checkout that is measured, so that it is made of that one's parts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from confluent_kafka import Message

from benchmarks.scenarios import Scenario
from benchmarks.traffic import PARTITIONS, SPACE, topic_of
from drains.delivery.network.heard import Heard
from drains.delivery.sender import Ended
from drains.delivery.senders.counted import CountedSender
from drains.destination import Destination
from drains.option_values import DEFAULTS, DrainOptions
from drains.routes import Route
from events.formats.decode import Decoder
from events.kafka.batch_size import BatchSize
from events.kafka.records import Batch, TopicPartition, by_partition
from events.keys import AppKey, Key
from shuttle.commit.ledger import Ledger
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.pipeline import LivePass
from shuttle.routing import Router

FLUSH_RECORDS = 10_000
"""After so many, what has gathered in outboxes is written: about what comes in 50 ms."""


class MainPath:
    """For the drains of a scenario, by TCP."""

    def __init__(self, scenario: Scenario) -> None:
        self._clock = asyncio.get_running_loop().time
        self._lists: WorkLists[Feed] = WorkLists()
        self._source = _Source()
        context = FeedContext(_connect, self._clock)
        feeds: dict[Key, list[Feed]] = {}
        for app in range(scenario.with_drains):
            key = AppKey(f"app{app}", SPACE)
            feeds[key] = [
                Feed(_route_of(key, host, scenario), context, self._lists)
                for host in range(1, scenario.fan_out + 1)
            ]
        self._feeds = [feed for found in feeds.values() for feed in found]
        router = Router(lambda key: feeds.get(key, []))
        self._pass = LivePass(self._source, Decoder(), router, Ledger(), count(1), lambda *_: None)
        topic = topic_of(scenario.source)
        places = {TopicPartition(topic, number): 0 for number in range(PARTITIONS)}
        self._pass.took_over(places)
        self._pass.assigned(places, 0)
        self._unflushed = 0

    async def connect(self) -> None:
        """Returns when every feed has its connection."""
        for feed in self._feeds:
            feed.outbound.delivery.link.want()
        while not all(feed.outbound.delivery.link.sender for feed in self._feeds):
            await asyncio.sleep(0)

    def work_on(self, messages: Sequence[Message]) -> None:
        """One batch, all the way, and now and then what a worker does 20 times a second."""
        self._source.messages = messages
        self._step()
        while getattr(self._pass, "rest", None) is not None:  # it took too long for one
            self._step()
        self._unflushed += len(messages)
        if self._unflushed >= FLUSH_RECORDS:
            self._unflushed = 0
            self._flush()

    def _step(self) -> None:
        step = self._pass.step()
        with suppress(StopIteration):  # which is how a step ends
            while True:  # it waits for nothing: at most it lets others go first
                step.send(None)

    def _flush(self) -> None:
        for due in self._lists.due.values():
            while due:
                due.popleft()[1].flush()
        now = self._clock()
        for feed in list(self._lists.outstanding):
            feed.confirm(now)

    @property
    def bytes_sent(self) -> int:
        return sum(
            sender.confirmed_bytes
            for feed in self._feeds
            if (sender := feed.outbound.delivery.link.sender)
        )


class _Source:
    """Hands over what it has been given."""

    def __init__(self) -> None:
        self.batch_size = BatchSize()
        self.messages: Sequence[Message] = ()

    async def next_batch(self) -> Batch:
        parts = list(by_partition(self.messages))
        return Batch(parts, {records.partition: records.end for records in parts})


class _Receiver(CountedSender[Any]):
    """Everything is confirmed when it is asked for."""

    buffered_bytes = 0

    def send(self, pieces: Sequence[bytes], write: Any) -> None:
        self._checkpoints.wrote(sum(map(len, pieces)), write)

    def confirm(self, now: float) -> list[Any]:
        return self._checkpoints.confirm(self._checkpoints.written_bytes, now)

    def to_send_again(self, now: float, *, hung: bool = False) -> list[Any]:
        return self._checkpoints.to_send_again(now, hung=hung)

    def close(self) -> None:
        """There is nothing to be closed."""

    abort = close


async def _connect(route: Route, ended: Ended, heard: Heard, *, patient: bool) -> _Receiver:
    return _Receiver(ended)


def _route_of(key: AppKey, host: int, scenario: Scenario) -> Route:
    options = DrainOptions(framing="octet") if scenario.destination == "octet" else DEFAULTS
    where = Destination.parse(f"syslog://127.0.0.{host}:514")
    return Route(f"{key}.{host}", key, where, options=options)
