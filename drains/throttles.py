"""How often a client may have something done that costs others."""

from __future__ import annotations

from rest_framework.exceptions import Throttled

from drains.models import Drain
from events.limits import Limit

TRIALS = Limit("drain-trials", 6, 60)
"""Test lines of a drain: each is a connection to wherever it points."""


def count_trial(drain: Drain) -> None:
    """Raises Throttled. A drain is known by its row, however its id was written."""
    if wait := TRIALS.spend(str(drain.pk)):
        raise Throttled(wait)
