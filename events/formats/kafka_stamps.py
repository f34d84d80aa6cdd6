"""Lines that have no time of their own take their record's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from operator import itemgetter

from confluent_kafka import Message

from events.cleaning import bodies
from events.formats.timestamps import rfc5424_time_of_ms
from events.lines import WITH_ZONE, Lines, Origin, Severity, Stamps

MILLISECONDS_KEPT = 4096


class _Stamps(dict[int, bytes]):
    """By epoch milliseconds, which neighbouring records share; -1 where a record has none."""

    def __missing__(self, epoch_ms: int) -> bytes:
        if epoch_ms < 0:
            return rfc5424_time_of_ms(int(time.time() * 1000)).encode()
        if len(self) >= MILLISECONDS_KEPT:
            self.clear()
        stamp = self[epoch_ms] = rfc5424_time_of_ms(epoch_ms).encode()
        return stamp


_stamp_of_ms = _Stamps().__getitem__
_ms_of = itemgetter(1)


def lines_of_records(origins: list[Origin], texts: list[str], messages: Sequence[Message]) -> Lines:
    """Lines at the time, in UTC, at which Kafka took each one's record: the same each time it
    is read."""
    stamps = list(map(_stamp_of_ms, map(_ms_of, map(Message.timestamp, messages))))
    severities = [Severity.INFO] * len(texts)
    return Lines(origins, severities, Stamps(stamps, WITH_ZONE), bodies(texts), lambda: texts)


def stamp_of_record(message: Message) -> bytes:
    """RFC 5424 TIMESTAMP of one record: its own, or that of reading where it has none."""
    return _stamp_of_ms(message.timestamp()[1])
