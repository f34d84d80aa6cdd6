"""What the admin shows of a drain, a column or a field each."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString

from drains.models import Drain
from drains.moments import in_words
from drains.status import status_of


class DrainColumns:
    @admin.display(description="App or site", ordering="app")
    def owner(self, drain: Drain) -> str:
        return drain.owner_name

    @admin.display(description="State", ordering="state")
    def state_shown(self, drain: Drain) -> SafeString | str:
        status = status_of(drain)
        if status.state == "failing":
            return format_html("<strong>failing</strong>: {}", status.last_error or "")
        behind = getattr(drain, "behind", 0)  # counted by get_queryset
        if behind and status.state in ("unknown", "replaying"):
            partitions = "partition" if behind == 1 else "partitions"
            return format_html("<strong>behind</strong> in {} {}", behind, partitions)
        return "no worker reports" if status.state == "unknown" else status.state

    @admin.display(description="Lag")
    def lag(self, drain: Drain) -> str:
        status = status_of(drain)
        if not status.lag_messages:
            return "not counted" if status.lag_is_estimate else "none"
        age = timedelta(seconds=int(status.lag_seconds))
        at_least = "at least " if status.lag_is_estimate else ""
        return f"{at_least}{intcomma(status.lag_messages)} lines, {age}"

    @admin.display(description="Lines sent")
    def sent(self, drain: Drain) -> str:
        return str(intcomma(status_of(drain).lines_sent))

    @admin.display(description="Bytes sent")
    def bytes_sent(self, drain: Drain) -> str:
        return filesizeformat(status_of(drain).bytes_sent)

    @admin.display(description="Lines lost")
    def lost(self, drain: Drain) -> str:
        return str(intcomma(status_of(drain).lines_lost))

    @admin.display(description="Lines cut")
    def cut(self, drain: Drain) -> str:
        return str(intcomma(status_of(drain).lines_cut))

    @admin.display(description="Last error")
    def last_error(self, drain: Drain) -> str:
        status = status_of(drain)
        if status.last_error_at is None:
            return "none"
        return f"{status.last_error} ({in_words(status.last_error_at)})"

    @admin.display(description="In this state since")
    def since(self, drain: Drain) -> str:
        return in_words(status_of(drain).state_since)

    @admin.display(description="Last report of a worker")
    def reported(self, drain: Drain) -> str:
        at = status_of(drain).reported_at
        return in_words(at) if at else "none yet"
