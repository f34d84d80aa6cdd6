"""Lines that have no time of their own take their record's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from confluent_kafka import Message

from events.lines import Lines, Origin, Severity
from events.timestamps import rfc5424_time_of_ms

# Neighbouring records share their millisecond.
_time_of_ms = lru_cache(4096)(rfc5424_time_of_ms)


def lines_of_records(origins: list[Origin], texts: list[str], messages: Sequence[Message]) -> Lines:
    """Lines at the time, in UTC, at which Kafka took each one's record: the same each time it
    is read."""
    times = [_time_of_ms(stamp[1]) for stamp in map(Message.timestamp, messages)]
    return Lines(origins, times, [Severity.INFO] * len(texts), texts)
