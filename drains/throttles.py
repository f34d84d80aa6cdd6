"""How often a client may have something done that costs others."""

from __future__ import annotations

from rest_framework.exceptions import Throttled

from events.limits import Limit

TRIALS = Limit("drain-trials", 6, 60)
"""Test lines: each is a connection to wherever a URL points."""


def count_trial(whose: str) -> None:
    """Of a drain, or of those that an owner has not saved. Raises Throttled."""
    if wait := TRIALS.spend(whose):
        raise Throttled(wait)
