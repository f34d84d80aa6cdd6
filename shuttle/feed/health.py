"""Whether a drain's receiver can be reached and takes what it is sent, and what its owner is told
of that. No clock of its own: every method is given the time."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from drains.delivery.network.errors import STOPPED_READING

STUCK_SECONDS = 2.0
"""So long without progress, and a worker that stops waits for the receiver no more."""
WRITE_SECONDS = 4.0
"""How long the kernel may refuse bytes; from then on the drain shows as failing."""
LATE_SECONDS = 15.0
"""How long the oldest line may wait for a confirmation before the live pass goes on without."""
GIVE_UP_SECONDS = 60.0
"""So long without progress, and the connection is ended as if it had failed."""
STUCK_AT_A_LINE_SECONDS = 20.0
"""The same where that may be for one line. Else it is better waited for: one that only sleeps
would read what it is sent again beside what it still has."""
PROVEN_SECONDS = 5.0
"""A connection that has stood this long without lines is taken to be a good one."""


class Reach(Enum):
    """How a receiver is reached."""

    CONNECTED = "lines go to it, or a connection will be made for the next"
    STALLED = "it is full or late: the connection stays, the live pass goes on without"
    FAILING = "there is no connection, or none any more"


class LastError(NamedTuple):
    text: str = ""
    at: float | None = None
    """Epoch seconds."""


class Verdict(NamedTuple):
    """What is to be done about lines that are not confirmed."""

    why: str = ""
    """Empty: nothing is wrong."""
    give_up: bool = False
    """End the connection; else the live pass goes on without this receiver."""
    give_up_at_a_line: bool = False
    """So if it may be a line that it has no room for."""
    has_room: bool = False
    """Half of what it may hold is free: if it was stalled, it is no more."""


class Health:
    """Owns how the receiver is reached, since when it got nowhere, and what was wrong last.

    `now` is monotonic seconds, `wall` is epoch seconds.
    """

    def __init__(self) -> None:
        self.reach = Reach.CONNECTED
        self.unproven = False
        """It has failed, and nothing shows yet that it works again."""
        self._owes_an_answer = False
        """It gave none to what it was sent: that a connection stands shows nothing."""
        self.last_error = LastError()
        """In an operator's words."""
        self._progress_at = 0.0
        self._stalled_at = 0.0

    @property
    def is_good(self) -> bool:
        return self.reach is Reach.CONNECTED and not self.unproven

    @property
    def takes_lines(self) -> bool:
        """Whether the live pass may hand over lines."""
        return self.reach is Reach.CONNECTED

    @property
    def stalled(self) -> bool:
        return self.reach is Reach.STALLED

    @property
    def failing(self) -> bool:
        return self.reach is Reach.FAILING

    # What happens to the connection.

    def connected(self, now: float) -> None:
        self.reach = Reach.CONNECTED
        self._progress_at = now

    def closed(self) -> None:
        """The receiver has closed a connection, and has read all that it was sent."""
        if self.stalled:  # what was full is gone with its connection
            self.reach = Reach.CONNECTED

    def failed(self, error: str, wall: float, *, unanswered: bool = False) -> None:
        """`unanswered`: it was sent what it should have answered."""
        self.complain(error, wall)
        self.reach, self.unproven = Reach.FAILING, True
        self._owes_an_answer |= unanswered

    def reset(self) -> None:
        """Another way to the receiver, of which nothing is known yet."""
        self.reach, self.unproven = Reach.CONNECTED, False
        self._owes_an_answer = False

    # What it does with lines.

    def complain(self, error: str, wall: float) -> None:
        """The receiver says that something is wrong, and takes lines all the same."""
        self.last_error = LastError(error, wall)

    def progressed(self, now: float) -> None:
        """The receiver has confirmed something, or an answer says that it is there."""
        self._progress_at = max(self._progress_at, now)

    def prove(self) -> bool:
        """The receiver works. Returns whether that was in doubt."""
        if not self.unproven:
            return False
        self.unproven = self._owes_an_answer = False
        return True

    def is_believed(self, seconds: float) -> bool:
        """Whether a connection that has stood so long without lines shows that it works."""
        return seconds > PROVEN_SECONDS and not self._owes_an_answer

    def stall(self, reason: str, now: float, wall: float) -> bool:
        """The receiver is full or late. Returns whether that is new."""
        if self.stalled:
            return False
        self.complain(reason, wall)
        self.reach, self._stalled_at = Reach.STALLED, now
        return True

    def recover(self, now: float) -> float | None:
        """The receiver is no longer full or late. Returns for how long it was; None: it was not."""
        if not self.stalled:
            return None
        self.reach = Reach.CONNECTED
        return now - self._stalled_at

    def judge(
        self, since: float, buffered_bytes: int, capacity_bytes: int, now: float, *, answers: bool
    ) -> Verdict:
        """`since`: when the oldest line was taken that is not confirmed. `buffered_bytes`: what the
        kernel, or a receiver that answers, has not taken yet. `answers`: it does."""
        stuck_seconds = now - max(self._progress_at, since)
        at_a_line = stuck_seconds > STUCK_AT_A_LINE_SECONDS and not answers
        if stuck_seconds > GIVE_UP_SECONDS:
            return Verdict(STOPPED_READING, give_up=True)
        if buffered_bytes and stuck_seconds > WRITE_SECONDS and not answers:
            return Verdict(STOPPED_READING, give_up_at_a_line=at_a_line)
        if now - since > LATE_SECONDS:
            return Verdict("the receiver is late", give_up_at_a_line=at_a_line)
        return Verdict(has_room=buffered_bytes < capacity_bytes // 2)

    def gets_on(self, now: float) -> bool:
        """Whether it takes lines, full or behind as it may be."""
        return now - self._progress_at < STUCK_SECONDS
