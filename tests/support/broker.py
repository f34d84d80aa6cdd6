"""What tests ask of a Kafka broker, each a call that returns when the broker has done it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from confluent_kafka import (
    Consumer,
    ConsumerGroupState,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.cimpl import NewPartitions, NewTopic

from tests.support.waiting import wait_until

_LIMIT_SECONDS = 30.0
_LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
_EARLIEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
# A partition has a leader a moment before that has a log.
_BEING_MADE = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.UNKNOWN_LEADER_EPOCH,
}
_SILENT = logging.getLogger("tests.kafka")  # what librdkafka says while a broker is down
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


_NO_COORDINATOR = {KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS}
"""There is none yet."""


class Broker:
    """A broker at `bootstrap` (`host:port`). `conf` are more librdkafka settings (SASL, TLS).

    `limit_seconds` is how long any one question may take.
    """

    def __init__(
        self,
        bootstrap: str,
        conf: dict[str, Any] | None = None,
        limit_seconds: float = _LIMIT_SECONDS,
    ) -> None:
        self.bootstrap = bootstrap
        self._limit = limit_seconds
        self._conf: dict[str, Any] = {"bootstrap.servers": bootstrap, "logger": _SILENT}
        self._conf |= conf or {}
        self._admin = AdminClient(self._conf)
        self._producer = Producer(self._conf | {"message.max.bytes": 6_000_000, "linger.ms": 1})

    def create(self, topic: str, partitions: int = 4, **config: str) -> str:
        """Creates the topic, waits until it can be used, and returns its name.

        `config` are topic settings with `_` for `.`: `retention_ms="1000"`.
        """
        settings = {name.replace("_", "."): value for name, value in config.items()}
        new = NewTopic(topic, partitions, 1, config=settings)
        self._admin.create_topics([new])[topic].result(self._limit)
        wait_until(lambda: len(self.partitions(topic)) == partitions, self._limit, f"topic {topic}")
        self.end_offsets(topic)
        return topic

    def ensure(self, topic: str) -> str:
        """A topic that tests share: created unless it is there."""
        try:
            return self.create(topic)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
            return topic

    def partitions(self, topic: str) -> list[int]:
        """Those with a leader; none for a topic that does not exist."""
        known = self._admin.list_topics(timeout=self._limit).topics.get(topic)
        if known is None:
            return []
        return [number for number, about in known.partitions.items() if about.leader >= 0]

    def grow(self, topic: str, partitions: int) -> None:
        """Gives the topic more partitions, and waits until they can be used."""
        self._admin.create_partitions([NewPartitions(topic, partitions)])[topic].result(self._limit)
        wait_until(lambda: len(self.partitions(topic)) == partitions, self._limit, f"topic {topic}")
        self.end_offsets(topic)
        # What the producer knows of a topic is minutes old.
        self._producer.list_topics(topic, timeout=self._limit)

    def delete(self, topics: Iterable[str]) -> None:
        """Deletes those that exist."""
        there = [topic for topic in topics if self.partitions(topic)]
        if there:
            for future in self._admin.delete_topics(there).values():
                future.result(self._limit)

    def produce(
        self,
        topic: str,
        values: Iterable[bytes | str | None],
        *,
        partition: int | None = None,
        key: bytes | str | None = None,
        timestamp_ms: int | None = None,
    ) -> list[tuple[int, int]]:
        """Returns `(partition, offset)` of each value, once the broker has acknowledged all."""
        deliveries: list[_Delivery] = []
        options: dict[str, Any] = {"key": key}
        if partition is not None:
            options["partition"] = partition
        if timestamp_ms is not None:
            options["timestamp"] = timestamp_ms
        for value in values:
            deliveries.append(_Delivery())
            self._enqueue(topic, value, options | {"on_delivery": deliveries[-1].told})
        left = self._producer.flush(self._limit)
        assert left == 0, f"{left} records not acknowledged within {self._limit:g} s"
        errors = [delivery.error for delivery in deliveries if delivery.error is not None]
        assert not errors, f"{len(errors)} records refused: {errors[0]}"
        return [delivery.place for delivery in deliveries]

    @contextmanager
    def transaction(self, topic: str, values: Iterable[bytes], *, partition: int) -> Iterator[None]:
        """A producer's transaction that is open as long as the block runs, then committed."""
        conf = {k: v for k, v in self._conf.items() if k != "logger"}
        producer = Producer(conf | {"transactional.id": uuid.uuid4().hex, "log_level": 0})
        producer.init_transactions(self._limit)
        producer.begin_transaction()
        for value in values:
            producer.produce(topic, value, partition=partition)
        assert producer.flush(self._limit) == 0
        yield
        producer.commit_transaction(self._limit)

    def forget_group(self, group: str) -> None:
        """As a broker does whose group has been away for longer than offsets are kept."""

        def forgotten() -> bool:
            answer = self._admin.delete_consumer_groups([group])[group]
            error = answer.exception(self._limit)
            if error is not None and error.args[0].code() != KafkaError.NON_EMPTY_GROUP:
                raise error
            return error is None

        wait_until(forgotten, self._limit, f"group {group} has no members")

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Where the next record of each partition goes."""
        return self._offsets(topic, _LATEST)

    def start_offsets(self, topic: str) -> dict[int, int]:
        """The oldest record of each partition that is still there."""
        return self._offsets(topic, _EARLIEST)

    def delete_records(self, topic: str, before: dict[int, int]) -> None:
        """Drops what is older than these offsets, as retention does."""
        ends = [TopicPartition(topic, number, offset) for number, offset in before.items()]
        for future in self._admin.delete_records(ends).values():
            future.result(self._limit)

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """The group's offsets; a partition without one is left out."""
        asked = [TopicPartition(topic, number) for number in self.partitions(topic)]
        consumer = self._consumer(group)
        try:
            answers = consumer.committed(asked, timeout=self._limit)
        finally:
            consumer.close()
        return {place.partition: place.offset for place in answers if place.offset >= 0}

    def groups(self) -> set[str]:
        """The consumer groups that the broker knows."""
        answer = self._admin.list_consumer_groups(request_timeout=self._limit).result()
        if answer.errors:
            raise KafkaException(answer.errors[0])
        return {group.group_id for group in answer.valid}

    def has_settled(self, group: str) -> bool:
        """All its members have been told their partitions."""
        try:
            about = self._admin.describe_consumer_groups([group])[group].result(self._limit)
        except KafkaException as error:
            if error.args[0].code() not in _NO_COORDINATOR:
                raise
            return False
        return bool(about.state == ConsumerGroupState.STABLE)

    def consume(self, topic: str, count: int, limit_seconds: float = 20) -> list[Message]:
        """The first `count` records of the topic, in order within a partition."""
        consumer = self._consumer("tests-consume")
        found: list[Message] = []

        def enough() -> bool:
            found.extend(_good(consumer.consume(count - len(found), timeout=0.2)))
            return len(found) >= count

        try:
            consumer.assign([TopicPartition(topic, n, 0) for n in self.partitions(topic)])
            wait_until(enough, limit_seconds, f"{count} records on {topic}")
        finally:
            consumer.close()
        return found

    def _enqueue(self, topic: str, value: bytes | str | None, options: dict[str, Any]) -> None:
        while True:
            try:
                self._producer.produce(topic, value, **options)
            except BufferError:  # full: let some go first
                self._producer.poll(0.1)
            else:
                return

    def _offsets(self, topic: str, which: OffsetSpec) -> dict[int, int]:
        def asked() -> list[dict[int, int]]:
            """Nothing while the topic is being made: its partitions have leaders by and by."""
            wanted = {TopicPartition(topic, number): which for number in self.partitions(topic)}
            answers = self._admin.list_offsets(wanted)
            try:
                found = {place.partition: f.result(self._limit) for place, f in answers.items()}
            except KafkaException as error:
                if error.args[0].code() not in _BEING_MADE:
                    raise
                return []
            return [{partition: about.offset for partition, about in found.items()}]

        return wait_until(asked, self._limit, f"the offsets of {topic}")[0]

    def _consumer(self, group: str) -> Consumer:
        conf = {"group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
        return Consumer(self._conf | conf)


class _Delivery:
    """What became of one record."""

    def __init__(self) -> None:
        self.error: KafkaError | None = None
        self.place = (-1, -1)

    def told(self, error: KafkaError | None, message: Message) -> None:
        self.error = error
        self.place = (_number(message.partition()), _number(message.offset()))


def _number(value: int | None) -> int:
    return -1 if value is None else value


def _good(messages: Sequence[Message]) -> list[Message]:
    for message in messages:
        if (error := message.error()) is not None:
            raise KafkaException(error)
    return list(messages)
