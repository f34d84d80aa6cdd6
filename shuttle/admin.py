"""What workers tell of themselves, for operators: to look at, and nothing to change."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Model
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from drains.moments import in_words
from drains.status import FRESH
from shuttle.models import MalformedSample, Worker


class LookedAt(admin.ModelAdmin):
    """Rows that workers write, and take away when they are old."""

    show_full_result_count = False
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
    list_display = (
        "host",
        "state",
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
    def state(self, worker: Worker) -> str:
        if worker.has_ended:
            return "ended"
        return "works" if self._is_there(worker) else "gone"

    @admin.display(description="Behind")
    def behind(self, worker: Worker) -> str:
        return f"{intcomma(worker.consumer_lag)} records"

    @admin.display(description="In")
    def rate_in(self, worker: Worker) -> str:
        return self._now(worker, f"{worker.lines_in:,.0f} lines/s")

    @admin.display(description="Out")
    def rate_out(self, worker: Worker) -> str:
        return self._now(worker, f"{worker.lines_out:,.0f} lines/s")

    @admin.display(description="CPU")
    def cpu_share(self, worker: Worker) -> str:
        return self._now(worker, f"{worker.cpu:.0%}")

    @admin.display(description="Memory")
    def memory(self, worker: Worker) -> str:
        return self._now(worker, filesizeformat(worker.memory_bytes))

    @admin.display(description="Since", ordering="started_at")
    def started(self, worker: Worker) -> str:
        return in_words(worker.started_at)

    @admin.display(description="Last word", ordering="reported_at")
    def reported(self, worker: Worker) -> str:
        return in_words(worker.reported_at)

    def _now(self, worker: Worker, said: str) -> str:
        """Nothing is said of now that was true then."""
        return said if self._is_there(worker) else "–"

    def _is_there(self, worker: Worker) -> bool:
        return not worker.has_ended and worker.reported_at >= timezone.now() - FRESH


@admin.register(MalformedSample)
class MalformedSampleAdmin(LookedAt):
    list_display = ("seen", "reason", "topic", "partition", "offset", "begins")
    list_filter = ("reason", "topic")
    ordering = ("-seen_at", "-pk")

    @admin.display(description="Seen", ordering="seen_at")
    def seen(self, sample: MalformedSample) -> str:
        return in_words(sample.seen_at)
