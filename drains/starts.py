"""Where a drain starts, and where a window begins that is sent again: offsets, asked of Kafka in
the request, and the cursor rows that hold them. No clock of a producer's has a say in the first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from asgiref.sync import async_to_sync
from confluent_kafka import KafkaException
from django.conf import settings
from django.utils import timezone

from drains.errors import InvalidDrainError, KafkaAwayError
from drains.models import Drain, DrainCursor
from drains.moments import moment_of, rfc3339
from events.kafka.cluster import Cluster, Span
from events.kafka.refusals import say_refusal
from events.keys import Key
from events.let_go import let_connections_go
from events.topics import topics_of

ANSWER_SECONDS = 2.0

_Answer = TypeVar("_Answer")


def ends_of(key: Key) -> Sequence[Span]:
    """Where the next record of each partition goes that can have lines of a key. A topic that is
    not there yet is left out: all that comes in it is new. Raises KafkaAwayError."""
    return _asked(_cluster().spans(topics_of(key), whole=True))


def since(key: Key, moment: datetime) -> Sequence[Span]:
    """What Kafka has of them from this time on. Raises KafkaAwayError."""
    return _asked(_cluster().spans(topics_of(key), int(moment.timestamp() * 1000)))


def oldest(key: Key) -> datetime | None:
    """The time of the oldest record that Kafka has of them. Raises KafkaAwayError."""
    found = _asked(_cluster().oldest_ms(topics_of(key)))
    return None if found is None else datetime.fromtimestamp(found / 1000, UTC)


def window_begin(drain: Drain, text: str) -> datetime:
    """The time that an owner means, if Kafka has the drain's lines from then on.

    Raises InvalidDrainError, KafkaAwayError.
    """
    now = timezone.now()
    try:
        begin = moment_of(text, now)
    except ValueError as error:
        raise InvalidDrainError("since", f"{error}{_what_kafka_has(drain)}") from None
    if begin > now:
        raise InvalidDrainError("since", f"lies in the future{_what_kafka_has(drain)}")
    first = oldest(drain.key)
    if first is None:
        raise InvalidDrainError("since", "Kafka has no lines of this drain's topics")
    if begin < first:
        raise InvalidDrainError("since", f"is too early{_has_since(first)}")
    return begin


def _what_kafka_has(drain: Drain) -> str:
    try:
        first = oldest(drain.key)
    except KafkaAwayError:
        return ""
    return "" if first is None else _has_since(first)


def _has_since(moment: datetime) -> str:
    return f"; Kafka has lines since {rfc3339(moment)}"


def window_cursors(drain_id: UUID, window: Iterable[Span]) -> Iterator[DrainCursor]:
    """The cursors with which a drain sends a window again, and goes on where it stood."""
    cursors = DrainCursor.objects.filter(drain_id=drain_id)
    known = {(row.topic, row.partition): row for row in cursors}
    for span in window:
        row = known.get((span.partition.topic, span.partition.number))
        if row is None or _is_of_another_log(row, span):
            row = cursor_at(drain_id, span, span.begin)
        row.topic_id = span.topic_id or row.topic_id
        begins = (span.begin, row.resend_from)
        row.resend_from = min(begin for begin in begins if begin is not None)
        row.pk = None  # written over by its drain and partition
        yield row


def _is_of_another_log(row: DrainCursor, span: Span) -> bool:
    return bool(row.topic_id and span.topic_id) and row.topic_id != span.topic_id


def cursor_at(drain_id: UUID, span: Span, offset: int) -> DrainCursor:
    """A drain's place in the partition that the span is of."""
    topic, partition = span.partition
    return DrainCursor(
        drain_id=drain_id, topic=topic, partition=partition, offset=offset, topic_id=span.topic_id
    )


def _asked(answer: Coroutine[Any, Any, _Answer]) -> _Answer:
    let_connections_go()
    try:
        return async_to_sync(_in_time)(answer)
    except TimeoutError as error:
        raise KafkaAwayError from error
    except KafkaException as error:
        say_refusal(error, "starts_unknown")
        raise KafkaAwayError from error


async def _in_time(answer: Coroutine[Any, Any, _Answer]) -> _Answer:
    async with asyncio.timeout(ANSWER_SECONDS):
        return await answer


@cache
def _cluster() -> Cluster:
    """One for the process, made when it is first needed."""
    return Cluster(settings.KAFKA_CONF)
