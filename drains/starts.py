"""Where a drain starts, and where a window begins that is sent again: offsets, asked of Kafka in
the request. No clock of a producer's has a say in the first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from asgiref.sync import async_to_sync
from confluent_kafka import KafkaException
from django.conf import settings

from drains.errors import KafkaAwayError
from events.kafka.cluster import Cluster, Span
from events.keys import Key
from events.topics import topics_of

logger = logging.getLogger(__name__)

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


def _asked(answer: Coroutine[Any, Any, _Answer]) -> _Answer:
    try:
        return async_to_sync(_in_time)(answer)
    except (KafkaException, TimeoutError) as error:
        said = error.args[0].str() if error.args else f"no answer within {ANSWER_SECONDS:g} s"
        logger.warning("Kafka: %s", said, extra={"action": "starts_unknown"})
        raise KafkaAwayError from error


async def _in_time(answer: Coroutine[Any, Any, _Answer]) -> _Answer:
    async with asyncio.timeout(ANSWER_SECONDS):
        return await answer


@cache
def _cluster() -> Cluster:
    """One for the process, made when it is first needed."""
    return Cluster(settings.KAFKA_CONF)
