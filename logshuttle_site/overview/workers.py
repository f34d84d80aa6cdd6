"""What the first page says of workers: who works, who is gone, which partitions nobody reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from drains.status_models import FRESH
from events.kafka.partition_ranges import numbers_of, ranges_of
from logshuttle_site.overview.rollups import DAY
from logshuttle_site.overview.values import OwnerlessPartitions, WorkerFigures
from shuttle.models import Worker

GONE = timedelta(minutes=10)
"""So long a worker that is gone is missed, while others work."""
SETTLED = timedelta(seconds=30)
"""After a rebalance partitions are not missed for so long."""


class Workers(NamedTuple):
    figures: list[WorkerFigures]
    retention: dict[str, float | None]
    """How many seconds each topic keeps its records; None: forever, or nobody knows."""
    ownerless: list[OwnerlessPartitions]
    working: list[Worker]


def workers(now: datetime) -> Workers:
    """Asks the database once."""
    rows = list(Worker.objects.filter(reported_at__gte=now - DAY).order_by("reported_at"))
    retention: dict[str, float | None] = {}
    for row in rows:
        for topic, kept in row.retention_ms.items():
            retention[topic] = kept / 1000 if kept else None
    found = [_figures(row, _state(row, now)) for row in rows if not row.has_ended]
    missed = _missed(found, now)
    missed.sort(key=lambda worker: (worker.host, worker.started_at))
    working = [row for row in rows if not row.has_ended and _state(row, now) == "working"]
    return Workers(missed, retention, _ownerless(working, now), working)


def _missed(found: list[WorkerFigures], now: datetime) -> list[WorkerFigures]:
    """Without those that are gone for long while others work, or that another one has replaced: one
    that began after their last word."""
    working = [worker for worker in found if worker.state == "working"]
    gone = [worker for worker in found if worker.state == "gone"]
    if not working:
        return gone
    began = sorted(worker.started_at for worker in working)
    for worker in sorted(gone, key=lambda each: each.reported_at):
        after = next((at for at in began if at > worker.reported_at), None)
        if after is not None:
            began.remove(after)
        elif worker.reported_at >= now - GONE:
            working.append(worker)
    return working


def _state(row: Worker, now: datetime) -> str:
    return "working" if row.reported_at >= now - FRESH else "gone"


def _figures(row: Worker, state: str) -> WorkerFigures:
    alive = state == "working"
    return WorkerFigures(
        row.name,
        row.host,
        row.version,
        row.started_at,
        row.reported_at,
        state,
        row.partitions,
        row.consumer_lag,
        row.lines_in if alive else None,
        row.lines_out if alive else None,
        row.cpu if alive else None,
        row.memory_bytes if alive else None,
    )


def _ownerless(working: Iterable[Worker], now: datetime) -> list[OwnerlessPartitions]:
    """Nothing is said while partitions change hands, nor where a worker does not say what it has,
    nor without any: then all are."""
    left: dict[str, set[int]] = {}
    held: dict[str, set[int]] = {}
    for row in working:
        if row.assignment is None or (row.assigned_since or now) > now - SETTLED:
            return []
        for topic, (ranges, count) in row.assignment.items():
            left.setdefault(topic, set()).update(range(count))
            held.setdefault(topic, set()).update(numbers_of(ranges))
    missed = {topic: numbers - held[topic] for topic, numbers in sorted(left.items())}
    return [
        OwnerlessPartitions(topic, ranges_of(numbers), len(numbers))
        for topic, numbers in missed.items()
        if numbers
    ]
