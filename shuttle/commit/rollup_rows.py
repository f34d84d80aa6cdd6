"""Figures of workers, as rows: written in one go, and taken away when they are old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from drains.models import DrainEvent
from drains.route_change import forget_gone
from events.key_names import key_names
from shuttle.commit.store import Figures
from shuttle.models import MalformedSample, Rollup, Worker

KEPT: dict[str, timedelta] = {
    Rollup.Span.MINUTE: timedelta(hours=26),
    Rollup.Span.HOUR: timedelta(days=8),
}
WORKERS_KEPT = timedelta(days=1)
EVENTS_KEPT = timedelta(days=30)
GONE_KEPT = timedelta(days=1)
SAMPLES_KEPT = timedelta(days=7)
SAMPLES_MAX = 500


def write_figures(figures: Figures) -> None:
    now = timezone.now()
    with transaction.atomic():
        _write(Worker, ["name"], [_worker(figures, now)])
        _write(
            Rollup,
            ["worker", "span", "begins_at"],
            [_rollup(figures, row) for row in figures.rollups],
        )
        samples = [MalformedSample(**each._asdict(), seen_at=now) for each in figures.samples]
        MalformedSample.objects.bulk_create(samples, ignore_conflicts=True)
    if any(row.span == "minute" and row.begins_at % 3600 == 0 for row in figures.rollups):
        _prune(now)


def _write(model: Any, key: list[str], rows: list[Any]) -> None:
    names = [field.attname for field in model._meta.concrete_fields]
    others = [name for name in names if name not in ("id", *key)]
    model.objects.bulk_create(rows, update_conflicts=True, unique_fields=key, update_fields=others)


def _worker(figures: Figures, now: datetime) -> Worker:
    values, about = figures.worker._asdict(), figures.worker
    values["retention_ms"] = dict(about.retention_ms)
    values["assignment"] = None if about.assignment is None else dict(about.assignment)
    values["started_at"] = datetime.fromtimestamp(about.started_at, UTC)
    if about.assigned_since is not None:
        values["assigned_since"] = datetime.fromtimestamp(about.assigned_since, UTC)
    return Worker(**values, keys=key_names(), reported_at=now)


def _rollup(figures: Figures, row: Any) -> Rollup:
    values = row._asdict()
    begins_at = datetime.fromtimestamp(values.pop("begins_at"), UTC)
    return Rollup(worker=figures.worker.name, begins_at=begins_at, **values)


def _prune(now: datetime) -> None:
    for span, kept in KEPT.items():
        Rollup.objects.filter(span=span, begins_at__lt=now - kept).delete()
    Worker.objects.filter(reported_at__lt=now - WORKERS_KEPT).delete()
    DrainEvent.objects.filter(at__lt=now - EVENTS_KEPT).delete()
    forget_gone(now - GONE_KEPT)
    MalformedSample.objects.filter(seen_at__lt=now - SAMPLES_KEPT).delete()
    newest = MalformedSample.objects.order_by("-seen_at", "-pk").values_list("pk", flat=True)
    if oldest_kept := list(newest[SAMPLES_MAX : SAMPLES_MAX + 1]):
        MalformedSample.objects.filter(pk__lte=oldest_kept[0]).delete()
