"""What workers tell of themselves, for operators: to look at, and nothing to change."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from drains.display.cells import said_as, since, when
from drains.display.words import UNKNOWN, many, number, size
from drains.status_models import FRESH
from events.strict_list import StrictList
from shuttle.models import MalformedSample, Rollup, Worker


class LookedAt(StrictList):
    """Rows that workers write, and take away when they are old."""

    list_per_page = 100
    list_display_links = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Worker)
class WorkerAdmin(LookedAt):
    lead = "What each worker last said of itself; who has been gone for a day is forgotten."
    is_live = True
    list_display = (
        "host",
        "state_shown",
        "partitions",
        "behind",
        "rate_in",
        "rate_out",
        "cpu_share",
        "memory",
        "version",
        "started",
        "reported",
    )
    ordering = ("has_ended", "-reported_at")

    @admin.display(description="State")
    def state_shown(self, worker: Worker) -> SafeString:
        if worker.has_ended:
            return said_as("paused", "Ended")
        return said_as("live", "Works") if _is_there(worker) else said_as("unknown", "Gone")

    @admin.display(description="Behind")
    def behind(self, worker: Worker) -> str:
        return many(worker.consumer_lag, "record")

    @admin.display(description="In")
    def rate_in(self, worker: Worker) -> str:
        return f"{number(_now(worker, worker.lines_in))} lines/s"

    @admin.display(description="Out")
    def rate_out(self, worker: Worker) -> str:
        return f"{number(_now(worker, worker.lines_out))} lines/s"

    @admin.display(description="CPU")
    def cpu_share(self, worker: Worker) -> str:
        return f"{worker.cpu:.0%}" if _is_there(worker) else UNKNOWN

    @admin.display(description="Memory")
    def memory(self, worker: Worker) -> str:
        return size(_now(worker, worker.memory_bytes))

    @admin.display(description="Up", ordering="started_at")
    def started(self, worker: Worker) -> str:
        return since(worker.started_at, worker.reported_at)

    @admin.display(description="Last word", ordering="reported_at")
    def reported(self, worker: Worker) -> str:
        return f"{since(worker.reported_at, timezone.now())} ago"


def _is_there(worker: Worker) -> bool:
    return not worker.has_ended and worker.reported_at >= timezone.now() - FRESH


def _now(worker: Worker, value: float) -> float | None:
    """Nothing is said of now that was true then."""
    return value if _is_there(worker) else None


@admin.register(MalformedSample)
class MalformedSampleAdmin(LookedAt):
    list_display = ("seen", "reason", "topic", "partition", "offset", "begins")
    list_filter = ("reason", "topic")
    ordering = ("-seen_at", "-pk")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        lead = (
            f"Records that were no line: where they are in Kafka, why, how they begin. {_kinds()}"
        )
        return super().changelist_view(request, {"lead": lead, **(extra_context or {})})

    @admin.display(description="Seen", ordering="seen_at")
    def seen(self, sample: MalformedSample) -> SafeString | str:
        return when(sample.seen_at, timezone.now())


def _kinds() -> str:
    """How many there were of each, of which samples are kept of some."""
    hours = Rollup.objects.filter(span="hour", begins_at__gte=timezone.now() - timedelta(days=1))
    counts: Counter[str] = Counter()
    for found in hours.values_list("figures__malformed", flat=True):
        counts.update(found or {})
    named = ", ".join(f"{why} {number(count)}" for why, count in counts.most_common())
    return f"In 24 hours: {named}." if named else ""
