"""Records as Kafka would give them, without a broker."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from confluent_kafka import Message

from events.cleaning import bodies
from events.kafka.records import PartitionRecords, TopicPartition
from events.lines import WITH_ZONE, Lines, LogLine, Stamps

RECORD_TIME_MS = 1_700_000_000_123
RECORD_TIME = "2023-11-14T22:13:20.123Z"


def records_of(
    values: Iterable[bytes | None],
    topic: str = "gs",
    partition: int = 0,
    begin: int = 0,
    timestamp_ms: int = RECORD_TIME_MS,
) -> PartitionRecords:
    messages = [
        Message(
            topic=topic,
            partition=partition,
            offset=begin + index,
            value=value,
            timestamp=(1, timestamp_ms),
        )
        for index, value in enumerate(values)
    ]
    return PartitionRecords(TopicPartition(topic, partition), messages)


def kubernetes_event(log: str | None, **changes: Any) -> bytes:
    """An event of app `gold`, pod `gold-1`; `pod`, `container` and other fields may differ."""
    pod, container = changes.pop("pod", "gold-1"), changes.pop("container", "gold")
    event = {
        "log": log,
        "stream": "stdout",
        "time": "2016-08-24T17:03:20.080151664Z",
        "kubernetes": {"pod_name": pod, "container_name": container},
        **changes,
    }
    return json.dumps(event).encode()


def columns_of(lines: Sequence[LogLine]) -> Lines:
    """As a format gives them."""
    return Lines(
        [line.origin for line in lines],
        [line.severity for line in lines],
        Stamps([line.time.encode() for line in lines], WITH_ZONE),
        bodies([line.text for line in lines]),
        lambda: [line.text for line in lines],
    )
