"""What a replay pass has its consumer read, however seats come and go meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import SimpleNamespace
from typing import Any, cast

from events.kafka.offset_consumer import OffsetConsumer
from events.kafka.records import TopicPartition
from events.keys import AppKey
from shuttle.feed.feed import Feed
from shuttle.replay.seats import Seats

P0, P1 = TopicPartition("demo", 0), TopicPartition("demo", 1)


class FakeConsumer:
    """As librdkafka: who has a partition cannot take it up again."""

    def __init__(self) -> None:
        self.read: dict[TopicPartition, int] = {}
        self.meanwhile: Callable[[], None] = lambda: None
        """Happens while the next call waits for its answer."""

    async def let_go(self, partitions: Collection[TopicPartition]) -> None:
        for partition in partitions:
            del self.read[partition]
        self._happens()

    async def take_up(self, starts: Mapping[TopicPartition, int]) -> int:
        assert not self.read.keys() & starts.keys()
        self.read.update(starts)
        self._happens()
        return 1

    def _happens(self) -> None:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()


class SeatsBench:
    def __init__(self) -> None:
        self.seats, self.consumer = Seats(), FakeConsumer()

    def take(self, partition: TopicPartition, offset: int) -> Feed:
        resend = SimpleNamespace(resend=SimpleNamespace(portion=None))
        parts: dict[str, Any] = {
            "gaps": SimpleNamespace(offsets={partition: offset}, gap_version=0),
            "route": SimpleNamespace(key=AppKey("gold", "gs")),
            "outbound": SimpleNamespace(delivery=resend),
        }
        feed = cast(Feed, type("AFeed", (), parts)())
        self.seats.take(feed)
        return feed

    def leave(self, feed: Feed) -> None:
        seat = self.seats.of(feed)
        assert seat is not None
        self.seats.remove(seat)

    async def tell(self) -> None:
        await self.seats.tell(cast(OffsetConsumer, self.consumer))


async def test_a_partition_that_changes_hands_while_another_is_let_go_is_let_go_first() -> None:
    bench = SeatsBench()
    first, second = bench.take(P0, 5), bench.take(P1, 7)
    await bench.tell()
    bench.leave(first)

    def changes_hands() -> None:
        bench.leave(second)
        bench.take(P1, 3)

    bench.consumer.meanwhile = changes_hands
    await bench.tell()

    assert bench.consumer.read == {P1: 3}
    assert bench.seats.are_read(P1, 1)


async def test_a_partition_that_changes_hands_while_it_is_taken_up_is_taken_up_anew() -> None:
    bench = SeatsBench()
    first = bench.take(P0, 5)

    def changes_hands() -> None:
        bench.leave(first)
        bench.take(P0, 2)

    bench.consumer.meanwhile = changes_hands
    await bench.tell()
    assert not bench.seats.are_read(P0, 1)

    await bench.tell()
    assert bench.consumer.read == {P0: 2}
    assert bench.seats.are_read(P0, 1)
