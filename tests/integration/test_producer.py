"""The producer in front of a real Kafka, and without one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError

from events.kafka.producer import ProduceError, Producer, producer_conf
from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.waiting import until

NO_KAFKA = "127.0.0.1:1"

MakeProducer = Callable[..., Producer]


@pytest.fixture
def producer_to() -> Iterator[MakeProducer]:
    made: list[Producer] = []

    def make(bootstrap: str, **options: Any) -> Producer:
        made.append(Producer({"bootstrap.servers": bootstrap}, **options))
        return made[-1]

    yield make
    for producer in made:
        producer.close(0)


class Told:
    """What became of records, by error; None: acknowledged."""

    def __init__(self) -> None:
        self.names: list[str | None] = []

    def __call__(self, error: KafkaError | None, _: object) -> None:
        self.names.append(error.name() if error else None)


async def test_what_is_sent_is_on_kafka_when_send_returns(
    producer_to: MakeProducer, kafka: Broker, topic: TopicNames
) -> None:
    producer, name = producer_to(kafka.bootstrap), kafka.create(topic(), 1)

    for number in range(5):
        await producer.send(name, b"%d" % number, b"key")

    records = kafka.consume(name, 5)
    assert [record.value() for record in records] == [b"0", b"1", b"2", b"3", b"4"]
    assert {record.key() for record in records} == {b"key"}


async def test_records_wait_for_room_and_keep_their_order(
    producer_to: MakeProducer, kafka: Broker, topic: TopicNames
) -> None:
    producer, name = producer_to(kafka.bootstrap, queue_records=10), kafka.create(topic(), 1)
    told = Told()

    for number in range(200):
        await producer.put(name, b"%d" % number, None, told)
        assert len(producer) <= 10

    await until(lambda: len(told.names) == 200, 20, "all acknowledgements")
    assert set(told.names) == {None}
    values = [int(record.value() or b"") for record in kafka.consume(name, 200)]
    assert values == list(range(200))


async def test_without_kafka_the_queue_is_bounded_and_the_first_that_waits_is_first(
    producer_to: MakeProducer,
) -> None:
    producer = producer_to(NO_KAFKA, delivery_seconds=None, queue_records=1)
    told = Told()
    await producer.put("gs", b"1", None, told)

    waiting = [asyncio.create_task(producer.put("gs", b"2", None, told)) for _ in range(3)]
    with pytest.raises(ProduceError, match="too many records"):
        await producer.send("gs", b"3")
    # Beside its records librdkafka counts what it has still to tell: that the broker is away.
    await until(lambda: len(producer) == 1, 10, "only the first is in the queue")
    assert not any(task.done() for task in waiting)

    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    await asyncio.to_thread(producer.close, 0)
    assert told.names == ["_PURGE_QUEUE"]


async def test_without_kafka_a_record_is_refused_in_time(producer_to: MakeProducer) -> None:
    producer = producer_to(NO_KAFKA, delivery_seconds=1.0)

    began = time.monotonic()
    with pytest.raises(ProduceError, match="Kafka is away"):
        await producer.send("gs", b"x")

    assert time.monotonic() - began < 4
    assert not await producer.answers()


async def test_who_stops_waiting_breaks_nothing(
    producer_to: MakeProducer, kafka: Broker, topic: TopicNames
) -> None:
    producer, name = producer_to(kafka.bootstrap), kafka.create(topic(), 1)
    sending = asyncio.create_task(producer.send(name, b"1"))
    await asyncio.sleep(0)
    sending.cancel()

    await producer.send(name, b"2")

    assert [record.value() for record in kafka.consume(name, 2)] == [b"1", b"2"]
    assert await producer.answers()


@pytest.mark.parametrize(
    ("name", "size", "why"), [("a/b", 1, "Invalid topic"), ("gs", 2_000_000, "too large")]
)
async def test_what_cannot_be_sent_is_refused_with_its_reason(
    name: str, size: int, why: str, producer_to: MakeProducer, kafka: Broker
) -> None:
    with pytest.raises(ProduceError, match=why):
        await producer_to(kafka.bootstrap).send(name, b"x" * size)


async def test_after_a_fatal_error_it_starts_anew(
    producer_to: MakeProducer,
    kafka: Broker,
    topic: TopicNames,
    caplog: pytest.LogCaptureFixture,
) -> None:
    producer, name = producer_to(kafka.bootstrap), kafka.create(topic(), 1)
    await producer.send(name, b"1")

    producer._conf["error_cb"](KafkaError(KafkaError._FATAL, "lost track", True))
    await until(lambda: not producer._broken, 5, "another producer")
    await producer.send(name, b"2")

    assert [record.value() for record in kafka.consume(name, 2)] == [b"1", b"2"]
    assert "starting anew" in caplog.text


def test_an_operators_settings_cannot_weaken_it() -> None:
    weaker = {"acks": "0", "enable.idempotence": "false", "queue.buffering.max.kbytes": "9999999"}
    kept = {"compression.type": "zstd", "sasl.username": "u"}

    conf = producer_conf({**weaker, **kept}, 1.0, 1024, 10)

    assert (conf["acks"], conf["enable.idempotence"]) == ("all", True)
    assert conf["queue.buffering.max.kbytes"] == 1
    assert {name: conf[name] for name in kept} == kept
