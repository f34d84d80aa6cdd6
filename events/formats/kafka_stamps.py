"""Lines that have no time of their own take their record's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache

from confluent_kafka import Message

from events.formats.timestamps import rfc5424_time_of_ms
from events.lines import Lines, Origin, Severity

# Neighbouring records share their millisecond.
_time_of_ms = lru_cache(4096)(rfc5424_time_of_ms)


def lines_of_records(origins: list[Origin], texts: list[str], messages: Sequence[Message]) -> Lines:
    """Lines at the time, in UTC, at which Kafka took each one's record: the same each time it
    is read."""
    stamps = [stamp[1] for stamp in map(Message.timestamp, messages)]
    times = [_time_of_ms(stamp) if stamp >= 0 else _now() for stamp in stamps]
    return Lines(origins, times, [Severity.INFO] * len(texts), texts)


def time_of_record(message: Message) -> str:
    """RFC 5424 TIMESTAMP of one record: its own, or that of reading."""
    stamp = message.timestamp()[1]
    return _time_of_ms(stamp) if stamp >= 0 else _now()


def _now() -> str:
    """In place of the time that a record of an old format (-1) does not have."""
    return rfc5424_time_of_ms(int(time.time() * 1000))
