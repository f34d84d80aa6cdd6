"""One drain in this worker: live, or behind with gaps that replay passes close.

engine.md in one paragraph: lines that a live feed is offered go to its connection at once. When
the connection fails, is full or is late, lines not yet handed over are dropped, and for each
partition the offset of the first line that the receiver may lack becomes a *gap*. A replay
pass reads from there. Until the gap's cursor is stored, the feed holds back the group's offsets.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from drains.delivery.checkpoints import StepBack
from drains.routes import Route
from events.records import Run, TopicPartition
from shuttle.distrust import Distrust
from shuttle.link import Link
from shuttle.marks import Mark
from shuttle.outbox import Outbox
from shuttle.registers import Registers

FLUSH_BYTES = 16 * 1024
FLUSH_SECONDS = 0.05
OUTBOX_BYTES = 2 * 1024 * 1024
WRITE_SECONDS = 4.0
"""How long the kernel may refuse bytes; from then on the drain shows as failing."""
LATE_SECONDS = 15.0
GIVE_UP_SECONDS = 60.0

# Producers' clocks differ: a run that begins this much after a drain is surely all its own.
MATURE_MS = 60_000


class Snapshot(NamedTuple):
    """A feed's cursors at one moment, on their way to the database."""

    feed: Feed
    rows: dict[TopicPartition, int]
    covers: list[Mark]
    """What no longer holds the offsets back once the rows are stored."""
    version: int
    holds: int


class Feed:
    def __init__(self, route: Route, registers: Registers[Feed]) -> None:
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
        self._holds = 0
        self._lookups = 0
        self._closed = False
        self._being_stored: dict[TopicPartition, int] = {}
        self._confirmed_bytes = 0
        self.stored: dict[TopicPartition, int] = {}
        self._registers = registers
        self._link = Link(
            route.destination, registers.connect, registers.dials, registers.clock, self
        )
        self._outbox = Outbox()
        self._distrust = Distrust()
        self._failing = False
        self._stalled = False
        self._progress_at = 0.0

    # What the passes do.

    def take(self, batch: int, run: Run, data: bytes, lines: int, *, covered: bool = False) -> None:
        """Lines for the receiver, in wire format. Never waits."""
        outbox = self._outbox
        if outbox.mark is not None and outbox.mark.covered is not covered and self._link.sender:
            self.flush()
        if outbox.mark is None:
            self._begin(batch, covered)
        outbox.add(run, data, lines)
        if outbox.size >= FLUSH_BYTES:
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
        mark = self._outbox.mark
        if mark is None:
            return
        sender = self._link.sender
        if sender is None:
            self._link.want()
            if self._outbox.size > OUTBOX_BYTES:
                self.leave_live("the receiver takes too long to answer")
            return
        sender.send(self._outbox.take(), mark)
        if sender.buffered_bytes > OUTBOX_BYTES:
            self.leave_live("the receiver does not keep up")

    # What happens to the connection.

    def link_opened(self) -> None:
        self._failing = self._stalled = False
        self.error = None
        self._progress_at = self._registers.clock()
        self._confirmed_bytes = 0
        self._decide()
        self.flush()

    def link_closed(self) -> None:
        self._stalled = False
        self._drop_outbox()
        if self.gaps:
            self._link.want_later()
        self._decide()

    def link_failed(self, error: str, again: list[Mark]) -> None:
        self.error = error
        self._failing, self._stalled = True, False  # what was full is gone with its connection
        self._drop_outbox()
        self._send_again(again)
        if again:
            self._distrust.sent_again(again)
            self._link.distrusted = self._distrust.step_back
        self._decide()

    def confirm(self, now: float) -> None:
        """Ask the connection how far it has got; leave the live pass when that is too little."""
        sender = self._link.sender
        if sender is None:
            if self._outbox.mark is None:
                self._registers.outstanding.discard(self)
            return
        for mark in sender.confirm(now):
            self._confirmed(mark)
        if sender.confirmed_bytes > self._confirmed_bytes:
            self._confirmed_bytes = sender.confirmed_bytes
            self._progress_at = now
            self._link.backoff.progressed(now)
        oldest = next(self._marks(), None)
        if oldest is None:
            self._registers.outstanding.discard(self)
            self._recover()
            return
        stuck_seconds = now - max(self._progress_at, oldest.since)
        if stuck_seconds > GIVE_UP_SECONDS:
            self._link.give_up_connection("timed out: the receiver stopped reading")
        elif sender.buffered_bytes and stuck_seconds > WRITE_SECONDS:
            self.leave_live("timed out: the receiver stopped reading")
        elif now - oldest.since > LATE_SECONDS:
            self.leave_live("the receiver is late")
        elif sender.buffered_bytes < OUTBOX_BYTES // 2:
            self._recover()

    # What the worker does.

    @property
    def outbox_bytes(self) -> int:
        """Lines handed over that are not yet the kernel's."""
        sender = self._link.sender
        return self._outbox.size + (sender.buffered_bytes if sender else 0)

    def leave_live(self, reason: str) -> None:
        """Full or late is not failed: the connection stays, the live pass goes on without us."""
        if not self._stalled:
            self._stalled = True
            self.error = reason
            self._drop_outbox()
            # What is under way holds the offsets back until its cursor is stored.
            self._cursors_changed()
            self._decide()

    def change_to(self, route: Route) -> None:
        """The drain was edited: it keeps its place."""
        moved = route.destination != self.route.destination
        self.route = route
        if moved:
            self._failing = self._stalled = False
            self._drop_outbox()
            self._send_again(self._link.move_to(route.destination))
        if route.paused:
            self._drop_outbox()
        self._decide()

    def hold_off(self) -> None:
        """Where it begins is being looked up: take nothing, and let nothing be committed."""
        if not self._closed:
            self._lookups += 1
            self.starting = True
            self.hold_from(0)
            self._decide()

    def begun(self, gaps: dict[TopicPartition, int]) -> None:
        """A look-up that `hold_off` announced is over."""
        self._lookups -= 1
        self.starting = self._lookups > 0
        self.begin_at(gaps)

    def begin_at(self, gaps: dict[TopicPartition, int]) -> None:
        """Where this feed stands in partitions that are now this worker's, or now its own."""
        for source, offset in gaps.items():
            self._open_gap(source, offset)
        self._decide()

    def forget(self, source: TopicPartition) -> None:
        """A partition is another worker's from now on; its cursor row stays for them."""
        for known in (self.gaps, self.floors, self.stored, self._being_stored):
            known.pop(source, None)
        for mark in self._doubtful_marks():
            mark.begins.pop(source, None)
            mark.ends.pop(source, None)
        self._distrust.forget(source)
        if not self.gaps:
            self._registers.behind.discard(self)

    def hold_from(self, batch: int) -> None:
        """Let no offset of this batch or a later one be committed until cursors are stored."""
        self._held_by_gap = batch if self._held_by_gap is None else min(batch, self._held_by_gap)
        self._holds += 1
        self._cursors_changed()

    def snapshot(self) -> Snapshot:
        covers = [] if self.accepting else [mark for mark in self._marks() if not mark.covered]
        self._being_stored = self.cursors
        return Snapshot(self, self._being_stored, covers, self._version, self._holds)

    def kept(self, snapshot: Snapshot) -> None:
        """The database has these cursors now."""
        self.stored = snapshot.rows
        for mark in snapshot.covers:
            mark.covered = True
        if self._holds == snapshot.holds:
            self._held_by_gap = None
        if self._version == snapshot.version and self.cursors == snapshot.rows:
            self._registers.unstored.discard(self)

    def close(self) -> None:
        self._closed = True
        self.accepting = False
        self._outbox.clear()
        self._link.close()
        self._registers.forget(self)

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

    def _begin(self, batch: int, covered: bool) -> None:
        now = self._registers.clock()
        self._outbox.begin(Mark(batch, now, covered=covered))
        self._registers.due.append((now + FLUSH_SECONDS, self))
        self._registers.outstanding.add(self)

    def _marks(self) -> Iterator[Mark]:
        """What the receiver has not confirmed, oldest first."""
        sent = self._link.sender.unconfirmed if self._link.sender else ()
        return chain(sent, (self._outbox.mark,) if self._outbox.mark else ())

    def _doubtful_marks(self) -> Iterator[Mark]:
        """Those and what may yet be sent again."""
        sender = self._link.sender
        lately = sender.to_send_again(StepBack(), self._registers.clock()) if sender else ()
        return chain(lately, (self._outbox.mark,) if self._outbox.mark else ())

    def _confirmed(self, mark: Mark) -> None:
        self.lines_confirmed += mark.lines
        self._registers.lines_confirmed += mark.lines
        self._distrust.confirmed(mark)
        self._link.distrusted = self._distrust.step_back
        if mark.covered:
            self._cursors_changed()

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

    def _drop_outbox(self) -> None:
        """What is not handed over yet is left to a replay."""
        mark = self._outbox.mark
        if mark is not None:
            self._outbox.clear()
            self._send_again([mark])

    def _recover(self) -> None:
        if self._stalled:
            self._stalled = False
            self.error = None
            self._decide()

    def _decide(self) -> None:
        """Whether the live pass may hand over lines; and see to a connection where one is due."""
        self.accepting = not (self.route.paused or self.starting or self._failing or self._stalled)
        if self.route.paused:
            self._link.rest()
        elif self.gaps or self._failing:
            self._link.want()
