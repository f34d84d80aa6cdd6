"""How a drain is doing, in one word. Nothing of Django: workers say it in their metrics too."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

State = Literal["paused", "unknown", "failing", "new", "replaying", "live"]

SEVERITY: dict[State, int] = {
    "unknown": 0,
    "failing": 1,
    "replaying": 2,
    "paused": 3,
    "new": 5,
    "live": 6,
}
"""The order in which an operator wants to see them."""

AFTER_NEW: frozenset[State] = frozenset({"replaying", "live"})
"""Only a drain that has delivered is in one of these."""


def state_of(said: Collection[str], *, paused: bool, has_delivered: bool) -> State:
    """The first that holds, in the order of `State`. `said`: by each worker that has a say, of whom
    the one that is worst off counts. `has_delivered`: ever, to any receiver."""
    if paused:
        return "paused"
    if not said:
        return "unknown"
    if "failing" in said:
        return "failing"
    if not has_delivered:
        return "new"
    # A worker that has not heard yet that it is paused no more keeps its place, and is behind.
    return "live" if {*said} == {"live"} else "replaying"
