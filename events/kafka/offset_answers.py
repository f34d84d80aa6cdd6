"""What Kafka answers when it is asked for offsets of many partitions."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple

import confluent_kafka as kafka
from confluent_kafka import KafkaError, KafkaException

from events.kafka.records import TopicPartition, partition_of

# A partition that was made a moment ago, or whose broker is down.
_NO_LEADER = frozenset(
    {
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_LEADER_EPOCH,
    }
)


class StampedOffset(NamedTuple):
    """A record found by its time."""

    offset: int
    timestamp_ms: int
    """As its producer stamped it."""


def results_of(
    answers: Mapping[kafka.TopicPartition, Future[Any]],
) -> tuple[dict[TopicPartition, StampedOffset], KafkaException | None]:
    """Waits. Leaves out partitions without a leader; tells what else went wrong with any, last."""
    found, fault = {}, None
    for part, answer in answers.items():
        try:
            about = answer.result()
        except KafkaException as error:
            if error.args[0].code() not in _NO_LEADER:
                fault = error
        else:
            found[partition_of(part)] = StampedOffset(about.offset, about.timestamp)
    return found, fault
