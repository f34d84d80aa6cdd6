"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_LOOK_EVERY_SECONDS = 0.02
_PAUSES = 4


def wait_until(predicate: Callable[[], T], limit_seconds: float, what: str) -> T:
    """The first true answer of the predicate. Fails the test after the limit, saying `what`."""
    began = time.monotonic()
    deadline = began + limit_seconds
    while not (answer := predicate()):
        pause = _pause_after(began)
        _refuse_late(deadline, limit_seconds, what, answer)
        time.sleep(pause)
        began = time.monotonic()
    return answer


def throughout(predicate: Callable[[], bool], seconds: float, what: str) -> None:
    """Fails the test when the predicate is once not true in all these seconds."""
    deadline = time.monotonic() + seconds
    while (began := time.monotonic()) < deadline:
        assert predicate(), f"not all the time: {what}"
        time.sleep(_pause_after(began))


async def until(predicate: Callable[[], T], limit_seconds: float, what: str) -> T:
    """As wait_until, for a test on an event loop, which goes on running meanwhile."""
    began = time.monotonic()
    deadline = began + limit_seconds
    while not (answer := predicate()):
        pause = _pause_after(began)
        _refuse_late(deadline, limit_seconds, what, answer)
        await asyncio.sleep(pause)
        began = time.monotonic()
    return answer


def _pause_after(began: float) -> float:
    """Seconds after a look: longer than it took, for others have work to do."""
    return max(_LOOK_EVERY_SECONDS, _PAUSES * (time.monotonic() - began))


def _refuse_late(deadline: float, limit_seconds: float, what: str, answer: object) -> None:
    if time.monotonic() > deadline:
        raise AssertionError(f"not within {limit_seconds:g} s: {what} (last answer: {answer!r})")
