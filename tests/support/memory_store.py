"""A store in memory, held by tests/contract/test_stores.py to what the database does."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count

from drains.routes import Route, RouteChanges, RouteMark
from events.kafka.cluster import Span
from events.kafka.records import Offsets, TopicPartition
from shuttle.commit.store import (
    Claim,
    CursorChange,
    Cursors,
    FeedStatus,
    Figures,
    Place,
    Refused,
    Speaker,
    StoreError,
    TakenOver,
    Told,
    Tries,
)
from shuttle.feed.feed import Feed
from shuttle.feed.stored_rows import StoredCursor


class MemoryStore:
    """Of these drains. Its next `failures` calls fail; a write takes `seconds`."""

    def __init__(self, *routes: Route) -> None:
        self.drains = {route.drain_id: route for route in routes}
        self.writing = threading.Event()
        """Set once a write has begun."""
        self.cursors: Cursors = {}
        self.claims: dict[TopicPartition, Claim] = {}
        self.tries: dict[TopicPartition, int] = {}
        self.deadly: dict[TopicPartition, list[int]] = {}
        self.statuses: dict[str, list[FeedStatus]] = {}
        """By name, all that was ever written."""
        self.rows_told: dict[tuple[str, str], Told] = {}
        """By name and drain."""
        self.speakers: dict[str, Speaker] = {}
        """Who has it, by name."""
        self.ended: set[Speaker] = set()
        self.processes: dict[str, int] = {}
        self.beats = 0
        self.wall = 1_700_000_000.0
        self.figures: list[Figures] = []
        self.installation_id = uuid.uuid4().hex
        self.told_lost: list[int] = []
        self.seconds = 0.0
        self.failures = self.writes = self.changes = 0
        self._reached: dict[TopicPartition, StoredCursor] = {}
        """How far the group has got."""

    # What a test sees and does.

    @property
    def rows(self) -> Offsets:
        """Of its one drain."""
        return {partition: row.offset for _, partition, row in self._all_rows()}

    @property
    def offsets(self) -> Offsets:
        return {partition: row.offset for partition, row in self._reached.items()}

    def has(self, rows: Offsets) -> None:
        """Its one drain is behind there."""
        (drain_id,) = self.drains
        self.cursors[drain_id] = {p: StoredCursor(offset, "") for p, offset in rows.items()}

    def rewind(self, rows: Offsets) -> None:
        """Somebody else writes them, and says so."""
        self.has(rows)
        (drain_id,) = self.drains
        self.change_drain(drain_id, cursor_version=self.drains[drain_id].cursor_version + 1)

    def change_drain(self, drain_id: str, **changes: object) -> None:
        self.changes += 1
        self.drains[drain_id] = replace(self.drains[drain_id], **changes)  # type: ignore[arg-type]

    async def tell(self, feeds: Collection[Feed]) -> None:
        self._fail_if_away()
        self.told_lost += [feed.stats.lines_lost.total() for feed in feeds]

    # What a worker asks.

    def installation(self) -> str:
        return self.installation_id

    def route_mark(self) -> RouteMark:
        return RouteMark(self.changes)

    def route_changes(self, since: RouteMark | None) -> RouteChanges:
        return RouteChanges(self.route_mark(), list(self.drains.values()), is_whole=True)

    def cursors_of(self, drain_ids: Collection[str]) -> Cursors:
        return {
            drain_id: dict(self.cursors[drain_id]) for drain_id in self._behind() & {*drain_ids}
        }

    def write_start(self, drain_id: str, begin: Sequence[Span]) -> None:
        self.changes += 1
        route = self.drains.get(drain_id)
        if route is not None and route.start_pending:
            version = route.cursor_version + 1
            self.change_drain(drain_id, start_pending=False, cursor_version=version)
            rows = {span.partition: StoredCursor(span.begin, span.topic_id) for span in begin}
            self.cursors[drain_id] = rows

    def take_over(self, partitions: Mapping[TopicPartition, Claim]) -> TakenOver:
        self._fail_if_away()
        taken = {p for p, claim in partitions.items() if self._token(p) != claim.token}
        self.claims.update(partitions)
        found: Cursors = {}
        outdated: dict[str, list[TopicPartition]] = {}
        for drain_id, partition, row in list(self._all_rows()):
            if partition in partitions and _is_of(partitions[partition], row):
                found.setdefault(drain_id, {})[partition] = row
            elif partition in partitions:
                outdated.setdefault(drain_id, []).append(partition)
                del self.cursors[drain_id][partition]
        reached = {
            partition: row.offset
            for partition, row in self._reached.items()
            if partition in partitions and _is_of(partitions[partition], row)
        }
        for partition in partitions:
            self.tries[partition] = self.tries.get(partition, 0) + (partition in taken)
            reached_before = self._reached.get(partition)
            if reached_before and not _is_of(partitions[partition], reached_before):
                self.deadly.pop(partition, None)
        tries = {partition: self.tries[partition] for partition in partitions}
        deadly = {p: offsets for p, offsets in self.deadly.items() if p in partitions}
        return TakenOver(found, outdated, reached, tries, deadly)

    def set_tries(self, claims: Mapping[TopicPartition, Claim], tries: Tries) -> None:
        self._fail_if_away()
        held = [p for p in claims if p in self.claims and self._holds(claims, p)]
        self.tries.update(dict.fromkeys(held, tries))

    def leave_out(self, partition: TopicPartition, offset: int, claim: Claim) -> None:
        self._fail_if_away()
        if partition in self.claims and self._holds({partition: claim}, partition):
            self.deadly[partition] = sorted({*self.deadly.get(partition, ()), offset})

    def write(
        self,
        changes: Sequence[CursorChange],
        offsets: Mapping[TopicPartition, int],
        claims: Mapping[TopicPartition, Claim],
    ) -> Refused:
        self.writing.set()
        time.sleep(self.seconds)  # in the thread of the store
        self.writes += 1
        wanted = {partition for change in changes for partition in (*change.rows, *change.gone)}
        wanted |= offsets.keys()
        held = {p for p in wanted & claims.keys() & self.claims.keys() if self._holds(claims, p)}
        there = [change for change in changes if change.drain_id in self.drains]
        current = [change for change in there if self._is_current(change)]
        for change in current:
            rows = self.cursors.setdefault(change.drain_id, {})
            for partition in held.intersection(change.gone):
                rows.pop(partition, None)
            rows.update(_written(change.rows, claims, held))
        self._reached.update(_written(offsets, claims, held))
        outdated = {change.drain_id for change in there} - {c.drain_id for c in current}
        return Refused(frozenset(wanted - held), frozenset(outdated))

    def write_figures(self, figures: Figures) -> None:
        self._fail_if_away()
        self.figures.append(figures)

    def take_name(self, place: Place, run: str, *, is_start: bool = True) -> Speaker:
        self._fail_if_away()
        names = (f"{place.host}:{slot}" for slot in chain([place.slot], count()))
        name = next(of for of in names if self._is_free(of, place, is_start=is_start))
        self.speakers[name], self.processes[name] = Speaker(name, run), place.process
        return self.speakers[name]

    def beat(self, speaker: Speaker, *, has_ended: bool = False) -> bool:
        self._fail_if_away()
        self.beats += 1
        is_ours = self.speakers.get(speaker.name) == speaker
        if is_ours and has_ended:
            self.ended.add(speaker)
        return is_ours

    def told(self, speaker: Speaker, drain_ids: Collection[str]) -> Mapping[str, Told]:
        rows = self.rows_told
        return {of: rows[speaker.name, of] for of in drain_ids if (speaker.name, of) in rows}

    def publish(self, speaker: Speaker, statuses: Sequence[FeedStatus]) -> bool:
        self._fail_if_away()
        if not self.beat(speaker):
            return False
        there = [said for said in statuses if said.drain_id in self.drains]
        self.statuses.setdefault(speaker.name, []).extend(there)
        for said in there:
            before = self.rows_told.get((speaker.name, said.drain_id))
            if said.sent_by_minute is None and before is not None:
                minutes, quarters = before.status[-2:]
                said = said._replace(sent_by_minute=minutes, sent_by_quarter=quarters)
            self.rows_told[speaker.name, said.drain_id] = Told(said, self.wall)
        return True

    def put_right(self) -> bool:
        self._fail_if_away()
        return False

    # Inside.

    def _is_free(self, name: str, place: Place, *, is_start: bool) -> bool:
        """No process runs here but the one that asks, and those of others are not known."""
        if name not in self.speakers or self.speakers[name] in self.ended:
            return True
        return is_start and self.processes[name] == place.process

    def _all_rows(self) -> Iterator[tuple[str, TopicPartition, StoredCursor]]:
        for drain_id in self._behind():
            for partition, row in self.cursors[drain_id].items():
                yield drain_id, partition, row

    def _behind(self) -> set[str]:
        return {drain_id for drain_id in self.drains if self.cursors.get(drain_id)}

    def _is_current(self, change: CursorChange) -> bool:
        return change.cursor_version == self.drains[change.drain_id].cursor_version

    def _holds(self, claims: Mapping[TopicPartition, Claim], partition: TopicPartition) -> bool:
        return self._token(partition) == claims[partition].token

    def _token(self, partition: TopicPartition) -> str | None:
        claim = self.claims.get(partition)
        return claim and claim.token

    def _fail_if_away(self) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreError("away")


def _is_of(claim: Claim, row: StoredCursor) -> bool:
    """Whether a row is of the log that is claimed, as far as that is known."""
    return not row.topic_id or claim.topic_id in ("", row.topic_id)


def _written(
    offsets: Mapping[TopicPartition, int],
    claims: Mapping[TopicPartition, Claim],
    held: Collection[TopicPartition],
) -> dict[TopicPartition, StoredCursor]:
    return {p: StoredCursor(at, claims[p].topic_id) for p, at in offsets.items() if p in held}
