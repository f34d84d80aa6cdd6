"""Rows → the plain values that workers use."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from ipaddress import ip_network
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef

from drains.delivery.network.egress import EgressPolicy
from drains.destination import NOWHERE
from drains.fields import UndecryptableError
from drains.models import Drain, DrainStatus, RouteVersion, Start
from drains.option_values import DrainOptions
from drains.options.table import OPTIONS
from drains.routes import Route, RouteTable

logger = logging.getLogger(__name__)

T = TypeVar("T")

ROWS_AT_ONCE = 500

_DELIVERIES = DrainStatus.objects.filter(drain=OuterRef("pk"), lines_sent__gt=0)
_DRAINS = Drain.objects.annotate(has_delivered=Exists(_DELIVERIES))

_EDITION = ("updated_at", "cursor_version", "tries")
_Edition = list[Any]
"""The values of those columns: what differs once a drain has changed for workers."""

START_SLACK_SECONDS = 60.0
"""How far producers' clocks, and ours, may be apart where times decide where a drain starts."""


def route_version() -> int:
    """Another number than before means that drains have changed."""
    return RouteVersion.objects.values_list("number", flat=True).get(pk=1)


def load_route_table() -> RouteTable:
    """All routes, read once."""
    return RouteReader().table()


class RouteReader:
    """Reads all routes again and again: a drain that has not changed costs next to nothing."""

    def __init__(self) -> None:
        self._routes: dict[UUID, tuple[_Edition, Route]] = {}

    def table(self) -> RouteTable:
        # The version is read first: a change in between is then read once more.
        version = route_version()
        rows = Drain.objects.values_list("pk", *_EDITION)
        editions = {pk: edition for pk, *edition in rows}
        known = self._routes
        self._routes = {
            pk: known[pk] for pk, edition in editions.items() if _is_of(known, pk, edition)
        }
        changed = editions.keys() - self._routes.keys()
        if len(changed) > ROWS_AT_ONCE:
            self._read(_DRAINS.all().iterator())
        elif changed:
            self._read(_DRAINS.filter(pk__in=changed))
        return RouteTable(version, (route for _, route in self._routes.values()))

    def _read(self, drains: Iterable[Drain]) -> None:
        for drain in drains:
            route = route_of(drain)
            self._routes[drain.pk] = [getattr(drain, name) for name in _EDITION], route
            if route.fault:
                logger.error(
                    "Drain %s waits: %s", drain.pk, route.fault, extra={"action": "bad_drain"}
                )


def _is_of(known: Mapping[UUID, tuple[_Edition, Route]], pk: UUID, edition: _Edition) -> bool:
    found = known.get(pk)
    return found is not None and found[0] == edition


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


def _own_ports() -> Iterator[int]:
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
