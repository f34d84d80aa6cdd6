"""`GET /overview`: what the first page says, for programs."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from drains.models import DrainEvent
from drains.moments import rfc3339
from events.access import Scope
from logshuttle_site.overview.figures import overview
from logshuttle_site.overview.head import head_of
from logshuttle_site.overview.rollups import RANGES, Sums
from logshuttle_site.overview.values import Overview


class OverviewFigures(APIView):
    scopes = {"get": Scope.OPERATOR}

    def get(self, request: Request) -> Response:
        """`?range=24h`: what its series are of."""
        wanted: str = request.query_params.get("range", "1h")
        if wanted not in RANGES:
            raise ParseError(f"range: {wanted[:60]!r} is none of {', '.join(RANGES)}")
        return Response(json_of(overview(wanted)))


def json_of(found: Overview) -> dict[str, Any]:
    head = head_of(found)
    return _plain(  # type: ignore[no-any-return]
        {
            "at": rfc3339(found.now),
            "head": {"tone": head.tone, "text": head.text, "detail": head.detail},
            "drains": {"total": found.total, **found.drains},
            "behind": {"lines": found.behind_lines, "drains": found.behind_drains},
            "last_minute": _rates(found.minute),
            "last_24_h": _totals(found.day),
            "needs_you": {
                "failing": [{"receiver": of.receiver, **of._asdict()} for of in found.causes],
                "waiting": found.waiting,
                "certificates": found.certificates,
                "silent_topics": found.silent,
                "ownerless_partitions": found.ownerless,
                "shortages": found.shortages,
            },
            "retention_seconds": found.retention_seconds,
            "series": found.series,
            "workers": found.workers,
            "talkers": {"5_min": found.talkers, "24_h": found.talkers_day},
            "topics_24_h": found.topics_day,
            "costliest_drains": found.costliest,
            "tails": {
                "open": found.tails,
                "sessions": found.tail_sessions,
                "lines_24_h": found.tail_lines,
            },
            "malformed": found.malformed,
            "events": [_event(event) for event in found.events],
        }
    )


def _event(event: DrainEvent) -> dict[str, Any]:
    return {
        "at": event.at,
        "drain": str(event.drain),
        "owner": event.owner,
        "address": event.address,
        "what": "state" if event.state else event.what,
        "state": event.state,
        "why": event.why,
    }


def _rates(minute: Sums | None) -> dict[str, Any] | None:
    """None: no figures of the last minute."""
    if minute is None:
        return None
    return {
        "received_per_second": {of: n / 60 for of, n in minute.counts.get("received", {}).items()},
        "delivered_per_second": {
            of: n / 60 for of, n in minute.counts.get("delivered", {}).items()
        },
        "delay_p50_seconds": minute.delay(0.5),
        "delay_p99_seconds": minute.delay(0.99),
    }


def _totals(day: Sums | None) -> dict[str, Any] | None:
    if day is None:
        return None
    names = ("received", "delivered", "lost", "malformed")
    return {name: dict(day.counts.get(name, {})) for name in names}


def _plain(value: Any) -> Any:
    """Of plain values, moments and the tuples above."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
