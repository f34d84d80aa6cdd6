"""What is refused before any application hears of it: one line to the client, one counter a reason.

Whoever can connect can have something refused, as fast as they like: the log has one line a second
for each reason, and that says how many there were meanwhile.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus

from logshuttle_site.content_policy import SITE
from logshuttle_site.problems import CONTENT_TYPE, problem

logger = logging.getLogger(__name__)

AT_TIMES_SECONDS = 1.0
RETRY_SECONDS = 5


class RefusedError(Exception):
    """`reason`: a word for the counter. `detail`: what the client is told."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason


class Refusals:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[str] = Counter()
        """So far, by reason."""
        self._clock = clock
        self._said: dict[str, tuple[float, int]] = {}
        """When each reason was last in the log, and the count of then."""

    def note(self, reason: str, peer: str, why: str) -> None:
        self.counts[reason] += 1
        now = self._clock()
        said_at, count = self._said.get(reason, (-math.inf, 0))
        if now - said_at < AT_TIMES_SECONDS:
            return
        others = self.counts[reason] - count - 1
        more = f" (and {others} more since the last one)" if others else ""
        self._said[reason] = now, self.counts[reason]
        logger.warning("Refused %s: %s%s", peer, why, more, extra={"action": "refused"})


def answer_of(status: int, detail: str) -> bytes:
    """A whole HTTP answer, after which the connection ends."""
    body = json.dumps(problem(status, detail)).encode()
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Content-Type: {CONTENT_TYPE}",
        f"Content-Length: {len(body)}",
        f"Content-Security-Policy: {SITE}",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    ]
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        head.append(f"Retry-After: {RETRY_SECONDS}")
    return "\r\n".join([*head, "", ""]).encode() + body
