"""One drain in this worker: live, or behind with gaps that replay passes close.

Lines that a live feed is offered go to its connection at once. When that fails, is full or is
late, the first line of each partition that the receiver may lack becomes a *gap*, from which a
replay pass reads. Until its cursor is stored, the feed holds back the group's offsets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set

from drains.routes import Route
from events.kafka.records import Offsets, PartitionRecords, TopicPartition
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.filter_shares import SLOW_FILTER
from shuttle.feed.gaps import Gaps
from shuttle.feed.loss_notices import NEW_LOG, REFUSED, LossNotice, record_of
from shuttle.feed.outbound import Outbound
from shuttle.feed.stats import DrainStats
from shuttle.feed.stored_rows import StoredCursor
from shuttle.feed.writes import GivenUp, Pieces, Progress, Write


class Feed:
    """Owns a drain's route and `takes_live`; turns what happens to one part into calls of others:
    `gaps` knows what it lacks, `outbound` what is under way, `stats` what became of its lines."""

    def __init__(self, route: Route, context: FeedContext, lists: WorkLists[Feed]) -> None:
        self.route = route
        self.is_closed = False
        self.gaps = Gaps(self._gaps_changed)
        self.stats = DrainStats(route.destination.scheme, context.totals)
        self.outbound = Outbound(route, context, self)
        self.takes_live = self.takes_replay = route.takes_lines
        """Whether that pass may hand over lines, live ones without a gap. `changed` writes them."""
        self.context = context
        self._lists = lists
        self._heed_rest()
        self.has_news()

    # What the passes do.

    def take(self, batch: int, records: PartitionRecords, data: Pieces, lines: int) -> None:
        """Lines for the receiver, in wire format, a piece a connection. Never waits."""
        self.outbound.delivery.take(batch, records, data, lines)

    def take_replayed(
        self, batch: int, records: PartitionRecords, data: Pieces, lines: int
    ) -> None:
        """Lines that it lacked; its cursor stays before them until they are confirmed."""
        self.outbound.delivery.take(batch, records, data, lines, has_cursor=True)
        if lines:
            self.gaps.replayed(records, lines, self.context.wall_clock())

    def miss(self, batch: int, records: PartitionRecords, lines: int, *, sure: bool = True) -> None:
        """Lines that the live pass has, and this feed can't take; not `sure`: at most so many."""
        if not self.route.start_pending:  # else its first cursors will be behind these
            self.gaps.missed(batch, records, lines, self.context.wall_clock(), at_most=not sure)

    def leave_unasked(self, batch: int, records: PartitionRecords, lines: int) -> None:
        """Its owner's filters have used up their share: from here on it is behind."""
        self.outbound.health.complain(SLOW_FILTER, self.context.wall_clock())
        self.context.totals.filters_too_slow += 1
        self.lags()
        self.miss(batch, records, lines, sure=False)
        self.changed()

    @property
    def wants_replay(self) -> bool:
        """Whether it is behind, and its receiver is there: full, it may be."""
        return self.is_behind and self.takes_replay and bool(self.outbound.delivery.link.sender)

    @property
    def skips_lag(self) -> bool:
        """Whether what it missed is not to be sent (on_lag: skip)."""
        return self.gaps.lagging and self.route.options.on_lag == "skip"

    @property
    def skips_first(self) -> bool:
        """Whether it is to go on elsewhere before it is replayed further (replay/skips.py)."""
        return self.skips_lag or bool(self.gaps.look_ups_due)

    def skip(self, targets: Offsets, live: Offsets, reason: str, oldest: float = math.inf) -> None:
        """Go on from these offsets, as in `Gaps.skip`; what lies before is lost, and told."""
        if self.is_closed:
            return
        lines, exact = self.gaps.skip(targets, live, oldest)
        if lines:
            self.lose(lines, reason, exact=exact)
        self.changed()
        self.flush()  # what was put together of a request whose rest is lost waits for nothing

    def handed_over_portion(self) -> None:
        """A replay has handed over what was to go before anything else."""
        self.outbound.delivery.handed_over()
        self.changed()

    def lose(self, lines: int, reason: str, *, exact: bool = True) -> None:
        """Lines that this drain will never get; it is told even where nobody knows of any."""
        self.stats.lost(lines, reason, self.context.wall_clock(), exact=exact)
        if not self.is_closed:
            self._lists.untold.add(self)

    # What the worker does.

    def flush(self) -> None:
        self.outbound.delivery.flush()

    def confirm(self, now: float) -> None:
        if self.outbound.confirm(now):
            self._lists.outstanding.discard(self)

    def tend(self, now: float) -> None:
        if self.takes_live and self.stats.notices.is_due(now):
            self.outbound.delivery.tell()
        self.outbound.tend(now)

    def change_to(self, route: Route) -> None:
        """The drain was edited: it keeps its place."""
        self.route = route
        self.outbound.change_to(route)
        self.stats.scheme = route.destination.scheme
        self._heed_rest()
        self.changed()

    def close(self) -> None:
        self.is_closed = True
        self.takes_live = self.takes_replay = False
        self.outbound.close()
        self._lists.forget(self)

    # Partitions that come and go.

    def begin(self, rows: Mapping[TopicPartition, StoredCursor], live: Offsets) -> None:
        """A new drain starts at these offsets, wherever the live pass is by now."""
        self.gaps.begin(rows, live, self.context.wall_clock())
        self.changed()

    def restore(self, rows: Mapping[TopicPartition, StoredCursor], live: Offsets) -> None:
        """Where the database says that it stands, in partitions that are now this worker's."""
        self.begin(rows, live)
        self.gaps.lagging = self.gaps.lagging or self.is_behind

    def rewind(self, rows: Mapping[TopicPartition, StoredCursor], live: Offsets) -> None:
        """A window is to be sent again: it goes on from there where it is beyond that."""
        self.outbound.drop_portion()
        self.outbound.drop_outbox()
        self.gaps.rewind(rows, live, self.context.wall_clock())
        self.changed()

    def forget(self, partitions: Set[TopicPartition]) -> None:
        """Partitions that are another worker's from now on; their cursor rows stay for them."""
        self.gaps.forget(partitions)
        self._lists.gaps_changed(self, is_behind=self.is_behind)
        self.outbound.forget(partitions)

    def new_log(self, partitions: Set[TopicPartition]) -> None:
        """Partitions are other logs by now: what was not delivered of the old ones is lost."""
        self.lose(self.gaps.lines_in(partitions), NEW_LOG, exact=False)
        self.forget(partitions)

    @property
    def is_behind(self) -> bool:
        return bool(self.gaps.offsets)

    @property
    def state(self) -> str:
        if self.route.paused:
            return "paused"
        if not self.outbound.health.is_good:
            return "failing"
        return "replaying" if self.is_behind or self.route.start_pending else "live"

    # What becomes of lines on their way (see outbound.OutboundOwner).

    def write_begins(self, now: float, gather_seconds: float) -> tuple[LossNotice, bytes] | None:
        self._lists.flush_later(self, now, gather_seconds)
        self._lists.outstanding.add(self)
        if not self.stats.notices.is_due(now):
            return None
        notice, context = self.stats.notices.take(now), self.context
        return notice, record_of(notice, self.route, context.hostname, context.wall_clock())

    def confirmed(self, progress: Progress) -> None:
        (self._lists.moved if self.stats.lines_confirmed else self._lists.news).add(self)
        self.stats.progressed(progress, self.context.wall_clock())
        if any(write.has_cursor for write in progress.writes):
            self.gaps.touch()
        if progress.refused:
            self.lose(progress.refused, REFUSED)

    def gave_up(self, found: GivenUp) -> None:
        self.gaps.gave_up(found.ends, found.lines)
        self.outbound.health.complain(found.why, self.context.wall_clock())
        self.lose(found.lines, REFUSED)

    def to_be_replayed(self, writes: list[Write], *, sent: bool) -> None:
        self.gaps.reopen(writes, self.context.wall_clock(), sent=sent)
        self.stats.untold(writes)
        self._lists.urgent.set()

    def reopen(self, begins: Offsets) -> None:
        self.gaps.go_back(begins)

    def lags(self) -> None:
        self.gaps.lagging = True

    def stalled(self) -> None:
        # What is under way holds the offsets back until its cursor is stored.
        self.gaps.touch()
        self.changed()

    def portion_dropped(self) -> None:
        self.gaps.let_go_of_seats()
        self._lists.gaps_changed(self, is_behind=self.is_behind)

    def has_news(self) -> None:
        self._lists.news.add(self)

    def changed(self) -> None:
        """See whether lines may be handed over, and to a connection where one is due."""
        if self.is_closed:
            return
        self.has_news()
        delivery, route = self.outbound.delivery, self.route
        if delivery.portion_is_moot(self.gaps.offsets):
            self.outbound.drop_portion()
        able = self.outbound.takes_lines and route.takes_lines
        self.takes_replay = able
        self.takes_live = able and delivery.resend.portion is None
        if route.rests:
            delivery.link.rest()
        elif self.is_behind or self.outbound.health.failing:
            delivery.link.want()
        self._lists.gaps_changed(self, is_behind=self.is_behind)

    def _heed_rest(self) -> None:
        """Its owner has paused it, or nobody can read where it leads."""
        if self.route.rests:
            self.gaps.lagging = True
            self.outbound.drop_outbox()
        if self.route.fault:
            self.outbound.health.failed(self.route.fault, self.context.wall_clock())

    def _gaps_changed(self) -> None:
        if not self.is_closed:
            self._lists.unstored.add(self)
            self._lists.gaps_changed(self, is_behind=self.is_behind)
