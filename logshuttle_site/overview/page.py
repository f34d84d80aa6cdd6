"""The operator's first page, `/admin/`. Its parts are renewed every five seconds (live.js)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from drains.admin import rights
from drains.admin.trial import tried_out
from drains.display.charts import Chart, Values, mini, pointed, spark, stacked
from drains.display.look import OF_TONE
from drains.display.words import many
from drains.many import pause_all, try_all
from drains.models import Drain
from logshuttle_site.overview.figures import overview
from logshuttle_site.overview.head import Head, head_of
from logshuttle_site.overview.rollups import HOUR, RANGES, Range, Series
from logshuttle_site.overview.talkers import LATELY, Talker
from logshuttle_site.overview.values import Overview


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    now: float | None


@dataclass(frozen=True, slots=True)
class Plot:
    title: str
    chart: Chart
    pointed: SafeString
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Spark:
    svg: SafeString
    pointed: SafeString


@dataclass(frozen=True, slots=True)
class Shown:
    """The overview with its pictures."""

    of: Overview
    over: str
    """Of RANGES, which `ranges` has with their words."""
    ranges: Mapping[str, str]
    ticks: Sequence[str]
    """Times below a chart."""
    head: Head
    head_icon: str
    count: str
    """What the tab's title shows: failing drains, or that nobody reports."""
    received: float | None
    """Lines a second, in the last whole minute; as the next one."""
    delivered: float | None
    delay_p50: float | None
    delay_p99: float | None
    sparks: Mapping[str, Spark]
    """received, delivered, delay, behind."""
    mini_lost: SafeString
    mini_malformed: SafeString
    mini_tails: SafeString
    plots: Sequence[Plot]
    talk: Sequence[tuple[Talker, float | None]]
    """Of a day, with lines a second in the last 5 minutes."""
    lost: int | None
    """In 24 hours, as the next one."""
    malformed: int | None


def shown(request: HttpRequest) -> Shown:
    """Raises BadRequest."""
    over = request.GET.get("range", "1h")
    if over not in RANGES:
        raise BadRequest(f"range: {over[:60]!r} is none of {', '.join(RANGES)}")
    found, words = overview(over), RANGES[over].words
    series, minute, day = found.series, found.minute, found.day
    head = head_of(found)
    failing = found.drains.get("failing", 0)
    return Shown(
        of=found,
        over=over,
        ranges={name: each.words for name, each in RANGES.items()},
        ticks=_ticks(series, RANGES[over]),
        head=head,
        head_icon=OF_TONE[head.tone],
        count="!" if head.tone == "alarm" else str(failing) if failing else "",
        received=minute.total("received") / 60 if minute else None,
        delivered=minute.total("delivered") / 60 if minute else None,
        delay_p50=minute.delay(0.5) if minute else None,
        delay_p99=minute.delay(0.99) if minute else None,
        sparks={
            "received": _spark(series, {"in": _sum(series.received)}, "lines/s", words),
            "delivered": _spark(series, {"out": _sum(series.delivered)}, "lines/s", words),
            "delay": _spark(
                series, {"p99": series.delay_p99, "p50": series.delay_p50}, "s of delay", words
            ),
            "behind": _spark(series, {"behind": series.behind}, "lines", words),
        },
        mini_lost=mini(series.lost),
        mini_malformed=mini(series.malformed),
        mini_tails=mini(series.tails),
        plots=[
            _plot(series, "In, by source", series.received),
            _plot(series, "Out, by transport", series.delivered),
        ],
        talk=_talk(found),
        lost=day.total("lost") if day else None,
        malformed=day.total("malformed") if day else None,
    )


def _talk(of: Overview) -> list[tuple[Talker, float | None]]:
    now = {each.owner: each.lines / LATELY.total_seconds() for each in of.talkers}
    return [(each, now.get(each.owner)) for each in of.talkers_day]


def _ticks(series: Series, of: Range) -> list[str]:
    """Five, from its beginning to its end."""
    form = "%a %d" if of.step == HOUR else "%H:%M"
    whole = of.steps * of.step
    return [f"{series.begins_at + whole * part / 4:{form}}" for part in range(5)]


def _plot(of: Series, title: str, parts: Mapping[str, Values]) -> Plot:
    chart = stacked(parts, f"Lines a second. {title}")
    now = [Part(name, values[-1]) for name, values in parts.items()]
    return Plot(title, chart, pointed(parts, of.begins_at, of.step_seconds, "lines/s"), now)


def _spark(of: Series, parts: Mapping[str, Values], unit: str, over: str) -> Spark:
    """Of the first part; the others are told to who points at it."""
    name, values = next(iter(parts.items()))
    label = f"{name}, {unit}, over {over}"
    return Spark(spark(values, label), pointed(parts, of.begins_at, of.step_seconds, unit))


def _sum(series: Mapping[str, Values]) -> Values:
    steps = zip(*series.values(), strict=True)
    return [None if None in step else sum(of or 0.0 for of in step) for step in steps]


# Requests.


@require_GET
@staff_member_required
@cache_control(no_store=True)
def parts(request: HttpRequest) -> HttpResponse:
    """All of the page but its frame."""
    if not rights.may_look(request):
        raise PermissionDenied
    return render(request, "overview/parts.html", {"o": shown(request)})


@require_POST
@staff_member_required
def act(request: HttpRequest) -> HttpResponse:
    """On the drains of a receiver (`host`, `port`) that fail for one reason (`why`): `action` is
    test, try or pause."""
    if not rights.may_change(request):
        raise PermissionDenied
    action = _ACTIONS.get(request.POST.get("action", ""))
    port = request.POST.get("port", "")
    if action is None or not (port.isascii() and port.isdecimal() and len(port) <= 5):
        return JsonResponse({"said": "This cannot be understood."}, status=400)
    failing = Drain.objects.filter(state="failing", paused=False, statuses__state="failing")
    drains = failing.filter(
        host=request.POST.get("host", ""),
        port=int(port),
        statuses__last_error=request.POST.get("why", ""),
    )
    found = drains.order_by("tries", "pk").distinct().defer("url", "stored_options")
    return JsonResponse(action([of for of in found if rights.may_change(request, of)]))


def _test(drains: Sequence[Drain]) -> dict[str, object]:
    """One of them: they go to the same place."""
    return tried_out(drains[0]) if drains else {"said": "None of them fails any more."}


def _done(count: int, done: str) -> dict[str, object]:
    return {"said": f"{many(count, 'drain')} {done}; workers act within 2 seconds."}


_ACTIONS: Mapping[str, Callable[[Sequence[Drain]], dict[str, object]]] = {
    "test": _test,
    "try": lambda drains: _done(try_all([of.pk for of in drains]), "tried at once"),
    "pause": lambda drains: _done(pause_all([of.pk for of in drains]), "paused"),
}

urlpatterns: list[URLPattern] = [
    path("admin/overview/parts", parts, name="overview_parts"),
    path("admin/overview/act", act, name="overview_act"),
]
