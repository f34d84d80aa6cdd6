"""Records to Kafka: each is acknowledged by all in-sync replicas, or its sender is told why not.

librdkafka queues, batches and retries; a thread of ours serves what it has to tell. Its queue is
bounded: who has many records waits for room with `put`, who has one is refused by `start`.

A topic that does not exist is created by a broker that has `auto.create.topics.enable`; of another
broker the record is refused as soon as that is known.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

import confluent_kafka as kafka
from confluent_kafka import KafkaError, KafkaException, Message

from events.kafka.client import any_broker_answers, client_conf
from events.kafka.lasting_client import LastingClient
from events.kafka.reasons import words_of

logger = logging.getLogger(__name__)

Told = Callable[[KafkaError | None, Any], None]
"""What became of a record: called in the producer's thread, once, with the error or None."""

DELIVERY_SECONDS = 4.0
QUEUE_BYTES = 32 * 1024 * 1024
QUEUE_RECORDS = 50_000
ROOM_LOOK_SECONDS = 0.02
POLL_SECONDS = 0.2
PURGED_SECONDS = 2.0
ANSWER_SECONDS = 2.0

_DEFAULTS = {"compression.type": "lz4", "linger.ms": 5}
_PROMISED = {"acks": "all", "enable.idempotence": True, "allow.auto.create.topics": True}


_AWAY = "no acknowledgement in time; Kafka is away or overloaded"


_LEFT = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})


class ProduceError(Exception):
    """Kafka has not acknowledged a record. Its text says why."""


class Producer:
    """`settings` are librdkafka's, as the operator gave them.

    `delivery_seconds`: how long Kafka may take to acknowledge a record; None: as long as it wants.
    Call `close`, which ends the thread.
    """

    def __init__(
        self,
        settings: Mapping[str, str],
        *,
        delivery_seconds: float | None = DELIVERY_SECONDS,
        queue_bytes: int = QUEUE_BYTES,
        queue_records: int = QUEUE_RECORDS,
    ) -> None:
        self._conf = producer_conf(settings, delivery_seconds, queue_bytes, queue_records)
        self._hear = self._conf["error_cb"]
        self._conf["error_cb"] = self._note_error
        self._broken = False
        self._lasting = LastingClient(lambda: kafka.Producer(self._conf))
        self._turn = asyncio.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="kafka-producer", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """Records that Kafka has not acknowledged yet."""
        return len(self._kafka)

    async def send(self, topic: str, value: bytes, key: bytes | None = None) -> None:
        """Returns when Kafka has acknowledged it. Raises ProduceError."""
        await asyncio.wrap_future(self.start(topic, value, key))

    def start(self, topic: str, value: bytes, key: bytes | None = None) -> Future[None]:
        """Send from code that has no event loop: the future's result is None or ProduceError."""
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()  # whoever no longer waits cannot cancel the record

        def told(error: KafkaError | None, _: Any) -> None:
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(ProduceError(_AWAY if _is_late(error) else error.str()))

        if not self._offer(topic, value, key, told):
            future.set_exception(ProduceError("too many records wait for Kafka"))
        return future

    async def put(self, topic: str, value: bytes, key: bytes | None, told: Told) -> None:
        """Returns when the record is in the queue: at once, or when there is room."""
        if self._turn.locked() or not self._offer(topic, value, key, told):
            async with self._turn:  # only the first of many that wait looks for room
                while not self._offer(topic, value, key, told):
                    await asyncio.sleep(ROOM_LOOK_SECONDS)

    async def answers(self) -> bool:
        """Whether Kafka does."""
        return await any_broker_answers(self._kafka, ANSWER_SECONDS)

    @property
    def _kafka(self) -> kafka.Producer:
        return self._lasting.client

    def close(self, limit_seconds: float) -> None:
        """Wait for what is queued; what is not acknowledged within the limit is told of as lost."""
        self._closing.set()
        self._thread.join()
        if self._kafka.flush(limit_seconds):
            self._kafka.purge()
            self._kafka.flush(PURGED_SECONDS)

    def _offer(self, topic: str, value: bytes | None, key: bytes | None, told: Told) -> bool:
        """False when there is no room."""
        try:
            with self._lasting.lock:  # what a lost client had goes before what comes now
                self._kafka.produce(topic, value, key, on_delivery=partial(self._told, told))
        except BufferError:
            return False
        except KafkaException as error:
            reason: KafkaError = error.args[0]
            if reason.code() == KafkaError._FATAL:  # the next producer is being made
                return False
            told(reason, None)
        return True

    def _told(self, told: Told, error: KafkaError | None, record: Message) -> None:
        """In the producer's thread. What another client has left goes with this one."""
        is_left = error is not None and error.code() in _LEFT and not self._closing.is_set()
        if not (is_left and self._offer(record.topic() or "", record.value(), record.key(), told)):
            told(error, record)

    def _serve(self) -> None:
        """In the producer's thread."""
        while not self._closing.is_set():
            told = self._kafka.poll(POLL_SECONDS)
            if self._broken:
                self._start_anew()
            elif not told:
                self._lasting.heal(_leave)

    def _note_error(self, error: KafkaError) -> None:
        if not error.fatal():
            self._hear(error)
        else:
            said = words_of(error)
            logger.error("Kafka: %s; starting anew", said, extra={"action": "produce_fatal"})
            self._broken = True

    def _start_anew(self) -> None:
        """An idempotent producer that lost track of its records refuses all from then on."""
        self._broken = False
        with self._lasting.lock:
            old, self._lasting.client = self._kafka, kafka.Producer(self._conf)
        old.flush(PURGED_SECONDS)


def _leave(client: kafka.Producer) -> None:
    """Its records are told of at once: as not sent."""
    client.purge()
    client.flush(PURGED_SECONDS)


def _is_late(error: KafkaError) -> bool:
    return bool(error.code() == KafkaError._MSG_TIMED_OUT)


def producer_conf(
    settings: Mapping[str, str],
    delivery_seconds: float | None,
    queue_bytes: int,
    queue_records: int,
) -> dict[str, Any]:
    """librdkafka's properties. The operator's win over defaults, not over what we promise."""
    ours: dict[str, Any] = {
        "delivery.timeout.ms": int((delivery_seconds or 0) * 1000),
        "queue.buffering.max.kbytes": queue_bytes // 1024,
        "queue.buffering.max.messages": queue_records,
    }
    if delivery_seconds is not None:
        # Else an unknown topic is a time-out like any other.
        ours["topic.metadata.propagation.max.ms"] = int(delivery_seconds * 750)
    return {**_DEFAULTS, **client_conf(settings), **_PROMISED, **ours}
