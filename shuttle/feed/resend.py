"""What is sent again before anything else, and how its receiver is asked whether it has read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set

from drains.delivery.network.errors import HungError, UnansweredError
from drains.delivery.sender import Finishing, Sender
from events.kafka.records import Offsets, TopicPartition
from shuttle.feed.link import Link
from shuttle.feed.portion import Portion, Request
from shuttle.feed.portions import Portions
from shuttle.feed.writes import GivenUp, Write, WriteOwner

FINISH_SECONDS = 2.0
"""How long a receiver may take to close in answer to the end of a portion."""


class Resend:
    """Owns the `portion` that a replay is to hand over before anything else: a request that failed,
    or some of what a receiver ended its connections over, and the connection that is to show
    whether that has been read."""

    def __init__(self, link: Link, writes: WriteOwner, clock: Callable[[], float]) -> None:
        self._link = link
        self._writes = writes
        self._clock = clock
        self._portions = Portions()
        self._request: Request | None = None
        self._finishing: Sender[Write] | None = None
        """Has all of a portion, and is to show whether that has been read."""
        self.lines = 0
        """Handed to this connection."""

    @property
    def portion(self) -> Portion | None:
        return self._request or self._portions.portion

    @property
    def gathers(self) -> bool:
        """Whether a request is being put together once more: it goes out as a whole."""
        return self._request is not None

    @property
    def searches(self) -> bool:
        """Whether it is looked for what a receiver ends its connections over."""
        return self._request is None and self._portions.portion is not None

    @property
    def places(self) -> Offsets:
        """While it searches: what lies behind these may not have been read."""
        return self._portions.at if self.searches else {}

    @property
    def is_finishing(self) -> bool:
        """Whether a connection is to show whether all of its portion has been read."""
        return self._finishing is not None and self._finishing is self._link.sender

    # Lines on their way.

    def took(self, write: Write) -> None:
        """More lines of a replay are in a write."""
        if (portion := self.portion) is not None:
            portion.hold(write)

    def sends(self, write: Write, size: int) -> None:
        """So many bytes, to the connection."""
        write.size = size
        self.lines += write.lines

    def confirmed(self, write: Write, now: float) -> None:
        if self.portion is None:
            self._portions.confirmed(write, now)

    def forget(self, partitions: Set[TopicPartition]) -> None:
        """Partitions that are another worker's."""
        if self._request is not None:
            self._request.forget(partitions)
        else:
            self._portions.forget(partitions)
            self._follow(None)

    # What is sent again.

    def request(self, failed: Write, error: Exception | None) -> None:
        """It is to be cut exactly so once more."""
        unanswered = failed.unanswered + isinstance(error, UnansweredError)
        self._request = Request(failed, unanswered)

    def in_doubt(self, error: Exception | None, again: list[Write]) -> None:
        """A connection has ended of that error, and nobody may have read these."""
        hung = isinstance(error, HungError)
        self._portions.ended(again, self._clock(), hung=hung)
        self._follow(None)

    def is_complete(self, gaps: Mapping[TopicPartition, int]) -> bool:
        """Whether nothing of it is missing any more, and nobody has been told yet."""
        portion = None if self.is_finishing else self.portion
        return portion is not None and portion.is_complete(gaps)

    def is_whole(self, write: Write | None) -> None:
        """All of the request is in this write; None: nothing of it is left."""
        request, self._request = self._request, None
        if write is not None and request is not None:
            write.sent_as, write.unanswered = request.name, request.unanswered

    def is_handed_over(self) -> None:
        """All of the portion is on its way."""
        portion = self.portion
        if portion is None or self.is_finishing:
            return
        if not self.lines:
            self._writes.reopen(portion.held)
            self._follow(self._portions.passed(0))
        elif isinstance(self._link.sender, Finishing):
            self._finishing = self._link.sender
            self._finishing.finish(FINISH_SECONDS, must_close=self._portions.hangs)

    def drop(self) -> None:
        """Nothing is to be handed over before anything else. What is in doubt comes once more."""
        self._writes.reopen(self.places)
        self._request = None
        self._portions.reset()
        self._follow(None)

    # The connection.

    def opened(self) -> None:
        self._finishing, self.lines = None, 0

    def closed(self) -> None:
        """The receiver has closed, and has read all that it was sent."""
        finishing, self._finishing = self._finishing, None
        if finishing is None or self.portion is None:
            return
        given_up = self._portions.passed(self.lines)
        self._follow(given_up)
        self._link.want()

    # Inside.

    def _follow(self, given_up: GivenUp | None) -> None:
        self._link.hurry(self._portions.wait_seconds)
        self._writes.reopen(given_up.ends if given_up else {})  # what was left out behind it
        if given_up is not None:
            self._writes.gave_up(given_up)
