"""How long lines gather before their viewers are woken: longer as the event loop gets busy.

What a viewer costs is a write, whatever is in it. So before a loop is full there are fewer of them,
and everybody's lines come a little later, rather than ever later.
"""

from __future__ import annotations

SECONDS_MIN, SECONDS_MAX = 0.05, 0.25
BUSY_FROM, BUSY_UP_TO = 0.15, 0.3
"""Shares of the loop's time between which it grows from the least to the most."""
LOOK_SECONDS = 0.5
_SETTLES_SECONDS = 2.0
"""It is part of what it measures: one step of its own size each time would swing."""


class Gathering:
    """`seconds` is the time to gather."""

    def __init__(self, now: float, cpu: float) -> None:
        self.seconds = SECONDS_MIN
        self._at, self._cpu = now, cpu

    def look(self, now: float, cpu: float) -> None:
        """`now`: a steady clock's; `cpu`: seconds of CPU that the loop's thread has taken."""
        passed = now - self._at
        if passed < LOOK_SECONDS:
            return
        wanted = seconds_when((cpu - self._cpu) / passed)
        self.seconds += (wanted - self.seconds) * min(passed / _SETTLES_SECONDS, 1.0)
        self._at, self._cpu = now, cpu


def seconds_when(busy: float) -> float:
    """Where it settles while so much of the loop's time is taken."""
    grown = (busy - BUSY_FROM) / (BUSY_UP_TO - BUSY_FROM)
    return SECONDS_MIN + (SECONDS_MAX - SECONDS_MIN) * min(max(grown, 0.0), 1.0)
