"""What a request may still wait for the cache, whichever threads it has and shares."""

from __future__ import annotations

from contextvars import ContextVar

WAIT_SECONDS = 0.45
"""What a request waits at most, over all that it asks: with all around it, half a second."""


class Allowance:
    """Seconds; one request's."""

    def __init__(self) -> None:
        self.left = WAIT_SECONDS

    def spend(self, seconds: float) -> None:
        self.left -= seconds


_requests: ContextVar[Allowance | None] = ContextVar("cache_allowance", default=None)


def begin_request() -> None:
    """For all that is called from here on, in whichever thread: asgiref takes the context there."""
    _requests.set(Allowance())


def allowance_here() -> Allowance:
    """The request's. Outside of one, as in a health check, each call has its own."""
    return _requests.get() or Allowance()
