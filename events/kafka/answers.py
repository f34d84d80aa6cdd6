"""What Kafka answers when it is asked of many topics or partitions in one question."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from itertools import count
from typing import Any, NamedTuple, TypeVar

import confluent_kafka as kafka
from confluent_kafka import KafkaError, KafkaException

from events.kafka.records import TopicPartition, partition_of

REQUEST_SECONDS = 3.0
OF_A_SECOND = 500
"""Topics or partitions that a busy broker may take a second longer for."""

# A partition that was made a moment ago, or whose broker is down.
_NO_LEADER = frozenset(
    {
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_LEADER_EPOCH,
    }
)

_Asked = TypeVar("_Asked")


class StampedOffset(NamedTuple):
    """A record found by its time."""

    offset: int
    timestamp_ms: int
    """As its producer stamped it."""


def seconds_for(asked: int) -> float:
    """How long a question of so many topics or partitions may take."""
    return REQUEST_SECONDS + asked / OF_A_SECOND


async def outcomes(asked: Mapping[_Asked, Future[Any]]) -> dict[_Asked, Any]:
    """Each answer, or the exception in its place. The loop is woken once: to wait for each alone
    costs ten times as much."""
    loop = asyncio.get_running_loop()
    done, left = loop.create_future(), count(len(asked) - 1, -1)

    def end() -> None:
        if not done.done():
            done.set_result(None)

    def one_less(_: object) -> None:  # in a thread of librdkafka's
        if next(left) == 0:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(end)

    for answer in asked.values():
        answer.add_done_callback(one_less)
    if asked:
        await done
    return {of: answer.exception() or answer.result() for of, answer in asked.items()}


def offsets_of(
    answers: Mapping[kafka.TopicPartition, Any],
) -> tuple[dict[TopicPartition, StampedOffset], KafkaException | None]:
    """Without partitions that have no leader; and what else went wrong with any, last."""
    found, fault = {}, None
    for part, about in answers.items():
        if not isinstance(about, BaseException):
            found[partition_of(part)] = StampedOffset(about.offset, about.timestamp)
        elif not isinstance(about, KafkaException):
            raise about
        elif about.args[0].code() not in _NO_LEADER:
            fault = about
    return found, fault
