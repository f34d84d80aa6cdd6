"""The worker's store: routes, cursors and statuses in Django's database."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast
from uuid import UUID

from django.db import Error, connection, transaction

from drains import selectors, services
from drains.models import DrainCursor, Installation
from drains.routes import RouteChanges, RouteMark
from events.database_faults import DatabaseFault, fault_of, said_by
from events.kafka.cluster import Span
from events.kafka.records import TopicPartition
from events.topics import SOURCE_TOPICS
from shuttle.commit import claim_rows, heartbeat_rows
from shuttle.commit.claim_rows import ClaimRows
from shuttle.commit.cursor_rows import rows_of, take_away
from shuttle.commit.drain_states import ROWS_AT_ONCE, LockedDrain, locked
from shuttle.commit.past_rows import put_right
from shuttle.commit.rollup_rows import write_figures
from shuttle.commit.status_rows import read_statuses, write_statuses
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
from shuttle.feed.stored_rows import StoredCursor

ID_BYTES = 8
"""It stands with every offset that is committed."""


class DatabaseStore:
    """The store in Django's database (see store.Store). `group`: whose claims it writes."""

    def __init__(self, group: str) -> None:
        self._claims = ClaimRows(group)

    def installation(self) -> str:
        with _translated():
            made = {"public_id": secrets.token_hex(ID_BYTES)}
            # Of several workers that ask at once one makes it: the others are refused, and read it.
            return Installation.objects.get_or_create(pk=1, defaults=made)[0].public_id

    def topics(self) -> int:
        """About so many are to be read; for a thread that asks nothing else."""
        with _translated():
            found = selectors.count_of_spaces()
            connection.close()
        return found + len(SOURCE_TOPICS)

    def route_mark(self) -> RouteMark:
        with _translated():
            return selectors.route_mark()

    def route_changes(self, since: RouteMark | None) -> RouteChanges:
        with _translated():
            return selectors.route_changes(since)

    def cursors_of(self, drain_ids: Collection[str]) -> Cursors:
        found: Cursors = {}
        wanted = [UUID(drain_id) for drain_id in drain_ids]
        with _translated():
            for start in range(0, len(wanted), ROWS_AT_ONCE):
                rows = DrainCursor.objects.filter(drain_id__in=wanted[start : start + ROWS_AT_ONCE])
                for row in rows:
                    partition = TopicPartition(row.topic, row.partition)
                    found.setdefault(str(row.drain_id), {})[partition] = _stored(row)
        return found

    def write_start(self, drain_id: str, begin: Sequence[Span]) -> None:
        with _translated():
            services.write_start(UUID(drain_id), begin)

    def take_over(self, partitions: Mapping[TopicPartition, Claim]) -> TakenOver:
        found: Cursors = {}
        outdated: dict[str, list[TopicPartition]] = {}
        old_rows = []
        with _translated(), transaction.atomic():
            before, tries = self._claims.take(partitions)
            rows = DrainCursor.objects.filter(
                topic__in={partition.topic for partition in partitions}
            )
            for row in rows.iterator():
                partition = TopicPartition(row.topic, row.partition)
                claim = partitions.get(partition)
                if claim is None:
                    continue
                if row.topic_id and claim.topic_id and row.topic_id != claim.topic_id:
                    outdated.setdefault(str(row.drain_id), []).append(partition)
                    old_rows.append(row.pk)
                else:
                    found.setdefault(str(row.drain_id), {})[partition] = _stored(row)
            locked(outdated)
            for start in range(0, len(old_rows), ROWS_AT_ONCE):
                DrainCursor.objects.filter(pk__in=old_rows[start : start + ROWS_AT_ONCE]).delete()
        return TakenOver(found, outdated, before.offsets, tries, before.deadly)

    def write(
        self,
        changes: Sequence[CursorChange],
        offsets: Mapping[TopicPartition, int],
        claims: Mapping[TopicPartition, Claim],
    ) -> Refused:
        with _translated(), transaction.atomic():
            wanted = {partition for change in changes for partition in (*change.rows, *change.gone)}
            wanted |= offsets.keys()
            rows = self._claims.still_held(wanted, claims)
            held = {partition: claims[partition] for partition in rows}
            claim_rows.set_offsets(rows, offsets, claims)
            known = locked(change.drain_id for change in changes)
            there = [change for change in changes if change.drain_id in known]
            current = [change for change in there if _is_current(change, known)]
            take_away(current, held)
            DrainCursor.objects.bulk_create(
                [row for change in current for row in rows_of(change, held)],
                batch_size=ROWS_AT_ONCE,
                update_conflicts=True,
                unique_fields=["drain", "topic", "partition"],
                update_fields=["offset", "topic_id", "resend_from"],
            )
        outdated = {change.drain_id for change in there} - {c.drain_id for c in current}
        return Refused(frozenset(wanted - held.keys()), frozenset(outdated))

    def set_tries(self, claims: Mapping[TopicPartition, Claim], tries: Tries) -> None:
        with _translated(), transaction.atomic():
            claim_rows.set_tries(self._claims.still_held(claims, claims), tries)

    def leave_out(self, partition: TopicPartition, offset: int, claim: Claim) -> None:
        with _translated(), transaction.atomic():
            held = self._claims.still_held([partition], {partition: claim})
            if partition in held:
                claim_rows.leave_out(held[partition], offset)

    def take_name(self, place: Place, run: str, *, is_start: bool = True) -> Speaker:
        with _translated():
            return heartbeat_rows.take_name(place, run, is_start=is_start)

    def beat(self, speaker: Speaker, *, has_ended: bool = False) -> bool:
        with _translated():
            return heartbeat_rows.beat(speaker, has_ended=has_ended)

    def told(self, speaker: Speaker, drain_ids: Collection[str]) -> Mapping[str, Told]:
        with _translated():
            return read_statuses(speaker, drain_ids)

    def publish(self, speaker: Speaker, statuses: Sequence[FeedStatus]) -> bool:
        with _translated():
            return write_statuses(speaker, statuses)

    def put_right(self) -> bool:
        with _translated():
            return put_right()

    def write_figures(self, figures: Figures) -> None:
        with _translated():
            write_figures(figures)


def _stored(row: DrainCursor) -> StoredCursor:
    return StoredCursor(row.offset, row.topic_id, row.resend_from)


def _is_current(change: CursorChange, drains: Mapping[str, LockedDrain]) -> bool:
    return drains[change.drain_id].cursor_version == change.cursor_version


@contextmanager
def _translated() -> Iterator[None]:
    """The thread's connection stays open from call to call, until it fails. The driver's own errors
    count too: not all that Django does with a driver's cursor is wrapped."""
    try:
        yield
    except (Error, cast(Any, connection).Database.Error) as error:
        fault = fault_of(error)
        if fault is not DatabaseFault.CONFLICT:  # after which the connection is as good as before
            with suppress(Error):
                connection.close()  # the next one may find another server, which takes writes
        said = said_by(error)
        raise StoreError(f"it {fault.value}: {said}" if fault else said, fault) from error
