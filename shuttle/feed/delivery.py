"""The bytes under way to one receiver: gathered, written, confirmed, or to be sent again."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Set

from drains.delivery.network.errors import FloodError
from drains.delivery.sender import CAPACITY_BYTES, Sender
from drains.routes import Route
from events.kafka.records import PartitionRecords, TopicPartition
from shuttle.feed.context import FeedContext
from shuttle.feed.link import Link
from shuttle.feed.outbox import Outbox
from shuttle.feed.owners import ConnectionOwner
from shuttle.feed.portion import longest_of
from shuttle.feed.resend import Resend
from shuttle.feed.writes import Pieces, Progress, Write, WriteOwner

IDLE_SECONDS = 300.0
"""So long without a line, and a connection is ended."""
NEW_SECONDS, NEW_TIMES = 0.5, 4
"""For so long a new connection may hold so many times as much: what comes while it is made."""


class Delivery:
    """Owns the outbox, the link and the writes that nobody has confirmed; `resend` is what is sent
    again before anything else."""

    def __init__(
        self, route: Route, context: FeedContext, owner: ConnectionOwner, writes: WriteOwner
    ) -> None:
        self._clock = context.clock
        self._totals, self._drain_id = context.totals, route.drain_id
        self._filling = context.filling
        self._owner = owner
        self._writes = writes
        self.link = Link(route, context.connect, context.dials, context.clock, self)
        self.resend = Resend(self.link, writes, context.clock)
        self._sent_at = 0.0
        self._bytes_here = 0
        """Confirmed, of this connection or the last one."""
        self._refused_here = 0
        self._follow(route)

    def _follow(self, route: Route) -> None:
        self._limits = route.destination.transport.batch
        self._outbox = Outbox(route.connections, self._limits)
        self._capacity_bytes = CAPACITY_BYTES * route.connections

    # Lines on their way.

    def take(
        self,
        batch: int,
        records: PartitionRecords,
        data: Pieces,
        lines: int,
        *,
        has_cursor: bool = False,
    ) -> None:
        """Lines in wire format, a piece a connection. Never waits."""
        outbox = self._outbox
        write = outbox.write
        if write is not None and write.has_cursor is not has_cursor and self.link.sender:
            self.flush()
            write = outbox.write
        if write is None:
            write = self._begin(batch, has_cursor=has_cursor)
        outbox.add(records, data, lines)
        if has_cursor:
            self.resend.took(write)
        if outbox.is_full:
            self.flush()

    def flush(self) -> None:
        """Hand what has gathered to the connection; dial if there is none."""
        outbox = self._outbox
        write = outbox.write
        if write is None or self.resend.gathers:
            return
        sender = self.link.turned()
        if sender is None:
            self.link.want()
            size, turning = outbox.size, self.link.is_turning
            capacity = self._capacity_bytes if turning else CAPACITY_BYTES
            if size > capacity and (turning or self._is_full(size, capacity, write.since)):
                if turning or self.link.dials_since is not None:
                    self._owner.leave_live("the receiver takes too long to answer")
                else:
                    self._owner.let_wait()
            return
        self._sent_at = self._clock()
        self.resend.sends(write, outbox.size)
        self._totals.went_out(self._drain_id, write.lines, outbox.size)
        sender.send(outbox.take(), write)
        held, capacity = sender.buffered_bytes, sender.capacity_bytes
        if held > capacity // 2:
            self._filling.add(self._drain_id)
        if held > capacity and self._is_full(held, capacity, self.link.opened_at):
            self._owner.leave_live("the receiver does not keep up")

    def tell(self) -> None:
        """Begin a write, if there is none, for a notice that no line has come to go with."""
        if self._outbox.write is None and self.link.sender and not self.link.is_turning:
            self._begin(0, has_cursor=True)

    def confirm(self, sender: Sender[Write], now: float) -> Progress:
        """What an open connection has got done, by the receiver's or its kernel's word."""
        progress = self._collect(sender, now)
        if progress.bytes and sender is self.link.sender:
            self.link.backoff.progressed(now)
        return progress

    def unconfirmed(self) -> Iterator[Write]:
        """What the receiver has not confirmed, oldest first."""
        sender, write = self.link.sender, self._outbox.write
        if sender is not None:
            yield from sender.unconfirmed
        if write is not None:
            yield write

    @property
    def oldest(self) -> Write | None:
        return next(self.unconfirmed(), None)

    def have_cursors(self, writes: Collection[Write]) -> None:
        """The database has cursors at or before these: they hold no offset back any more."""
        for write in writes:
            write.has_cursor = True

    def holds_a_long_line(self, now: float) -> bool:
        """Whether there is one, of what its receiver may not have read, that is longer than usual,
        or it is being sought. Looks at all of that: not for each batch."""
        sender = self.link.sender
        doubtful = sender.to_send_again(now, hung=True) if sender else []
        return self.resend.searches or bool(longest_of(doubtful))

    def drop_outbox(self) -> list[Write]:
        """Give up what is not handed over yet: what is to be sent again by a replay."""
        write = self._outbox.write
        self._outbox.clear()
        return [] if write is None else [write]

    def forget(self, partitions: Set[TopicPartition]) -> None:
        """What is under way of these is another worker's to see to."""
        self.resend.forget(partitions)
        sender, gathered = self.link.sender, self._outbox.write
        lately = sender.to_send_again(self._clock(), hung=True) if sender else []
        for write in lately if gathered is None else [*lately, gathered]:
            write.forget(partitions)

    def has_room(self, at_most: float = math.inf) -> bool:
        """Whether a replay may hand over more, to one that is to hold less than so many bytes."""
        sender = self.link.sender
        if sender is None or self.link.is_turning or self.resend.is_finishing:
            return False
        # A request that is put together once more has been small enough before.
        held = sender.buffered_bytes if self.resend.gathers else self.outbox_bytes
        return held < min(sender.capacity_bytes // 2, at_most)

    def handed_over(self) -> None:
        """A replay has handed over all of `resend.portion`."""
        if self.resend.gathers:
            self.resend.is_whole(self._outbox.write)
        self.flush()
        self.resend.is_handed_over()

    def portion_is_moot(self, gaps: Mapping[TopicPartition, int]) -> bool:
        """Whether nothing of the portion is missing any more, and nothing of it went this way."""
        if not self.resend.is_complete(gaps):
            return False
        if self.resend.searches and self.resend.lines:  # the pass that handed it over has gone on
            self.handed_over()
            return False
        return True

    # The connection.

    @property
    def outbox_bytes(self) -> int:
        """Lines handed over that are not yet the kernel's."""
        sender = self.link.sender
        return self._outbox.size + (sender.buffered_bytes if sender else 0)

    def is_idle(self, now: float) -> bool:
        return now - self._sent_at > IDLE_SECONDS

    def move_to(self, route: Route) -> list[Write]:
        """Another way from now on: what was not confirmed on the old one."""
        again = self.link.move_to(route)
        self._follow(route)
        return again

    def turn_to(self, route: Route) -> None:
        """Another number of connections, once nothing is under way on those that there are."""
        self.link.turn_to(route)
        self._follow(route)

    def close(self) -> None:
        self.resend.drop()
        self._outbox.clear()
        self.link.close()

    # What the link tells.

    def link_opened(self) -> None:
        self._bytes_here = self._refused_here = 0
        self.resend.opened()
        self._sent_at = self._clock()
        self._owner.opened(self._sent_at)

    def link_ending(self, sender: Sender[Write]) -> None:
        self._collect(sender, self._clock())

    def link_closed(self) -> None:
        self.resend.closed()
        self._owner.closed()

    def link_failed(self, error: Exception | None, again: list[Write]) -> None:
        self._totals.receiver_floods += isinstance(error, FloodError)
        self._owner.failed(error, again)

    # Inside.

    def _begin(self, batch: int, *, has_cursor: bool) -> Write:
        now = self._clock()
        write = self._outbox.write = Write(batch, now, has_cursor=has_cursor)
        told = self._writes.write_begins(now, self._limits.seconds)
        if told is not None:
            write.notice, record = told
            self._outbox.add_notice(record)
        return write

    def _is_full(self, held_bytes: int, capacity_bytes: int, since: float) -> bool:
        """`since`: when lines began to gather for a connection, or when there was one."""
        return held_bytes > NEW_TIMES * capacity_bytes or self._clock() - since > NEW_SECONDS

    def _collect(self, sender: Sender[Write], now: float) -> Progress:
        writes = sender.confirm(now)  # which may end the connection
        for write in writes:
            self.resend.confirmed(write, now)
        refused = sender.lines_refused - self._refused_here
        self._refused_here = sender.lines_refused
        new = max(sender.confirmed_bytes - self._bytes_here, 0)
        self._bytes_here += new
        progress = Progress(writes, new, refused)
        if writes or new or refused:
            self._writes.confirmed(progress)
        return progress
