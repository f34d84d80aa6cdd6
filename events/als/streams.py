"""Envoy's access log service: streams of entries in, records of `istio-access-logs` out.

The protocol has no acknowledgement: an entry is safe when Kafka has it, and until then it is
here. So a stream is read only as fast as Kafka takes its entries, and what cannot be
delivered is counted. Envoy drops, and counts, what it cannot send.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Protocol

from confluent_kafka import KafkaError

from events.als.counts import AlsCounts
from events.als.messages import NOTHING, AlsMessage, IgnoredError, message_of, record_of
from events.als.pieces import pieces_of
from events.kafka.producer import Told
from events.topics import ISTIO

logger = logging.getLogger(__name__)

TOPIC = ISTIO.topic
TURN_BYTES = 64 * 1024
"""So much of one stream, then others of its peer, and other peers, have their turn."""
ENTRY_BYTES = 640
"""What an entry counts at least: small ones cost by the piece."""


class Sink(Protocol):
    """What is needed of events.kafka.producer.Producer."""

    async def put(self, topic: str, value: bytes, key: bytes | None, told: Told) -> None: ...


class AccessLogs:
    """One for all streams. `debug`: log each entry, whatever it holds."""

    def __init__(self, sink: Sink, counts: AlsCounts, *, debug: bool = False) -> None:
        self._sink = sink
        self._counts = counts
        self._debug = debug

    async def stream(self, messages: AsyncIterator[bytes], turn: asyncio.Lock) -> bytes:
        """Takes one stream, v2 or v3, to its end. The answer is empty in both.

        `turn`: held while its entries are taken, for all streams of a peer the same one.
        """
        label = None
        try:
            async for data in messages:
                self._counts.messages += 1
                for message in self._read(data):
                    if label is None:
                        label = self._counts.opened(message.node)
                    await self._take(message.http_entries, label, turn)
                    if not message.http_entries:
                        await asyncio.sleep(0)
        finally:
            if label is not None:
                self._counts.closed(label)
        return b""

    def refuse(self, peer: str, reason: str) -> None:
        """A stream that is not taken."""
        self._counts.refuse(peer, reason)

    def _read(self, data: bytes) -> Iterator[AlsMessage]:
        """A large one in pieces, so that others have their turns in between."""
        counts = self._counts
        try:
            for piece in pieces_of(data):
                message = message_of(piece)
                counts.received += len(message.http_entries) + message.tcp_entries
                if message.tcp_entries:
                    counts.ignored["tcp"] += message.tcp_entries
                yield message
        except IgnoredError as error:
            counts.received += 1
            counts.ignored[error.reason] += 1
            yield NOTHING

    async def _take(self, entries: Sequence[bytes], node: str, turn: asyncio.Lock) -> None:
        taken = 0
        try:
            while taken < len(entries):
                async with turn:
                    left = TURN_BYTES
                    while left > 0 and taken < len(entries):
                        entry = entries[taken]
                        await self._take_one(entry, node)
                        taken += 1
                        left -= max(len(entry), ENTRY_BYTES)
                    await asyncio.sleep(0)
        finally:  # its sender may go, and we may end, while Kafka has no room
            if taken < len(entries):
                self._counts.lose("stream_ended", len(entries) - taken)

    async def _take_one(self, entry: bytes, node: str) -> None:
        try:
            record = record_of(entry)
        except IgnoredError as error:
            self._counts.ignored[error.reason] += 1
            if self._debug:
                logger.info("Entry of %r ignored: %s", node, error.reason)
            return
        if self._debug:
            logger.info("Entry of %r: %s", node, record.value.decode())
        await self._sink.put(TOPIC, record.value, record.key, self._told)

    def _told(self, error: KafkaError | None, _: object) -> None:
        """In the producer's thread."""
        if error is None:
            self._counts.written += 1
        else:
            self._counts.lose(error.name().strip("_").lower())
