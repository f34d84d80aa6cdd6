"""What a drain's owner is told, in the drain's own stream, of lines that are not delivered.

    <172>1 TIME app-space logshuttle - - - Error L10 (output buffer overflow): N messages dropped
    since TIME. REASON

Logplex's words, so that whoever looks out for those finds these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from drains.delivery.wire.rfc5424 import framed, header_of, wire_format_of
from drains.routes import Route
from events.lines import Origin

PRI_AND_VERSION = "<172>1 "  # local5, warning
TAG = "logshuttle"
EVERY_SECONDS = 60.0

REFUSED = "Refused by the receiver."
EXPIRED = "Gone from Kafka before delivery."
SKIPPED = "Skipped: the receiver was behind (on_lag: skip)."
TOO_OLD = "Skipped: older than max_lag_seconds."
NEW_LOG = "Kafka's topic was made anew."

METRIC_REASONS = {
    REFUSED: "refused",
    EXPIRED: "source_expired",
    SKIPPED: "skipped",
    TOO_OLD: "too_old",
    NEW_LOG: "topic_recreated",
}


class LossNotice(NamedTuple):
    """Losses, on their way to the owner."""

    lines: Mapping[str, int]
    """By reason."""
    since: float
    """Epoch seconds."""
    exact: bool = True
    """False where only offsets are known."""

    @property
    def text(self) -> str:
        number = sum(self.lines.values())
        told = f"{'' if self.exact else 'about '}{number} message{'' if number == 1 else 's'}"
        return (
            f"Error L10 (output buffer overflow): {told} dropped"
            f" since {_time(self.since)}. {' '.join(self.lines)}"
        )


class LossNotices:
    """Losses that are still to be told; one notice a minute at most."""

    def __init__(self) -> None:
        self._lines: Counter[str] = Counter()
        self._since: float | None = None
        self._exact = True
        self._next_at = 0.0

    def lost(self, lines: int, reason: str, wall: float, *, exact: bool = True) -> None:
        """`wall`: epoch seconds."""
        self._exact = self._exact and exact
        self._lines[reason] += lines
        self._since = wall if self._since is None else min(wall, self._since)

    @property
    def are_waiting(self) -> bool:
        return self._since is not None

    def is_due(self, now: float) -> bool:
        """`now`: monotonic seconds."""
        return self.are_waiting and now >= self._next_at

    def take(self, now: float) -> LossNotice:
        """What is due."""
        notice = LossNotice(dict(self._lines), self._since or 0.0, self._exact)
        self._lines.clear()
        self._exact = True
        self._since = None
        self._next_at = now + EVERY_SECONDS
        return notice

    def put_back(self, notice: LossNotice) -> None:
        """A notice did not get there: its losses are told with the next."""
        for reason, lines in notice.lines.items():
            self.lost(lines, reason, notice.since, exact=notice.exact)


def record_of(notice: LossNotice, route: Route, hostname: str, wall: float) -> bytes:
    """In the drain's wire format. `hostname` as in routing.Router."""
    wire = wire_format_of(route, hostname)
    header = header_of(Origin(route.key, TAG, "router", TAG), wire)
    return framed([f"{PRI_AND_VERSION}{_time(wall)}{header}{notice.text}"], wire).data


def _time(wall: float) -> str:
    return datetime.fromtimestamp(int(wall), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
