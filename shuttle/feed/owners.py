"""Who is told what becomes of a connection: a part of a feed knows no more of the one above it."""

from __future__ import annotations

from typing import Protocol

from drains.delivery.sender import Sender
from shuttle.feed.writes import Write, WriteOwner


class LinkOwner(Protocol):
    def link_opened(self) -> None: ...

    def link_ending(self, sender: Sender[Write]) -> None:
        """The last chance to ask how far it got."""

    def link_closed(self) -> None:
        """The receiver closed, and has read all that it was sent: no failure."""

    def link_failed(self, error: Exception | None, again: list[Write]) -> None:
        """No connection, or none any more; `again` may not have been read by anybody."""


class ConnectionOwner(Protocol):
    """Who sees to the connection."""

    def opened(self, now: float) -> None: ...

    def leave_live(self, reason: str) -> None:
        """The receiver takes less than it is given."""

    def let_wait(self) -> None:
        """There is no connection yet, and that is not the receiver's fault: lines wait in Kafka."""

    def closed(self) -> None:
        """The receiver closed, and has read all that it was sent: no failure."""

    def failed(self, error: Exception | None, again: list[Write]) -> None:
        """No connection, or none any more; `again` may not have been read by anybody."""


class OutboundOwner(WriteOwner, Protocol):
    @property
    def is_behind(self) -> bool: ...

    def to_be_replayed(self, writes: list[Write], *, sent: bool) -> None:
        """These lines have to be handed over once more; `sent`: they may have arrived."""

    def lags(self) -> None:
        """What it misses from now on it misses because of its receiver."""

    def stalled(self) -> None:
        """The live pass goes on without it; what is under way stays under way."""

    def portion_dropped(self) -> None:
        """Nothing is to be handed over before all else: a pass that read on meanwhile lets go."""

    def has_news(self) -> None:
        """What its owner is told of it may be something else by now."""

    def changed(self) -> None:
        """So; and whether lines can be handed over may be another by now."""
