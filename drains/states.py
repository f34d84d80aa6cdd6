"""How a drain is doing, in one word. Nothing of Django: workers say it in their metrics too."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

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

WORDS: dict[State, str] = {
    "unknown": "No worker",
    "failing": "Failing",
    "replaying": "Catching up",
    "paused": "Paused",
    "new": "New",
    "live": "Live",
}
"""As pages say them."""

AFTER_NEW: frozenset[State] = frozenset({"replaying", "live"})
"""Only a drain that has delivered is in one of these."""


def state_named(text: str) -> State:
    """Raises ValueError for what is none."""
    states: tuple[State, ...] = get_args(State)
    for state in states:
        if state == text:
            return state
    raise ValueError(f"{text!r} is none of {', '.join(states)}")


def stored_state(stored: State | Literal[""], *, paused: bool, is_silent: bool) -> State:
    """What is shown of a drain with which this is stored. `is_silent`: no worker is left."""
    if paused:
        return "paused"
    return "unknown" if is_silent else stored or "new"


def state_of(
    said: Collection[str], *, paused: bool, has_delivered: bool, is_silent: bool = False
) -> State:
    """The first that holds, in the order of `State`. `said`: by each worker that has a say, of whom
    the one that is worst off counts; where there is nothing to say, nobody says anything.
    `has_delivered`: ever, to any receiver. `is_silent`: no worker is left."""
    if paused:
        return "paused"
    if is_silent and not said:
        return "unknown"
    if "failing" in said:
        return "failing"
    if not has_delivered:
        return "new"
    # A worker that has not heard yet that it is paused no more keeps its place, and is behind.
    return "live" if {*said} <= {"live"} else "replaying"
