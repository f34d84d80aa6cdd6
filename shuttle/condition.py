"""What is wrong with a drain, if anything, and what its owner is told of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class LastError(NamedTuple):
    text: str = ""
    at: float | None = None
    """Epoch seconds."""


class Condition:
    def __init__(self, wall_clock: Callable[[], float]) -> None:
        self._wall_clock = wall_clock
        self.failing = False
        """There is no connection, or none any more."""
        self.unproven = False
        """It has failed, and nothing shows yet that it works again."""
        self.stalled = False
        """The receiver is full or late: its connection stays."""
        self.error: str | None = None
        """What is wrong now, in an operator's words."""
        self.last_error = LastError()

    @property
    def is_good(self) -> bool:
        return not (self.failing or self.unproven or self.stalled)

    @property
    def takes_lines(self) -> bool:
        return not (self.failing or self.stalled)

    def complain(self, error: str) -> None:
        self.error = error
        self.last_error = LastError(error, self._wall_clock())

    def failed(self, error: str) -> None:
        self.complain(error)
        self.failing = self.unproven = True
        self.stalled = False  # what was full is gone with its connection

    def stall(self, reason: str) -> None:
        self.complain(reason)
        self.stalled = True

    def connected(self) -> None:
        self.failing = self.stalled = False

    def proved(self) -> None:
        if self.unproven:
            self.unproven = False
            self.error = None

    def recovered(self) -> None:
        self.stalled = False
        self.error = None

    def reset(self) -> None:
        """Another way to the receiver, of which nothing is known yet."""
        self.failing = self.stalled = self.unproven = False
