"""Sample traffic: about 20 lines a second that come and go, with a burst each minute."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from random import Random
from typing import Any

import confluent_kafka as kafka
from confluent_kafka.admin import AdminClient, NewTopic

from logshuttle_site.demo.traffic.records import APPS, TOPICS, Record, built, routed, spoken

STEP_SECONDS = 0.1
_CALM, _SWING, _SWING_SECONDS = 15.0, 8.0, 120.0
_BURST, _BURST_SECONDS = 100.0, 3.0
_BUILD_SECONDS = 45.0
_STEP_OF_BUILD = 0.1
"""How likely the next one is, each time."""
_PARTITIONS = 4
_TOPICS_SECONDS = 10.0


def lines_a_second(at: float) -> float:
    """So many seconds after the start: a slow swing, and three busy seconds in each minute."""
    if 30 <= at % 60 < 30 + _BURST_SECONDS:
        return _BURST
    return _CALM + _SWING * math.sin(2 * math.pi * at / _SWING_SECONDS)


def make_topics(settings: Mapping[str, str]) -> None:
    """Before anybody reads or writes: who meets a topic that is not there yet waits for it."""
    wanted = [NewTopic(name, _PARTITIONS, 1) for name in TOPICS]
    admin = AdminClient(_conf(settings))
    for future in admin.create_topics(wanted, operation_timeout=_TOPICS_SECONDS).values():
        try:
            future.result(_TOPICS_SECONDS)
        except kafka.KafkaException as error:
            if error.args[0].code() != kafka.KafkaError.TOPIC_ALREADY_EXISTS:
                raise


async def write_lines(settings: Mapping[str, str]) -> None:
    """Until cancelled."""
    producer = kafka.Producer(_conf(settings))
    draw = Random()  # noqa: S311
    started = time.monotonic()
    owed, builds = 0.0, 0
    building: Iterator[Record] = iter(())
    try:
        while True:
            at = time.monotonic() - started
            if at > builds * _BUILD_SECONDS:
                builds += 1
                building = built(draw.choice(APPS), builds)
            if draw.random() < _STEP_OF_BUILD:
                _write(producer, islice(building, 1))
            owed += lines_a_second(at) * STEP_SECONDS
            while owed >= 1:
                owed -= _write(producer, _next(draw))
            producer.poll(0)
            await asyncio.sleep(STEP_SECONDS)
    finally:
        producer.flush(2)


def _next(draw: Random) -> Iterator[Record]:
    app = draw.choices(APPS, [app.weight for app in APPS])[0]
    return routed(app, draw) if draw.random() < 0.25 else spoken(app, draw)


def _write(producer: kafka.Producer, records: Iterator[Record]) -> int:
    count = 0
    for record in records:
        producer.produce(record.topic, record.value, key=record.key)
        count += 1
    return count


def _conf(settings: Mapping[str, str]) -> dict[str, Any]:
    """Says nothing of a broker that goes away: the demo ends it itself, and would notice."""
    return {**settings, "error_cb": lambda _: None, "log_level": 0}
