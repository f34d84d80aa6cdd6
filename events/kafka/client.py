"""Kafka client configuration: what every consumer here needs, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from events.kafka.complaints import Complaints
from events.kafka.librdkafka_log import LibrdkafkaLog

COMPLAINTS = Complaints()
"""Of all clients of the process."""

# Offsets are committed when receivers have confirmed, by nobody else.
_REFUSED = ("enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset", "group.id")

_EVERY_CLIENT = {
    "socket.keepalive.enable": True,
    "reconnect.backoff.ms": 100,
    "reconnect.backoff.max.ms": 2000,
    # Each time of all topics that it has to do with. Where a leader has moved, it asks at once.
    "topic.metadata.refresh.interval.ms": 60_000,
}

# What is made anew, or larger, is known within ten seconds to who reads it.
_READS_TOPICS = {
    "topic.metadata.refresh.interval.ms": "10000",
}

# A new topic, or a partition, is read within ten seconds: it waits for this and for a rebalance.
_FOLLOWS_TOPICS = {
    "topic.metadata.refresh.interval.ms": "5000",
}

_EVERY_CONSUMER = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    # Where a partition ends is told too: control records move a reader on without a record.
    "enable.partition.eof": True,
    # The default of one second starves a consumer that is faster than its fetches.
    "fetch.queue.backoff.ms": 5,
    # Who is told to read elsewhere must not wait for a long poll of where nothing comes.
    "fetch.wait.max.ms": 100,
    # Bounds what librdkafka fetches ahead, whatever the lag. Smaller fetches cost no more CPU
    # and half the memory: a compressed one grows tenfold.
    "queued.min.messages": 20_000,
    "queued.max.messages.kbytes": 4_096,
    "fetch.message.max.bytes": 131_072,
}

_GROUP_MEMBER = {
    "partition.assignment.strategy": "cooperative-sticky",
    # How soon members hear of a rebalance: a new topic waits for this.
    "heartbeat.interval.ms": 500,
}

SESSION_SECONDS = 6.0
"""As soon as Kafka lets us miss a worker that was killed."""
ASSIGNING_SECONDS = 4.0
"""Of CPU, for a thousand topics of four partitions; it grows with their square. The member that
assigns them all says nothing meanwhile, and must not be missed for that."""


_NO_TOPIC = "."
"""A name that none can have, so that none is made of it."""


def client_conf(settings: Mapping[str, str], complaints: Complaints = COMPLAINTS) -> dict[str, Any]:
    """For an admin client or a producer. `settings` are librdkafka's, as the operator gave them.

    What it says is heard while it is polled, and waits in it until then.
    """
    log = LibrdkafkaLog(settings, complaints)
    return {**_EVERY_CLIENT, **settings, "error_cb": log.error, "logger": log}


def consumer_conf(settings: Mapping[str, str], group: str, topics: int = 0) -> dict[str, Any]:
    """For a consumer in the group, which is about to have so many.

    Raises ValueError for settings that would lose lines.
    """
    session_seconds = SESSION_SECONDS + ASSIGNING_SECONDS * (topics / 1000) ** 2
    session = {"session.timeout.ms": str(round(session_seconds * 1000))}
    return reader_conf({**_FOLLOWS_TOPICS, **session, **settings}, group)


def reader_conf(settings: Mapping[str, str], name: str) -> dict[str, Any]:
    """For a consumer that is told what to read. librdkafka wants the name of a group even so, and
    one that is made late must not be the first to refuse a setting. Raises as `consumer_conf`."""
    for refused in _REFUSED:
        if refused in settings:
            raise ValueError(f"{refused} is the engine's own: it decides when a line is delivered")
    client = client_conf({**_READS_TOPICS, **settings})
    return {**_EVERY_CONSUMER, **client, "group.id": name, **_GROUP_MEMBER}


def ask_any_broker(
    client: Consumer | Producer | AdminClient, limit_seconds: float
) -> frozenset[str]:
    """The brokers there are, `host:port`, as they announce themselves. Raises KafkaException when
    none answers in time. The answer does not grow with the cluster's topics, and every broker has
    it, also between two controllers."""
    about = client.list_topics(topic=_NO_TOPIC, timeout=limit_seconds)
    return frozenset(f"{broker.host}:{broker.port}" for broker in about.brokers.values())


def ask_for_use(client: Consumer | Producer | AdminClient, limit_seconds: float) -> None:
    """As `ask_any_broker`; raises KafkaException too where one answers, and clients of ours have no
    connection to where brokers say that they are."""
    if not COMPLAINTS.usable(ask_any_broker(client, limit_seconds)):
        raise KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN))


def can_be_used(client: Consumer | Producer | AdminClient, limit_seconds: float) -> bool:
    try:
        ask_for_use(client, limit_seconds)
    except KafkaException:
        return False
    return True


async def any_broker_answers(client: AdminClient | Producer, limit_seconds: float) -> bool:
    return await asyncio.to_thread(can_be_used, client, limit_seconds)
