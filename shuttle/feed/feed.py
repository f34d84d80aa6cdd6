"""One drain in this worker: live, or behind with gaps that replay passes close.

engine.md in one paragraph: lines that a live feed is offered go to its connection at once. When
the connection fails, is full or is late, lines not yet handed over are dropped, and for each
partition the offset of the first line that the receiver may lack becomes a *gap*. A replay
pass reads from there. Until the gap's cursor is stored, the feed holds back the group's offsets.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from drains.delivery.build import batch_limits_of, connections_of
from drains.delivery.network.errors import explain
from drains.delivery.sender import CAPACITY_BYTES, Sender
from drains.delivery.senders.checkpoints import StepBack
from drains.delivery.senders.http_answers import HttpError
from drains.routes import Route
from events.kafka.records import Offsets, PartitionRecords, TopicPartition, is_credible
from shuttle.feed.context import Registers
from shuttle.feed.distrust import Distrust
from shuttle.feed.health import LATE_SECONDS, PROVEN_SECONDS, Health
from shuttle.feed.lag import Lag
from shuttle.feed.link import Link
from shuttle.feed.look_ups import LookUps
from shuttle.feed.loss_notices import NEW_LOG, TOO_OLD
from shuttle.feed.outbox import Outbox
from shuttle.feed.pace import Pace
from shuttle.feed.place import Place
from shuttle.feed.resend import Resend
from shuttle.feed.stats import DrainStats
from shuttle.feed.stored_cursor import StoredCursor
from shuttle.feed.writes import Write

IDLE_SECONDS = 300.0
"""So long without a line, and a connection is ended."""


class Snapshot(NamedTuple):
    """A feed's cursors at one moment, on their way to the database."""

    feed: Feed
    rows: Offsets
    covers: list[Write]
    """What no longer holds the offsets back once the rows are stored."""
    version: int
    holds: int


class Feed:
    def __init__(self, route: Route, registers: Registers[Feed]) -> None:
        self.route = route
        self.place = Place(self._place_changed)
        self.gaps = self.place.gaps
        """Partition → offset of the first line that is still to be replayed."""
        self.look_ups = LookUps()
        """Where its replay is to jump over what is older than `max_lag_seconds`."""
        self.accepting = not (route.paused or route.start_pending)
        """Whether the live pass may hand over lines of partitions without a gap."""
        self.replayable = self.accepting
        """Whether a replay pass may."""
        self.resend: Resend | None = None
        """A failed request that a replay is to cut once more, before anything else is sent."""
        self.health = Health()
        self.stats = DrainStats(route.destination.scheme, registers, self._has_lost)
        self._lag = Lag()
        self._lagging = route.paused
        """Behind because of its receiver, not because it has only just begun."""
        self._closed = False
        self._registers = registers
        self._link = Link(route, registers.connect, registers.dials, registers.clock, self)
        self._gathering = batch_limits_of(route)
        self._outbox = Outbox(connections_of(route))
        self._pace = Pace()
        self._distrust = Distrust()
        self._renewing = False
        self._sent_at = 0.0

    # What the passes do.

    def take(
        self,
        batch: int,
        records: PartitionRecords,
        data: tuple[bytes, ...],
        lines: int,
        *,
        has_cursor: bool = False,
    ) -> None:
        """Lines for the receiver, in wire format, a piece a connection. Never waits."""
        outbox = self._outbox
        if (
            outbox.write is not None
            and outbox.write.has_cursor is not has_cursor
            and self._link.sender
        ):
            self.flush()
        write = outbox.write
        if write is None:
            write = self._begin(batch, has_cursor)
        outbox.add(records, data, lines)
        if has_cursor and lines:
            self._lag.replayed(records.partition, records.begin, lines, self._time_of(records))
        if outbox.size >= self._gathering.bytes or write.lines >= self._gathering.lines:
            self.flush()

    def miss(self, batch: int, records: PartitionRecords, lines: int) -> None:
        """Lines that the live pass has, and this feed can't take."""
        if self.route.start_pending:
            return  # its first cursors will be behind these, if they are its own
        self._lag.missed(records.partition, records.begin, lines, self._time_of(records))
        if records.partition not in self.gaps:
            self._gap(records.partition, records.begin, batch)

    @property
    def has_room(self) -> bool:
        """Whether a replay pass may hand over more."""
        sender = self._link.sender
        if sender is None or self.health.stalled:
            return False
        # A request that is put together once more has been small enough before.
        held = self.outbox_bytes if self.resend is None else sender.buffered_bytes
        now = self._registers.clock()
        return (
            held < sender.capacity_bytes // 2
            and self._pace.may_send(now)
            and self._distrust.may_send(now)
        )

    @property
    def wants_replay(self) -> bool:
        return bool(self.gaps) and self.replayable and self.has_room

    def replayed_to(self, partition: TopicPartition, position: int) -> None:
        """A replay pass has handed over every line of a partition below this offset."""
        self.place.replayed_to(partition, position)

    def caught_up(self, partition: TopicPartition, position: int, live_position: int) -> None:
        """The replay of a partition has met the live pass: it goes on from there."""
        self.place.close_gap(partition, position, live_position)
        self.look_ups.forget(partition)
        self._lag.closed(partition, last=not self.gaps)
        if not self.gaps:
            self._lagging = False
            self._registers.behind.discard(self)

    @property
    def skips_lag(self) -> bool:
        """Whether what it missed is not to be sent (on_lag: skip)."""
        return self._lagging and self.route.options.on_lag == "skip"

    @property
    def jumps(self) -> bool:
        """Whether it is to go on elsewhere before it is replayed further (replay/skips.py)."""
        return self.skips_lag or bool(self.look_ups.wanted(self.gaps))

    @property
    def young_ms(self) -> float:
        """Epoch milliseconds: replayed records have to be as young as this, of a drain that lags.

        One that has only just begun, or that is sent a window again, does not.
        """
        if not self._lagging:
            return -math.inf
        wall = self._registers.wall_clock()
        return (wall - self.route.options.max_lag_seconds) * 1000

    def leave_out(self, records: PartitionRecords, lines: int) -> None:
        """Records of a replay that are too old, with so many lines of this drain."""
        self._lag.replayed(records.partition, records.begin, lines, self._time_of(records))
        if lines:
            self.stats.lost(lines, TOO_OLD)

    def jump(
        self,
        targets: Offsets,
        live: Mapping[TopicPartition, int],
        reason: str,
        oldest: float = math.inf,
    ) -> None:
        """Go on from these offsets, at most the live ones; what lies before is lost, and told.

        `oldest`: the time (epoch seconds) to take for what is left, until a line of it is met.
        """
        if self._closed:
            return
        gaps = {s: at for s, at in self.gaps.items() if at < targets.get(s, at)}
        to_live = gaps == self.gaps and all(targets[s] >= live[s] for s in gaps)
        exact = to_live and self._lag.is_exact(gaps)
        lines = self._lag.lines(gaps) if to_live else sum(targets[s] - at for s, at in gaps.items())
        for partition, at in gaps.items():
            self._lag.skipped(partition, at, targets[partition], oldest)
            if targets[partition] >= live[partition]:
                self.caught_up(partition, targets[partition], live[partition])
            else:
                self.replayed_to(partition, targets[partition])
        if lines:
            self.stats.lost(lines, reason, exact=exact)
        self._decide()
        self.flush()  # what was put together of a request whose rest is lost waits for nothing

    def resent(self) -> None:
        """The replay has handed over all of `resend`."""
        if self.resend is not None and self._outbox.write is not None:
            self._outbox.write.sent_as = self.resend.name
        self.resend = None
        self.flush()
        self._decide()

    def flush(self) -> None:
        """Hand what has gathered to the connection; dial if there is none."""
        write = self._outbox.write
        if write is None or self.resend is not None:
            return
        sender = self._link.sender
        if sender is None:
            self._link.want()
            if self._outbox.size > CAPACITY_BYTES:
                self.leave_live("the receiver takes too long to answer")
            return
        now = self._sent_at = self._registers.clock()
        if write.has_cursor and self.route.destination.is_udp:
            self._pace.sent(write.lines, now)
        write.size = self._outbox.size
        self._distrust.sent(write.size, now)
        sender.send(self._outbox.take(), write)
        if sender.buffered_bytes > sender.capacity_bytes:
            self.leave_live("the receiver does not keep up")

    # What happens to the connection.

    def link_opened(self) -> None:
        self._sent_at = self._registers.clock()
        self.health.connected(self._sent_at)
        self.stats.opened()
        self._decide()
        self.flush()

    def link_ending(self, sender: Sender[Write]) -> None:
        self._take_confirmed(sender, self._registers.clock())
        self.stats.progressed(sender.confirmed_bytes)

    def link_closed(self) -> None:
        self.health.closed()
        self._drop_outbox()
        if self.gaps:
            self._link.want_later()
        self._decide_or_move()

    def link_failed(self, error: Exception | None, again: list[Write]) -> None:
        said = explain(error) if error else "connection closed by the receiver"
        self.health.failed(said, self._registers.wall_clock())
        if not self._closed:
            self._registers.retries.failed(self, self._registers.clock())
        self._lagging = True
        self._drop_outbox()
        self._send_again(again)
        if again:
            self._distrust.sent_again(again, self.stats.bytes_here)
            self._link.distrusted = self._distrust.step_back
        if self._is_web:
            # Lines that a receiver refuses are better sent with others, to find out which.
            refused = isinstance(error, HttpError) and error.is_refusal
            if again:
                self._drop_resend()
                self.resend = None if refused else Resend(again[0])
        self._decide_or_move()

    def confirm(self, now: float) -> None:
        """Ask the connection how far it has got; leave the live pass when that is too little."""
        sender = self._link.sender
        if sender is None:
            write = self._outbox.write
            if write is None:
                self._registers.outstanding.discard(self)
            elif now - write.since > LATE_SECONDS:
                self.leave_live("the receiver takes too long to answer")
            return
        self._take_confirmed(sender, now)
        if sender is not self._link.sender:  # it has ended of that
            return
        if sender.trouble is not None and sender.trouble != self.health.error:
            self.health.complain(sender.trouble, self._registers.wall_clock())
        if self.stats.progressed(sender.confirmed_bytes):
            self._distrust.progressed(sender.confirmed_bytes)
            self._link.distrusted = self._distrust.step_back
            self.health.progressed(now)
            self._link.backoff.progressed(now)
            self._prove(now)
        oldest = next(self._unconfirmed(), None)
        if oldest is None:
            self._registers.outstanding.discard(self)
            self._recover(now)
            self._end_if_due(now)
        else:
            self._judge(oldest, sender.buffered_bytes, sender.capacity_bytes, now)

    @property
    def receiver(self) -> tuple[str, int]:
        return self.route.destination.host, self.route.destination.port

    def try_soon(self) -> None:
        """One that failed when it did, or of the same, is answered again."""
        self._link.try_soon()

    # What the worker does.

    @property
    def outbox_bytes(self) -> int:
        """Lines handed over that are not yet the kernel's."""
        sender = self._link.sender
        return self._outbox.size + (sender.buffered_bytes if sender else 0)

    def leave_live(self, reason: str) -> None:
        """Full or late is not failed: the connection stays, the live pass goes on without us."""
        registers = self._registers
        if self.health.stall(reason, registers.clock(), registers.wall_clock()):
            self._drop_outbox()
            # What is under way holds the offsets back until its cursor is stored.
            self.place.touch()
            self._decide()

    def give_up(self, reason: str) -> None:
        """End the connection as if it had failed."""
        self._link.give_up_connection(reason)

    def tend(self, now: float) -> None:
        """Now and then: end what is idle or old, believe in what has stood."""
        sender = self._link.sender
        if sender is None:
            return
        if not self.gaps and now - self._link.opened_at > PROVEN_SECONDS:
            self._prove(now)
        if self.accepting and self.stats.has_notice(now) and self._outbox.write is None:
            self._begin(0, has_cursor=True)  # no line has come that it could go with
        if now > self._link.expires_at:
            self.flush()
            self.confirm(now)
        if next(self._unconfirmed(), None) is None:
            self._end_if_due(now)
        elif now > self._link.expires_at + LATE_SECONDS:
            self._renew()

    def change_to(self, route: Route) -> None:
        """The drain was edited: it keeps its place."""
        if self.receiver != (route.destination.host, route.destination.port):
            self._registers.retries.forget(self)
        before, self.route = self.route, route
        if _way(before) != _way(route):
            self._drop_resend()
            self._drop_outbox()
            if before.destination != route.destination:
                self._move()
            else:
                self._renew()
        if route.paused:
            self._lagging = True
            self._drop_outbox()
        self._decide()

    def begin(
        self, rows: Mapping[TopicPartition, StoredCursor], live: Mapping[TopicPartition, int]
    ) -> None:
        """A new drain starts at these offsets, wherever the live pass is by now."""
        for partition, row in rows.items():
            self.place.begin(partition, row, live[partition])
        self._found_behind(rows, live)

    def restored(
        self, rows: Mapping[TopicPartition, StoredCursor], live: Mapping[TopicPartition, int]
    ) -> None:
        """Where the database says that it stands, in partitions that are now this worker's."""
        self.begin(rows, live)
        self._lagging = self._lagging or bool(self.gaps)

    def rewound(
        self, rows: Mapping[TopicPartition, StoredCursor], live: Mapping[TopicPartition, int]
    ) -> None:
        """A window is to be sent again: it goes on from there where it is beyond that."""
        self._drop_resend()
        self._drop_outbox()
        for partition, row in rows.items():
            if row.resend_from is not None:
                self.place.resend(partition, row.resend_from, live[partition])
        self._found_behind(rows, live)

    def _found_behind(
        self, partitions: Iterable[TopicPartition], live: Mapping[TopicPartition, int]
    ) -> None:
        wall = self._registers.wall_clock()
        for partition in self.gaps.keys() & set(partitions):
            self._lag.uncounted(partition, live[partition], wall)
        if self.gaps:
            self._registers.behind.add(self)
        self._decide()

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        """Partitions that are another worker's from now on; their cursor rows stay for them."""
        for partition in partitions:
            self.place.forget(partition)
            self.look_ups.forget(partition)
            self._lag.closed(partition, last=not self.gaps)
            self._distrust.forget(partition)
        for write in self._doubtful():
            for partition in partitions:
                write.begins.pop(partition, None)
                write.ends.pop(partition, None)
        if self.resend is not None:
            for partition in partitions:
                self.resend.forget(partition)
            self._decide()
            self.flush()
        if not self.gaps:
            self._registers.behind.discard(self)

    def new_log(self, partitions: Collection[TopicPartition]) -> None:
        """These are other logs by now: what was not delivered of the old ones is lost."""
        gaps = {
            partition: self.gaps[partition] for partition in partitions if partition in self.gaps
        }
        self.stats.lost(self._lag.lines(gaps) if gaps else 0, NEW_LOG, exact=False)
        self.forget(partitions)

    def snapshot(self) -> Snapshot:
        covers = (
            []
            if self.accepting
            else [write for write in self._unconfirmed() if not write.has_cursor]
        )
        rows = self.cursors
        self.place.storing(rows)
        return Snapshot(self, rows, covers, self.place.version, self.place.holds)

    def kept(self, snapshot: Snapshot) -> None:
        """The database has these cursors now."""
        for write in snapshot.covers:
            write.has_cursor = True
        self.place.kept(snapshot.rows, snapshot.holds, self._registers.settled)
        same = self.place.version == snapshot.version and self.cursors == snapshot.rows
        if same and not self.place.waits:
            self._registers.unstored.discard(self)

    def close(self) -> None:
        self._closed = True
        self.accepting = self.replayable = False
        self.resend = None
        self._outbox.clear()
        self._link.close()
        self._registers.forget(self)

    # What others want to know.

    @property
    def state(self) -> str:
        if self.route.paused:
            return "paused"
        if not self.health.is_good:
            return "failing"
        return "replaying" if self.gaps or self.route.start_pending else "live"

    @property
    def is_closed(self) -> bool:
        return self._closed

    @property
    def lag_lines(self) -> int:
        """Lines that it is behind; in part counted in offsets where nobody has seen the lines."""
        return self._lag.lines(self.gaps)

    def gets_on(self, now: float) -> bool:
        """Whether its receiver takes lines, full or behind as it may be."""
        return self._link.sender is not None and self.health.gets_on(now)

    @property
    def lines_in_flight(self) -> int:
        """Handed over, not yet confirmed."""
        return sum(write.lines for write in self._unconfirmed())

    @property
    def lag_seconds(self) -> float:
        """Age of the oldest line that its receiver lacks; 0 when it lacks none."""
        since = self._lag.since(self.gaps)
        if since is not None:
            return max(self._registers.wall_clock() - since, 0.0)
        oldest = next(self._unconfirmed(), None)
        return self._registers.clock() - oldest.since if oldest else 0.0

    @property
    def held_batch(self) -> int | None:
        """No offset of this batch or a later one may be committed yet."""
        held = self.place.held_from
        for write in self._unconfirmed():
            if not write.has_cursor:
                return write.batch if held is None else min(write.batch, held)
        return held

    @property
    def cursors(self) -> Offsets:
        """The rows to be stored."""
        settled = self._registers.settled
        return self.place.rows(self._unconfirmed(), settled, accepting=self.accepting)

    # Inside.

    def _time_of(self, records: PartitionRecords) -> float:
        """Epoch seconds of a run's first record; of one that cannot be a time of now, now."""
        wall = self._registers.wall_clock()
        credible = is_credible(records.first_timestamp_ms, wall * 1000)
        return records.first_timestamp_ms / 1000 if credible else wall

    @property
    def _is_web(self) -> bool:
        return self.route.destination.is_web

    def _has_lost(self) -> None:
        if not self._closed:
            self._registers.untold.add(self)

    def _place_changed(self) -> None:
        if not self._closed:
            self._registers.unstored.add(self)

    def _begin(self, batch: int, has_cursor: bool) -> Write:
        registers = self._registers
        registers.flush_later(self, self._gathering.seconds)
        registers.outstanding.add(self)
        now = registers.clock()
        write = self._outbox.begin(Write(batch, now, has_cursor=has_cursor))
        if self.stats.has_notice(now):
            write.notice, record = self.stats.take_notice(self.route, now)
            self._outbox.add_notice(record)
        return write

    def _unconfirmed(self) -> Iterator[Write]:
        """What the receiver has not confirmed, oldest first."""
        sender, write = self._link.sender, self._outbox.write
        if sender is not None:
            yield from sender.unconfirmed
        if write is not None:
            yield write

    def _doubtful(self) -> Iterator[Write]:
        """Those and what may yet be sent again."""
        sender = self._link.sender
        lately = sender.to_send_again(StepBack(), self._registers.clock()) if sender else ()
        return chain(lately, (self._outbox.write,) if self._outbox.write else ())

    def _take_confirmed(self, sender: Sender[Write], now: float) -> None:
        for write in sender.confirm(now):
            self._confirmed(write)
        self.stats.refused(sender.lines_refused)

    def _confirmed(self, write: Write) -> None:
        self.stats.confirmed(write)
        write.confirmed = True
        self._distrust.confirmed(write)
        self._link.distrusted = self._distrust.step_back
        if write.has_cursor:
            self.place.touch()

    def _judge(self, oldest: Write, buffered_bytes: int, capacity_bytes: int, now: float) -> None:
        verdict = self.health.judge(
            oldest.since, buffered_bytes, capacity_bytes, now, is_web=self._is_web
        )
        if verdict.give_up:
            self._link.give_up_connection(verdict.why)
        elif verdict.why:
            self.leave_live(verdict.why)
        elif verdict.has_room:
            self._recover(now)

    def _send_again(self, writes: list[Write], *, sent: bool = True) -> None:
        self._lag.again(writes, self.gaps, self._registers.wall_clock(), sent=sent)
        for write in writes:
            for partition, begin in write.begins.items():
                self._gap(partition, begin, write.batch)
            if write.notice is not None:
                self.stats.put_back(write.notice)
        if writes:
            self._registers.urgent.set()

    def _gap(self, partition: TopicPartition, offset: int, batch: int) -> None:
        self._open_gap(partition, offset)
        self.place.hold_from(batch)

    def _open_gap(self, partition: TopicPartition, offset: int) -> None:
        self.place.open_gap(partition, offset)
        self._registers.behind.add(self)

    def _drop_resend(self) -> None:
        """A pass that went on meanwhile, beyond what it was to hand over, is to let go of us."""
        if self.resend is not None:
            self.resend = None
            self.place.epoch += 1

    def _drop_outbox(self) -> None:
        """What is not handed over yet is left to a replay."""
        write = self._outbox.write
        if write is not None:
            self._outbox.clear()
            self._send_again([write], sent=False)

    def _prove(self, now: float) -> None:
        if self.health.prove():
            self._registers.retries.answered(self, now)

    def _recover(self, now: float) -> None:
        stalled_seconds = self.health.recover(now)
        if stalled_seconds is not None:
            self._lagging = self._lagging or stalled_seconds > LATE_SECONDS
            self._decide()

    def _renew(self) -> None:
        """Another connection as soon as all that went over this one is confirmed."""
        self._renewing = True
        self._drop_outbox()
        self._decide()
        if next(self._unconfirmed(), None) is None:
            self._move()

    def _end_if_due(self, now: float) -> None:
        """Nothing is under way: an old connection makes room for a new one, an idle one ends."""
        if self._renewing:
            self._move()
        elif now > self._link.expires_at or now - self._sent_at > IDLE_SECONDS:
            self._link.close()
            self._decide()

    def _decide_or_move(self) -> None:
        """A connection has ended, which one may have waited for."""
        if self._renewing:
            self._move()
        else:
            self._decide()

    def _move(self) -> None:
        self._renewing = False
        self.health.reset()
        self._send_again(self._link.move_to(self.route))
        self.stats.scheme = self.route.destination.scheme
        self._gathering = batch_limits_of(self.route)
        self._outbox = Outbox(connections_of(self.route))
        self._decide()

    def _decide(self) -> None:
        """Whether the live pass may hand over lines; and see to a connection where one is due."""
        if self._closed:
            return
        if self.resend is not None and self.resend.is_complete(self.gaps):
            self._drop_resend()
        able = self.health.takes_lines and not (
            self.route.paused or self.route.start_pending or self._renewing
        )
        self.accepting = able and self.resend is None
        self.replayable = able
        if self.route.paused:
            self._link.rest()
        elif self.gaps or self.health.failing:
            self._link.want()


def _way(route: Route) -> tuple[object, ...]:
    """What a connection is made for: with another, a new one is needed."""
    options = route.options
    return (
        route.destination,
        options.tls,
        options.headers,
        options.framing,
        options.format,
        connections_of(route),
    )
