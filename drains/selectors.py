"""Rows → the plain values that workers use."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

from django.conf import settings

from drains.delivery.egress import EgressPolicy
from drains.fields import UndecryptableError
from drains.models import Drain, RouteVersion
from drains.options import DrainOptions
from drains.routes import Route, RouteTable

logger = logging.getLogger(__name__)


def route_version() -> int:
    """Another number than before means that drains have changed."""
    return RouteVersion.objects.values_list("number", flat=True).get(pk=1)


def load_route_table() -> RouteTable:
    """All routes. The version is read first: a change in between is then read once more."""
    return RouteTable(route_version(), _routes())


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
    """Raises UndecryptableError, or ValueError for what the rules refuse by now."""
    return Route(
        drain_id=str(drain.pk),
        key=drain.key,
        destination=drain.destination,
        active_since_ms=int(drain.active_since.timestamp() * 1000),
        paused=drain.paused,
        options=_options_of(drain),
    )


def _routes() -> Iterator[Route]:
    for drain in Drain.objects.iterator():
        try:
            yield route_of(drain)
        except (UndecryptableError, ValueError) as error:
            # One drain that nobody can read must not keep the others from their lines.
            logger.error(
                "Drain %s cannot be used: %s", drain.pk, error, extra={"action": "bad_drain"}
            )


def _options_of(drain: Drain) -> DrainOptions:
    """With no more connections than the setting allows by now. Raises ValueError as `route_of`."""
    options = drain.options
    options.filter.line_test()  # patterns that were good once may not be for another RE2
    connections = min(options.connections, settings.MAX_SYSLOG_CONNECTIONS)
    return replace(options, connections=connections)
