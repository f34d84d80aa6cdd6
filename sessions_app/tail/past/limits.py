"""How much of the past is read for one answer, and what is said where that was not enough."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from sessions_app.tail.live.mailbox import StreamNotice

HELD_LINES_MAX = 1_500
"""So many of the last lines are held and sorted; for more their times are."""


class PastLimits(NamedTuple):
    """Of all since a moment, or of very many lines. Who wants more comes again."""

    bytes: int = 128 * 1024 * 1024
    """Of records."""
    seconds: float = 20.0
    """Of reading, without the turns of others."""


PAST_LIMITS = PastLimits()

TOO_FAR = StreamNotice("too much has been logged since: going on with the newest lines")
CUT = StreamNotice("the last lines were read back only so far: too much has been logged")


def stopped_at(ms: int) -> str:
    """`ms`: Kafka's time, in epoch milliseconds."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return f"no more is read at once: this ends with what Kafka had at {at:%Y-%m-%dT%H:%M:%SZ}"
