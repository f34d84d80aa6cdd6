"""The worker's store: routes and cursors in Django's database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.db import Error, connection, transaction

from drains import selectors
from drains.models import Drain, DrainCursor
from drains.routes import RouteTable
from events.records import TopicPartition
from shuttle.store import CursorChange, Cursors, StoreError

ROWS_AT_ONCE = 500


class DatabaseStore:
    def route_version(self) -> int:
        with _translated():
            return selectors.route_version()

    def routes(self) -> RouteTable:
        with _translated():
            return selectors.load_route_table()

    def cursors(self, sources: Iterable[TopicPartition]) -> Cursors:
        wanted = set(sources)
        found: Cursors = {}
        with _translated():
            rows = DrainCursor.objects.filter(topic__in={source.topic for source in wanted})
            for row in rows.iterator():
                source = TopicPartition(row.topic, row.partition)
                if source in wanted:
                    found.setdefault(str(row.drain_id), {})[source] = row.offset
        return found

    def write(self, changes: Sequence[CursorChange]) -> None:
        with _translated(), transaction.atomic():
            ids = [change.drain_id for change in changes]
            existing = Drain.objects.select_for_update(no_key=True).filter(id__in=ids)
            known = {str(drain_id) for drain_id in existing.values_list("id", flat=True)}
            for change in changes:
                _take_away(change)
            DrainCursor.objects.bulk_create(
                [row for change in changes if change.drain_id in known for row in _rows(change)],
                batch_size=ROWS_AT_ONCE,
                update_conflicts=True,
                unique_fields=["drain", "topic", "partition"],
                update_fields=["offset"],
            )


@contextmanager
def _translated() -> Iterator[None]:
    """The thread's connection stays open from call to call, until it fails."""
    try:
        yield
    except Error as error:
        connection.close()
        raise StoreError(str(error).strip() or type(error).__name__) from error


def _rows(change: CursorChange) -> Iterator[DrainCursor]:
    for (topic, partition), offset in change.rows.items():
        yield DrainCursor(drain_id=change.drain_id, topic=topic, partition=partition, offset=offset)


def _take_away(change: CursorChange) -> None:
    for topic, partition in change.gone:
        DrainCursor.objects.filter(
            drain_id=change.drain_id, topic=topic, partition=partition
        ).delete()
