"""Rows → the plain values that workers use."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from ipaddress import ip_network
from typing import TypeVar

from django.conf import settings
from django.db.models import QuerySet

from drains.delivery.network.egress import EgressPolicy
from drains.destination import NOWHERE
from drains.fields import LOST_KEY, UndecryptableError
from drains.models import Drain, Start
from drains.option_values import DrainOptions
from drains.options.table import OPTIONS
from drains.routes import Route, RouteChanges, RouteMark
from drains.status_models import has_delivered
from drains.unreadable import NAMED_MAX, WHAT_TO_DO, listed
from drains.versions import GoneDrain, RouteVersion

logger = logging.getLogger(__name__)

T = TypeVar("T")

_told_ports: set[int] = set()

_DRAINS = Drain.objects.annotate(has_delivered=has_delivered())

ROWS_AT_ONCE = 2_000
"""Read of all drains, and held."""
START_SLACK_SECONDS = 60.0
"""How far producers' clocks, and ours, may be apart where times decide where a drain starts."""


def route_mark() -> RouteMark:
    """Another one than before means that drains have changed."""
    number, stamped = RouteVersion.objects.values_list("number", "stamped").get(pk=1)
    return RouteMark(number, number - stamped)


def route_changes(since: RouteMark | None) -> RouteChanges:
    """What has changed after this; all routes for None, or where nobody can say it any more."""
    # Read first: a change in between is then read once more.
    mark = route_mark()
    if since is None or since.unstamped != mark.unstamped or _is_forgotten(since):
        return RouteChanges(mark, list(_routes(_DRAINS.all())), is_whole=True)
    # Before the routes: a drain that goes in between is not among those.
    gone = GoneDrain.objects.filter(changed__gt=since.number).values_list("drain", flat=True)
    gone_ids = list(map(str, gone))
    return RouteChanges(mark, list(_routes(_DRAINS.filter(changed__gt=since.number))), gone_ids)


def _is_forgotten(since: RouteMark) -> bool:
    """Whether drains may have gone since, of which nobody knows any more; or the database is
    another than it was."""
    known = RouteVersion.objects.filter(pk=1, forgotten__lte=since.number, number__gte=since.number)
    return not known.exists()


def count_of_spaces() -> int:
    """That have an app with a drain: a topic each."""
    return Drain.objects.exclude(space="").order_by().values("space").distinct().count()


def _routes(drains: QuerySet[Drain]) -> Iterator[Route]:
    faulty = Counter[str]()
    named: dict[str, list[str]] = {}
    for drain in _in_portions(drains):
        route = route_of(drain)
        if route.fault:
            why = route.fault.partition(": ")[2]
            faulty[why] += 1
            if faulty[why] <= NAMED_MAX:
                named.setdefault(why, []).append(f"{drain.pk} ({drain})")
        yield route
    for why, count in faulty.items():
        _say_who_waits(why, named[why], count)


def _in_portions(drains: QuerySet[Drain]) -> Iterator[Drain]:
    """By their keys: a cursor of the server's would be a session's, which poolers do not keep."""
    found = list(drains.order_by("pk")[:ROWS_AT_ONCE])
    while found:
        yield from found
        if len(found) < ROWS_AT_ONCE:
            return
        found = list(drains.order_by("pk").filter(pk__gt=found[-1].pk)[:ROWS_AT_ONCE])


def _say_who_waits(why: str, named: list[str], count: int) -> None:
    """One message, however many it is about."""
    helps = f" {WHAT_TO_DO}" if why == LOST_KEY else ""
    whose = f"Drain {named[0]} waits" if count == 1 else f"{count:,} drains wait"
    which = f" They are {listed(named, count)}." if count > 1 else ""
    logger.error("%s: %s.%s%s", whose, why, helps, which, extra={"action": "bad_drain"})


def egress_policy() -> EgressPolicy:
    """Where drains may send to, by the settings."""
    return EgressPolicy(
        allowed=tuple(ip_network(text) for text in settings.DRAIN_ALLOWED_CIDRS),
        denied=tuple(ip_network(text) for text in settings.DRAIN_DENIED_CIDRS),
        ports=frozenset(settings.DRAIN_ALLOWED_PORTS),
        loopback=settings.LAPTOP_MODE,
        own_ports=frozenset(_own_ports()),
        services=frozenset(settings.SERVICES),
    )


def own_port(port: int) -> None:
    """What this process was told to listen on: no other knows it, unless a setting says it."""
    _told_ports.add(port)


def _own_ports() -> Iterator[int]:
    yield from _told_ports
    for name in ("PORT", "ALS_PORT", "METRICS_PORT", "ALS_METRICS_PORT"):
        port: int = getattr(settings, name)
        if port:
            yield port


def route_of(drain: Drain) -> Route:
    """Of a row that nobody can read here too: it says so, and leads nowhere."""
    destination, url_fault = _read("URL", lambda: drain.destination, NOWHERE)
    options, options_fault = _read("options", lambda: _options_of(drain), None)
    return Route(
        drain_id=str(drain.pk),
        key=drain.key,
        destination=destination if options else NOWHERE,
        paused=drain.paused,
        options=options or _readable_options_of(drain),
        cursor_version=drain.cursor_version,
        tries=drain.tries,
        start_pending=drain.start_pending,
        since_ms=_since_ms(drain),
        has_delivered=getattr(drain, "has_delivered", False),
        fault=url_fault or options_fault,
        connections_max=settings.MAX_SYSLOG_CONNECTIONS,
    )


def field_at_fault(drain: Drain) -> str:
    """Of one whose route has a fault: what its owner has to give anew."""
    named: dict[str, Callable[[], object]] = {"url": lambda: drain.destination}
    named |= {name: partial(drain.option, name) for name in OPTIONS}
    faulty = (name for name, read in named.items() if _read(name, read, None)[1])
    return next(faulty, "filter")  # its patterns are read by nobody but `_options_of`


def _read(what: str, read: Callable[[], T], otherwise: T) -> tuple[T, str]:
    """And what is wrong with it: a row that cannot be read is not one that is gone."""
    try:
        return read(), ""
    except UndecryptableError as error:
        return otherwise, f"its {what} cannot be read: {error}"
    except ValueError as error:
        return otherwise, f"its {what} cannot be used: {error}"


def _since_ms(drain: Drain) -> int | None:
    if not drain.start_pending and drain.start != Start.BY_TIME:
        return None
    return int((drain.created_at.timestamp() - START_SLACK_SECONDS) * 1000)


def _options_of(drain: Drain) -> DrainOptions:
    """Raises UndecryptableError, or ValueError for what the rules refuse by now."""
    options = drain.options
    options.filter.line_test()  # patterns that were good once may not be for another RE2
    return options


def _readable_options_of(drain: Drain) -> DrainOptions:
    """What can be read tells which lines it lacks. Without its patterns, if those are at fault,
    that is too many of them, never too few."""
    shown = drain.shown_options
    return replace(shown, filter=replace(shown.filter, include="", exclude=""))
