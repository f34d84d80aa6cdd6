"""What the Envoy receiver has met: received = written + ignored + lost + waiting for Kafka."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter

logger = logging.getLogger(__name__)

NODES_MAX = 100
OTHER = "other"
SAID_EVERY_SECONDS = 30.0


class AlsCounts:
    """Written by the event loop and by the producer's thread, read by the metrics."""

    def __init__(self) -> None:
        self.messages = 0
        self.received = 0
        """Entries, readable or not."""
        self.written = 0
        """Those that Kafka has acknowledged; counted in the producer's thread alone."""
        self.ignored: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        """By the name of Kafka's error, or `stream_ended`."""
        self.streams: Counter[str] = Counter()
        """Open ones, by the node that sends."""
        self.refused: Counter[str] = Counter()
        """Streams, by the bound that they met."""
        self._lock = threading.Lock()
        self._said_at = self._said_refused_at = -math.inf

    def opened(self, node: str) -> str:
        """Counts a stream; returns the label to be given to `closed`."""
        node = node or "unknown"
        label = node if node in self.streams or len(self.streams) < NODES_MAX else OTHER
        self.streams[label] += 1
        return label

    def closed(self, label: str) -> None:
        self.streams[label] -= 1
        if not self.streams[label]:
            del self.streams[label]

    def refuse(self, peer: str, reason: str) -> None:
        """Counted always, said at most twice a minute."""
        self.refused[reason] += 1
        now = time.monotonic()
        if now - self._said_refused_at >= SAID_EVERY_SECONDS:
            self._said_refused_at = now
            logger.warning(
                "Refused a stream of %s: %s (%d so far, of all)",
                peer,
                reason.replace("_", " "),
                self.refused.total(),
                extra={"action": "refused"},
            )

    def lose(self, reason: str, count: int = 1) -> None:
        """Counted always, said at most twice a minute."""
        with self._lock:
            self.lost[reason] += count
            now = time.monotonic()
            due = now - self._said_at >= SAID_EVERY_SECONDS
            if due:
                self._said_at = now
        if due:
            logger.error(
                "Access log entries are lost: %d so far, now for %s",
                self.lost.total(),
                reason,
                extra={"action": "als_lost"},
            )
