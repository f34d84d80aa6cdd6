"""Kafka client configuration: what every consumer here needs, and what is refused."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError

logger = logging.getLogger(__name__)

# Offsets are committed when receivers have confirmed, by nobody else (engine.md, promise 1).
_REFUSED = ("enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset", "group.id")

_EVERY_CLIENT = {
    "socket.keepalive.enable": True,
    "reconnect.backoff.ms": 100,
    "reconnect.backoff.max.ms": 2000,
    "topic.metadata.refresh.interval.ms": 5000,
    "log_level": 4,
}

_EVERY_CONSUMER = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    # The default of one second starves a consumer that is faster than its fetches.
    "fetch.queue.backoff.ms": 5,
    # Bounds what librdkafka fetches ahead, whatever the lag.
    "queued.min.messages": 20_000,
    "queued.max.messages.kbytes": 16_384,
    "fetch.message.max.bytes": 1_048_576,
}

_GROUP_MEMBER = {
    "partition.assignment.strategy": "cooperative-sticky",
    # How soon members hear of a rebalance: a new topic waits for this.
    "heartbeat.interval.ms": 500,
    "session.timeout.ms": 6000,
}


def client_conf(settings: Mapping[str, str]) -> dict[str, Any]:
    """For an admin client or a producer. `settings` are librdkafka's, as the operator gave them."""
    return {**_EVERY_CLIENT, **settings, "error_cb": _log_error, "logger": logger}


def group_conf(settings: Mapping[str, str], group: str) -> dict[str, Any]:
    """For a member of a consumer group. Raises ValueError for settings that would lose lines."""
    return {**_consumer_conf(settings, group), **_GROUP_MEMBER}


def offsets_conf(settings: Mapping[str, str], group: str) -> dict[str, Any]:
    """For a consumer that is told its partitions and offsets, and is told where they end.

    librdkafka wants a group's name even so; nothing of it ever reaches the broker.
    """
    return {**_consumer_conf(settings, group), "enable.partition.eof": True}


def _consumer_conf(settings: Mapping[str, str], group: str) -> dict[str, Any]:
    for name in _REFUSED:
        if name in settings:
            raise ValueError(f"{name} is the engine's own: it decides when a line is delivered")
    return {**_EVERY_CONSUMER, **client_conf(settings), "group.id": group}


def _log_error(error: KafkaError) -> None:
    logger.warning("Kafka: %s", error.str(), extra={"action": "kafka_error"})
