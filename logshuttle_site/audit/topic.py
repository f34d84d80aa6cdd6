"""AUDIT_TOPIC: each entry as a line of the app `audit` in the space of that name, so that it can be
drained and tailed like any other. Best effort: the row is the truth.
"""

from __future__ import annotations

import atexit
import logging
from collections.abc import Sequence
from concurrent.futures import Future
from functools import cache

import msgspec
from django.conf import settings

from drains.moments import rfc3339
from events.kafka.producer import Producer
from logshuttle_site.audit.entry_json import line_of
from logshuttle_site.audit.models import Entry

logger = logging.getLogger(__name__)

APP, POD = "audit", "logshuttle/audit"
DELIVERY_SECONDS = 60.0
"""So long Kafka may be away before a line is dropped."""
QUEUE_RECORDS = 10_000
QUEUE_BYTES = 8 * 1024 * 1024
LAST_WORDS_SECONDS = 2.0
"""How long the end of a process waits for lines that are under way."""


class Tally:
    """What has become of lines, in this process."""

    def __init__(self) -> None:
        self.dropped = 0
        self._is_away = False

    def told(self, sending: Future[None]) -> None:
        """In the producer's thread, or at once where there is no room."""
        error = sending.exception()
        if error is not None:
            self.dropped += 1
            if not self._is_away:
                said = "AUDIT_TOPIC: Kafka has not taken a line; the database has it: %s"
                logger.warning(said, error, extra={"action": "audit_line_dropped"})
        self._is_away = error is not None


tally = Tally()


def post(entries: Sequence[Entry]) -> None:
    """Returns at once: what finds no room, or no Kafka, is dropped and counted."""
    for entry in entries:
        sending = _producer().start(settings.AUDIT_TOPIC, event_of(entry), POD.encode())
        sending.add_done_callback(tally.told)


def event_of(entry: Entry) -> bytes:
    """As `POST /log-events` takes it."""
    return msgspec.json.encode(
        {
            "log": line_of(entry).decode(),
            "stream": "stdout",
            "time": rfc3339(entry.at),
            "topic": settings.AUDIT_TOPIC,
            "kubernetes": {"container_name": APP, "pod_name": POD},
        }
    )


@cache
def _producer() -> Producer:
    """Made when it is first needed. It waits longer than one that somebody waits for."""
    made = Producer(
        settings.KAFKA_CONF,
        delivery_seconds=DELIVERY_SECONDS,
        queue_bytes=QUEUE_BYTES,
        queue_records=QUEUE_RECORDS,
    )
    atexit.register(made.close, LAST_WORDS_SECONDS)
    return made
