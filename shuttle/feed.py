"""One drain in this worker: live, or behind with gaps that replay passes close.

engine.md in one paragraph: lines that a live feed is offered go to its connection at once. When
the connection fails, is full or is late, lines not yet handed over are dropped, and for each
partition the offset of the first line that the receiver may lack becomes a *gap*. A replay
pass reads from there. Until the gap's cursor is stored, the feed holds back the group's offsets.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from drains.delivery.checkpoints import StepBack
from drains.routes import Route
from events.records import Run, TopicPartition
from shuttle.link import Connect, Link
from shuttle.marks import Mark

FLUSH_BYTES = 16 * 1024
FLUSH_SECONDS = 0.05
OUTBOX_BYTES = 2 * 1024 * 1024
LATE_SECONDS = 15.0
GIVE_UP_SECONDS = 60.0

# Producers' clocks differ: a run that begins this much after a drain is surely all its own.
MATURE_MS = 60_000


@dataclass(slots=True)
class Registers:
    """Which feeds want attention, so that nobody has to ask them all; and what they share."""

    connect: Connect
    clock: Callable[[], float]
    dials: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(100))
    due: deque[tuple[float, Feed]] = field(default_factory=deque)
    """Feeds with lines to flush, and when."""
    outstanding: set[Feed] = field(default_factory=set)
    """Feeds with lines that no receiver has confirmed."""
    behind: set[Feed] = field(default_factory=set)
    """Feeds with gaps."""
    unstored: set[Feed] = field(default_factory=set)
    """Feeds whose cursors may differ from what the database has."""
    lines_confirmed: int = 0
    """By all feeds together, also those that are gone."""
    urgent: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a cursor stepped back: it is to be stored at once."""


class Snapshot(NamedTuple):
    """A feed's cursors at one moment, on their way to the database."""

    feed: Feed
    rows: dict[TopicPartition, int]
    covers: list[Mark]
    """What no longer holds the offsets back once the rows are stored."""
    version: int


class Feed:
    def __init__(self, route: Route, registers: Registers) -> None:
        self.route = route
        self.gaps: dict[TopicPartition, int] = {}
        """Partition → offset of the first line that is still to be replayed."""
        self.floors: dict[TopicPartition, int] = {}
        """Replayed past the live position: the live pass begins only here."""
        self.mature_ms = route.active_since_ms + MATURE_MS
        self.epoch = 0
        """Changes when a gap opens or moves back: a replay pass then lets go of the feed."""
        self.starting = False
        """Where the drain begins is still being looked up."""
        self.accepting = not route.paused
        """Whether the live pass may hand over lines of partitions without a gap."""
        self.error: str | None = None
        self.lines_confirmed = 0
        self.lines_missed = 0
        self._held_by_gap: int | None = None
        self._version = 0
        self.stored: dict[TopicPartition, int] = {}
        self._registers = registers
        self._link = Link(
            route.destination, registers.connect, registers.dials, registers.clock, self
        )
        self._failing = False
        self._stalled = False
        self._chunks: list[bytes] = []
        self._chunk_bytes = 0
        self._pending: Mark | None = None
        self._progress_at = 0.0
        self._frontier: dict[TopicPartition, int] = {}
        self._resets = 0

    # What the passes do.

    def take(self, batch: int, run: Run, data: bytes, lines: int, *, covered: bool = False) -> None:
        """Lines for the receiver, in wire format. Never waits."""
        pending = self._pending
        if pending is not None and pending.covered is not covered and self._link.sender:
            self.flush()
            pending = self._pending
        if pending is None:
            pending = self._begin(batch, covered)
        pending.add(run.source, run.begin, run.end, lines)
        self._chunks.append(data)
        self._chunk_bytes += len(data)
        if self._chunk_bytes >= FLUSH_BYTES:
            self.flush()

    def miss(self, batch: int, source: TopicPartition, offset: int, lines: int) -> None:
        """Lines that the live pass has, and this feed can't take."""
        self.lines_missed += lines
        if source not in self.gaps:
            self._gap(source, offset, batch)

    @property
    def has_room(self) -> bool:
        """Whether a replay pass may hand over more."""
        return (
            self._link.sender is not None
            and not self._stalled
            and self.outbox_bytes < OUTBOX_BYTES // 2
        )

    @property
    def wants_replay(self) -> bool:
        return bool(self.gaps) and self.accepting and self.has_room

    def replayed_to(self, source: TopicPartition, position: int) -> None:
        """A replay pass has handed over every line of a partition below this offset."""
        if position > self.gaps.get(source, position):
            self.gaps[source] = position
            self._cursors_changed()

    def caught_up(self, source: TopicPartition, position: int, live_position: int) -> None:
        """The replay of a partition has met the live pass: it goes on from there."""
        del self.gaps[source]
        if not self.gaps:
            self._registers.behind.discard(self)
        if position > live_position:
            self.floors[source] = position
        self._cursors_changed()

    def flush(self) -> None:
        """Hand what has gathered to the connection; dial if there is none."""
        pending = self._pending
        if pending is None:
            return
        sender = self._link.sender
        if sender is None:
            self._link.want()
            if self._chunk_bytes > OUTBOX_BYTES:
                self.leave_live("the receiver takes too long to answer")
            return
        sender.send(b"".join(self._chunks), pending)
        self._forget_pending()
        if sender.buffered_bytes > OUTBOX_BYTES:
            self.leave_live("the receiver does not keep up")

    # What happens to the connection.

    def link_opened(self) -> None:
        self._failing = False
        self.error = None
        self._progress_at = self._registers.clock()
        self._decide()
        self.flush()

    def link_failed(self, error: str, again: list[Mark]) -> None:
        self.error = error
        self._failing, self._stalled = True, False  # what was full is gone with its connection
        self._drop_pending()
        self._send_again(again)
        if again:
            self._step_back_less_next_time(again)
        self._decide()

    def confirm(self, now: float) -> None:
        """Ask the connection how far it has got; leave the live pass when that is too little."""
        sender = self._link.sender
        if sender is None:
            if self._pending is None:
                self._registers.outstanding.discard(self)
            return
        for mark in sender.confirm(now):
            self._confirmed(mark, now)
        oldest = next(self._marks(), None)
        if oldest is None:
            self._registers.outstanding.discard(self)
            self._recover()
        elif now - max(self._progress_at, oldest.since) > GIVE_UP_SECONDS:
            self._link.give_up_connection("timed out: the receiver stopped reading")
        elif now - oldest.since > LATE_SECONDS:
            self.leave_live("the receiver is late")
        elif sender.buffered_bytes < OUTBOX_BYTES // 2:
            self._recover()

    # What the worker does.

    @property
    def outbox_bytes(self) -> int:
        """Lines handed over that are not yet the kernel's."""
        sender = self._link.sender
        return self._chunk_bytes + (sender.buffered_bytes if sender else 0)

    def leave_live(self, reason: str) -> None:
        """Full or late is not failed: the connection stays, the live pass goes on without us."""
        if not self._stalled:
            self._stalled = True
            self.error = reason
            self._drop_pending()
            # What is under way holds the offsets back until its cursor is stored.
            self._cursors_changed()
            self._decide()

    def change_to(self, route: Route) -> None:
        """The drain was edited: it keeps its place."""
        moved = route.destination != self.route.destination
        self.route = route
        if moved:
            self._failing = self._stalled = False
            self._drop_pending()
            self._send_again(self._link.move_to(route.destination))
        if route.paused:
            self._drop_pending()
        self._decide()

    def hold_off(self) -> None:
        """Where it begins is being looked up: take nothing, and let nothing be committed."""
        self.starting = True
        self.hold_from(0)
        self._decide()

    def begin_at(self, gaps: dict[TopicPartition, int]) -> None:
        """Where this feed stands in partitions that are now this worker's, or now its own."""
        self.starting = False
        for source, offset in gaps.items():
            self._open_gap(source, offset)
        self._decide()

    def forget(self, source: TopicPartition) -> None:
        """A partition is another worker's from now on; its cursor row stays for them."""
        for known in (self.gaps, self.floors, self.stored):
            known.pop(source, None)
        if not self.gaps:
            self._registers.behind.discard(self)

    def hold_from(self, batch: int) -> None:
        """Let no offset of this batch or a later one be committed until cursors are stored."""
        self._held_by_gap = batch if self._held_by_gap is None else min(batch, self._held_by_gap)
        self._cursors_changed()

    def snapshot(self) -> Snapshot:
        covers = [] if self.accepting else [mark for mark in self._marks() if not mark.covered]
        return Snapshot(self, self.cursors, covers, self._version)

    def kept(self, snapshot: Snapshot) -> None:
        """The database has these cursors now."""
        self.stored = snapshot.rows
        for mark in snapshot.covers:
            mark.covered = True
        if self._version == snapshot.version:
            self._held_by_gap = None
            self._registers.unstored.discard(self)

    def close(self) -> None:
        self.accepting = False
        self._forget_pending()
        self._link.close()
        for register in (self._registers.outstanding, self._registers.behind):
            register.discard(self)
        self._registers.unstored.discard(self)

    # What others want to know.

    @property
    def state(self) -> str:
        if self.route.paused:
            return "paused"
        if self._failing or self._stalled:
            return "failing"
        return "replaying" if self.gaps or self.starting else "live"

    @property
    def held_batch(self) -> int | None:
        """No offset of this batch or a later one may be committed yet."""
        first = next((mark.batch for mark in self._marks() if not mark.covered), None)
        holds = [batch for batch in (first, self._held_by_gap) if batch is not None]
        return min(holds, default=None)

    @property
    def cursors(self) -> dict[TopicPartition, int]:
        """Where a replay has to begin, should this worker die now: the rows to be stored.

        A feed that takes live lines has none for them: the group's offsets wait for those.
        """
        rows = dict(self.gaps)
        for mark in self._marks():
            for source, begin in mark.begins.items():
                if mark.covered or not self.accepting or source in rows:
                    rows[source] = min(rows.get(source, begin), begin)
        return rows

    # Inside.

    def _cursors_changed(self) -> None:
        self._version += 1
        self._registers.unstored.add(self)

    def _begin(self, batch: int, covered: bool) -> Mark:
        now = self._registers.clock()
        self._pending = Mark(batch, now, covered=covered)
        self._registers.due.append((now + FLUSH_SECONDS, self))
        self._registers.outstanding.add(self)
        return self._pending

    def _marks(self) -> Iterator[Mark]:
        sent = self._link.sender.unconfirmed if self._link.sender else ()
        return chain(sent, (self._pending,) if self._pending else ())

    def _confirmed(self, mark: Mark, now: float) -> None:
        self._progress_at = now
        self.lines_confirmed += mark.lines
        self._registers.lines_confirmed += mark.lines
        self._link.backoff.progressed(now)
        if mark.covered:
            self._cursors_changed()
        if self._frontier:
            for source, end in mark.ends.items():
                if end >= self._frontier.get(source, end + 1):
                    del self._frontier[source]
            if not self._frontier:
                self._resets = 0
                self._link.distrusted = StepBack()

    def _step_back_less_next_time(self, again: list[Mark]) -> None:
        """Until all this is confirmed again, a second reset distrusts half, a third nothing."""
        for mark in again:
            for source, end in mark.ends.items():
                self._frontier[source] = max(self._frontier.get(source, end), end)
        self._resets += 1
        self._link.distrusted = StepBack().halved() if self._resets == 1 else StepBack(0.0, 0)

    def _send_again(self, marks: list[Mark]) -> None:
        for mark in marks:
            for source, begin in mark.begins.items():
                self._gap(source, begin, mark.batch)
        if marks:
            self._registers.urgent.set()

    def _gap(self, source: TopicPartition, offset: int, batch: int) -> None:
        self._open_gap(source, offset)
        self.hold_from(batch)

    def _open_gap(self, source: TopicPartition, offset: int) -> None:
        if source not in self.gaps or offset < self.gaps[source]:
            self.epoch += 1
        self.gaps[source] = min(self.gaps.get(source, offset), offset)
        self._registers.behind.add(self)
        self._cursors_changed()

    def _drop_pending(self) -> None:
        if self._pending is not None:
            self._send_again([self._pending])
            self._forget_pending()

    def _forget_pending(self) -> None:
        self._pending = None
        self._chunks.clear()
        self._chunk_bytes = 0

    def _recover(self) -> None:
        if self._stalled:
            self._stalled = False
            self.error = None
            self._decide()

    def _decide(self) -> None:
        """Whether the live pass may hand over lines; and see to a connection where one is due."""
        self.accepting = not (self.route.paused or self.starting or self._failing or self._stalled)
        if self.gaps and not self.route.paused:
            self._link.want()
