"""The card on top of a drain's page in the admin: how it is, why, what helps, and what it has been
through. Its parts are renewed as the overview's are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from drains import services
from drains.admin import rights
from drains.admin.trial import tried_before, tried_out
from drains.display import cells
from drains.display.charts import pointed, spark
from drains.display.look import advice
from drains.errors import DrainError
from drains.history import told_once
from drains.models import Drain, DrainEvent
from drains.rates import MINUTES, QUARTERS, rates_of
from drains.status import Status, heard_since, status_of

EVENTS = 30


@dataclass(frozen=True, slots=True)
class DrainCard:
    drain: Drain
    status: Status
    now: datetime
    events: list[DrainEvent]
    """The last ones first."""

    minutes: list[int | None]
    """Lines sent in each of the last hour, as the next one in each quarter of the last day's."""
    quarters: list[int | None]

    @property
    def rate(self) -> float | None:
        """Lines a second, in the last whole minute; None: nobody has told."""
        return None if self.minutes[-1] is None else self.minutes[-1] / 60

    @property
    def certificates(self) -> dict[str, datetime]:
        """When they end, by whose they are."""
        known = {
            "Receiver's certificate": self.status.certificate_ends_at,
            "Its own certificate": self.drain.certificate_ends_at,
        }
        return {whose: at for whose, at in known.items() if at}

    @property
    def sparks(self) -> dict[str, tuple[SafeString, SafeString]]:
        """What was sent in the last hour and day: what is shown, and what is told of each step."""
        found = {}
        for title, values, steps in (
            ("Sent, last hour", self.minutes, MINUTES),
            ("Last day", self.quarters, QUARTERS),
        ):
            ends = datetime.fromtimestamp(steps.at(self.now.timestamp()) * steps.seconds, UTC)
            begins_at = ends - timedelta(seconds=steps.seconds * len(values))
            rates = [None if lines is None else lines / steps.seconds for lines in values]
            told = pointed({"sent": rates}, begins_at, steps.seconds, "lines/s")
            found[title] = spark(rates, f"lines/s. {title}"), told
        return found

    @property
    def why(self) -> str:
        return cells.why(self.status, self.now)

    @property
    def helps(self) -> str:
        return advice(self.why) if self.status.state == "failing" else ""


def card_of(drain: Drain) -> DrainCard:
    now = timezone.now()
    events = told_once().filter(drain=drain.pk).order_by("-at", "-pk")[:EVENTS]
    rates = rates_of(drain.statuses.defer(None), now, heard_since(now))
    return DrainCard(drain, status_of(drain), now, list(events), *rates)


@require_GET
@cache_control(no_store=True)
def parts(request: HttpRequest, drain_id: str) -> HttpResponse:
    drain = rights.drain_to_look_at(request, drain_id)
    may_change = rights.may_change(request, drain)
    context = {"card": card_of(drain), "has_change_permission": may_change}
    return render(request, "admin/drains/drain/card.html", context)


@require_POST
def act(request: HttpRequest, drain_id: str) -> HttpResponse:
    """`action` is test, try, pause or resume."""
    drain = rights.drain_to_change(request, drain_id)
    action = _ACTIONS.get(request.POST.get("action", ""))
    if action is None:
        return JsonResponse({"said": "This cannot be understood."}, status=400)
    try:
        return JsonResponse(action(drain))
    except DrainError as error:
        return JsonResponse({"said": str(error)})


@require_POST
def trial(request: HttpRequest) -> HttpResponse:
    rights.refuse_who_may_not_add(request)
    return tried_before(request)


def _try(drain: Drain) -> dict[str, object]:
    services.try_now(drain)
    return {"said": "Its receiver is dialled within 2 seconds."}


def _pause(drain: Drain) -> dict[str, object]:
    services.change_drain(drain, paused=True)
    return {"said": "Paused: its lines wait in Kafka."}


def _resume(drain: Drain) -> dict[str, object]:
    services.change_drain(drain, paused=False)
    return {"said": "Resumed: it is sent what it missed."}


_ACTIONS: Mapping[str, Callable[[Drain], dict[str, object]]] = {
    "test": tried_out,
    "try": _try,
    "pause": _pause,
    "resume": _resume,
}


def urls(site: AdminSite) -> list[URLPattern]:
    """Of the admin's list of drains, and below a drain's own."""
    return [
        path("trial", site.admin_view(trial), name="drains_drain_trial"),
        path("<path:drain_id>/parts", site.admin_view(parts), name="drains_drain_parts"),
        path("<path:drain_id>/act", site.admin_view(act), name="drains_drain_act"),
    ]
