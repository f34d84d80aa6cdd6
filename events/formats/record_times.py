"""Times of records, for lines that have none of their own."""

from __future__ import annotations

from functools import lru_cache

from confluent_kafka import Message

from events.records import Run
from events.timestamps import rfc5424_time_of_ms

# Neighbouring records share their millisecond.
_time_of_ms = lru_cache(4096)(rfc5424_time_of_ms)


def record_times(run: Run) -> list[str]:
    """The TIMESTAMP, in UTC, at which Kafka took each record: the same each time it is read."""
    return [_time_of_ms(stamp[1]) for stamp in map(Message.timestamp, run.messages)]
