"""What the list of drains shows, a column each, and what a drain's page shows besides its card."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from drains.display import cells
from drains.display.charts import mini
from drains.display.words import UNKNOWN, age, number, size
from drains.models import Drain, DrainStatus
from drains.moments import in_words
from drains.rates import minutes_of
from drains.status import Status, status_of
from drains.status_models import spoken_by_the_living

SUMMED = {"behind": "lag_messages", "rate": "lines_lately", "lost": "lines_lost"}
"""Columns of the list, and what of a status they are sorted by."""


def with_sums(drains: QuerySet[Drain], *columns: str) -> QuerySet[Drain]:
    """Sums over workers, to sort by: `sum_of_` and the name of a status's column."""
    rows = DrainStatus.objects.filter(drain=OuterRef("pk")).order_by().values("drain")
    now = timezone.now()
    spoken = rows.filter(spoken_by_the_living(now))
    lately = spoken.filter(reported_at__gte=now - timedelta(hours=1))
    counted = {"lag_messages": spoken, "lines_lately": lately}
    sums = {of: Subquery(counted.get(of, rows).annotate(n=Sum(of)).values("n")) for of in columns}
    return drains.annotate(**{f"sum_of_{of}": Coalesce(sums[of], 0) for of in columns})


class DrainColumns:
    @admin.display(description="State", ordering="severity")
    def state_shown(self, drain: Drain) -> SafeString:
        status = _status(drain)
        ago = cells.since(status.state_since, timezone.now())
        title = f"since {in_words(status.state_since)}"
        return format_html(
            '{} <span class="quiet" title="{}">{}</span>', cells.badge(status.state), title, ago
        )

    @admin.display(description="App", ordering="app")
    def owner(self, drain: Drain) -> SafeString:
        if not drain.name:
            return cells.owner(drain)
        named = '{} <span class="quiet">{}</span>'
        return format_html(named, cells.owner(drain), drain.name)

    @admin.display(description="Receiver", ordering="host")
    def receiver(self, drain: Drain) -> SafeString:
        return format_html('<span title="{}">{}</span>', drain.address, cells.receiver(drain))

    @admin.display(description="Why")
    def why(self, drain: Drain) -> SafeString:
        said = cells.why(_status(drain), timezone.now())
        return format_html('<span title="{}">{}</span>', said, said)

    @admin.display(description="Behind", ordering="-sum_of_lag_messages")
    def behind(self, drain: Drain) -> SafeString | str:
        """Lines; and for how long, where that is not the age of its state."""
        status = _status(drain)
        if not status.lag_messages:
            return UNKNOWN if status.lag_is_estimate else _zero()
        at_least = "≥ " if status.lag_is_estimate else ""
        lines = f"{at_least}{number(status.lag_messages)}"
        if status.state != "replaying":
            return lines
        return format_html('{} <span class="quiet">{}</span>', lines, age(status.lag_seconds))

    @admin.display(description="Lines/s", ordering="-sum_of_lines_lately")
    def rate(self, drain: Drain) -> SafeString:
        """In the last whole minute, beside the last hour."""
        heard_since = getattr(drain, "heard_since", None)
        minutes = minutes_of(drain.statuses.all(), timezone.now(), heard_since)
        now = number(None if minutes[-1] is None else minutes[-1] / 60)
        return format_html("{}{}", mini(minutes), _zero() if now == "0" else now)

    @admin.display(description="Lost", ordering="-sum_of_lines_lost")
    def lost(self, drain: Drain) -> SafeString:
        count = _status(drain).lines_lost
        return format_html('<b class="bad">{}</b>', number(count)) if count else _zero()

    @admin.display(description="Do")
    def acts(self, drain: Drain) -> SafeString:
        """Buttons of the list's own form, which has the token that a POST needs."""
        whom = f"{drain.owner_name} to {_receiver(drain)}"
        actions = ("test", "resume" if drain.paused else "pause")
        return format_html_join(
            " ",
            '<button class="small" formaction="{}" name="action" value="{}" id="{}-{}"'
            ' aria-label="{} {}" data-whom="{}">{}</button>',
            (
                (
                    reverse("admin:drains_drain_act", args=[drain.pk]),
                    action,
                    action,
                    drain.pk,
                    action.capitalize(),
                    whom,
                    whom,
                    action.capitalize(),
                )
                for action in actions
            ),
        )

    @admin.display(description="Live")
    def tail(self, drain: Drain) -> SafeString:
        return format_html(
            '<button class="small" formaction="{}" formtarget="_blank" aria-label="Tail {}"'
            ' name="owner" value="{}">Tail</button>',
            reverse("admin:sessions_app_tailsession_add"),
            drain.owner_name,
            drain.owner_name,
        )

    @admin.display(description="Bytes sent")
    def bytes_sent(self, drain: Drain) -> str:
        return size(status_of(drain).bytes_sent)

    @admin.display(description="Lines cut")
    def cut(self, drain: Drain) -> str:
        return number(status_of(drain).lines_cut)

    @admin.display(description="Made")
    def made(self, drain: Drain) -> str:
        return in_words(drain.created_at)

    @admin.display(description="Changed")
    def changed_shown(self, drain: Drain) -> str:
        """Not by the name of the column that holds the number of its last change."""
        return in_words(drain.updated_at)

    @admin.display(description="Last error")
    def last_error(self, drain: Drain) -> str:
        status = status_of(drain)
        if status.last_error_at is None:
            return "none"
        return f"{status.last_error} ({in_words(status.last_error_at)})"

    @admin.display(description="Last report of a worker")
    def reported(self, drain: Drain) -> str:
        at = status_of(drain).reported_at
        return in_words(at) if at else "none yet"


def _status(drain: Drain) -> Status:
    """Put together once a row."""
    if not hasattr(drain, "shown_status"):
        drain.shown_status = status_of(drain)  # type: ignore[attr-defined]
    status: Status = drain.shown_status  # type: ignore[attr-defined]
    return status


def _receiver(drain: Drain) -> str:
    return f"{drain.host}:{drain.port}" if drain.host else drain.address


def _zero() -> SafeString:
    return format_html('<span class="quiet">{}</span>', 0)
