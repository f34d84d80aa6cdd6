"""What a feed sees of a connection, whatever its transport."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, Self, TypeVar, runtime_checkable


class NamedWrite(Protocol):
    """What one write holds; the feed's own."""

    @property
    def name(self) -> str:
        """The same when the same lines are sent again."""

    @property
    def unanswered(self) -> int:
        """How often the connection has ended in the middle of a request with just these lines."""

    def joined(self, behind: Self) -> Self:
        """One that holds both, for when it no longer matters where one ends."""


WriteT = TypeVar("WriteT", bound=NamedWrite)


class Sender(Protocol[WriteT]):
    """An open way to one receiver. Never retries, never waits; tells its owner when it ends."""

    @property
    def capacity_bytes(self) -> int:
        """With more than this in `buffered_bytes` it is full."""

    @property
    def trouble(self) -> str | None:
        """What the receiver last complained of without ending the connection."""

    @property
    def lines_refused(self) -> int:
        """Given up because the receiver refuses them and takes others."""

    @property
    def buffered_bytes(self) -> int:
        """Handed over, but not yet to the kernel."""

    @property
    def progressed_at(self) -> float:
        """Monotonic seconds: when its receiver last got on, though it may have confirmed nothing; 0
        where only what it confirms tells."""

    @property
    def certificate_ends_at(self) -> float | None:
        """Epoch seconds: until when the certificate is good that its receiver showed last; None
        without TLS."""

    @property
    def confirmed_bytes(self) -> int:
        """How many the receiver has confirmed, as of the last `confirm`."""

    @property
    def unconfirmed(self) -> Iterable[WriteT]:
        """What has been handed over and not been confirmed, oldest first."""

    def send(self, pieces: Sequence[bytes], write: WriteT) -> None:
        """Hand over bytes, a piece for each connection.

        `write` comes back when the receiver has confirmed the last of them.
        """

    def confirm(self, now: float) -> list[WriteT]:
        """Ask how far the receiver has got: what it has confirmed since the last call."""

    def to_send_again(self, now: float, *, hung: bool = False) -> list[WriteT]:
        """What nobody may have read, once this sender has ended, oldest first.

        `hung`: it ended because the receiver stopped reading.
        """

    def close(self) -> None:
        """No more is to come: let what is under way arrive, then end."""

    def abort(self) -> None:
        """End now."""

    async def wait_closed(self) -> None:
        """Returns when no task is left of one that has ended: for who ends the loop then."""


@runtime_checkable
class Finishing(Protocol):
    """A sender of a transport where only a kernel confirms."""

    def finish(self, wait_seconds: float, *, must_close: bool) -> None:
        """No more is to come: find out whether all of it has been read.

        Its end tells: without an error, and with nothing to send again, once the receiver has
        closed in answer to our end of the stream. When it does not within `wait_seconds` that is
        an error if it `must_close`; else all is believed that has stood for KEPT_SECONDS.
        """


Ended = Callable[[Exception | None], None]
"""Called once, when a sender ended otherwise than by its owner; None for a clean close."""

CAPACITY_BYTES = 2 * 1024 * 1024
