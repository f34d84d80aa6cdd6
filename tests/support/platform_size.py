"""A platform's database without its workers: drains of many apps with their statuses, a month of
their history, and what three workers and two web processes have told of a week."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from drains.destination import Destination
from drains.models import Drain, DrainStatus
from drains.status_models import Heartbeat
from events.keys import AppKey
from events.owner_columns import columns_of
from sessions_app.models import TailRollup, Viewers
from shuttle.models import MalformedSample, Rollup, Worker
from tests.support.reports import alive

WORKERS = ("w1", "w2", "w3")
REASONS = ("no such host", "connection refused", "HTTP 429: too many requests")
RECEIVERS = 300
AHEAD = timedelta(hours=1)
"""So long its workers count as those that live, whatever is measured meanwhile."""
EVENTS_A_DRAIN = 30

_EVENTS = """
    INSERT INTO drains_drainevent (drain, owner, address, what, state, why, at, minute)
    SELECT id, app || '-' || space, address, what, what, 'connection refused', moment, moment
    FROM (SELECT d.id, d.app, d.space, d.address, n,
                 CASE n %% 2 WHEN 0 THEN 'failing' ELSE 'state' END AS what,
                 date_trunc('minute', now()) - make_interval(days => n) AS moment
          FROM drains_drain d, generate_series(0, %s) n) made
"""


_ENTRIES = """
    INSERT INTO audit_entry (at, actor_kind, actor, address, request_id, kind, object_id, what,
                             owner, about, before, after)
    SELECT now() - make_interval(mins => n), 'key', 'k' || n %% 40, '192.0.2.1',
           gen_random_uuid(), 'drain', gen_random_uuid(), 'changed', 'app' || n %% 5000 || '-gs',
           'syslog+tls://logs-' || n %% 300 || '.example.com:6514',
           '{"connections": 1}', '{"connections": 4}'
    FROM generate_series(1, %s) n
"""


def fill(
    drains: int,
    *,
    spaces: int = 200,
    days: int = 7,
    events: int = EVENTS_A_DRAIN,
    entries: int = 1_000,
) -> None:
    """PostgreSQL alone. One drain in fifty fails, of each receiver for one reason; `events` of each
    drain, one a day; `entries` of the audit, one a minute."""
    rnd, now = random.Random(1), timezone.now()
    made = [_drain(number, spaces) for number in range(drains)]
    for number, drain in enumerate(made):
        failing = number % 50 == 0
        drain.state, drain.severity = ("failing", 1) if failing else ("live", 6)
        drain.state_since = now - timedelta(minutes=number % 500)
    Drain.objects.bulk_create(made, batch_size=1000)
    DrainStatus.objects.bulk_create(
        [_status(number, drain, now) for number, drain in enumerate(made)], batch_size=1000
    )
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [events - 1])
        cursor.execute(_ENTRIES, [entries])
    for worker in WORKERS:
        alive(worker)
        Worker.objects.create(
            name=worker,
            host=worker,
            version="1",
            started_at=now - timedelta(days=days),
            reported_at=now + AHEAD,
            partitions=100,
            retention_ms={f"space{n}": 7 * 86_400_000 for n in range(spaces)},
        )
    Heartbeat.objects.update(reported_at=now + AHEAD)
    _rollups(Rollup, [{"worker": of} for of in WORKERS], now, days, lambda: _figures(rnd, made))
    _rollups(TailRollup, [{"process": of} for of in "ab"], now, days, _tail_figures)
    Viewers.objects.create(process="a", session="", viewers=3, reported_at=now + AHEAD)
    MalformedSample.objects.bulk_create(
        MalformedSample(
            topic=f"space{n % 7}",
            partition=0,
            offset=n,
            reason=("not JSON", "no kubernetes")[n % 2],
            begins="{" * 200,
            seen_at=now - timedelta(minutes=n),
        )
        for n in range(500)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _drain(number: int, spaces: int) -> Drain:
    drain = Drain(**columns_of(AppKey(f"app{number}", f"space{number % spaces}")))
    url = f"syslog+tls://logs-{number % RECEIVERS}.example.com:6514"
    drain.set_url(url, Destination.parse(url))
    return drain


def _status(number: int, drain: Drain, now: datetime) -> DrainStatus:
    at, failing = now.timestamp(), drain.state == "failing"
    texts = {
        f"sent_by_{name}": f"{int(at // step) - count} {int(at // step)} "
        + ",".join(str(500 + number % 97) for _ in range(count))
        for name, step, count in (("minute", 60, 60), ("quarter", 900, 96))
    }
    return DrainStatus(
        drain=drain,
        worker=WORKERS[number % 3],
        run=f"{WORKERS[number % 3]} 1",
        state=drain.state,
        last_error=REASONS[number % RECEIVERS % 3] if failing else "",
        last_error_at=now if failing else None,
        lag_messages=number % 7 if failing else 0,
        lag_seconds=number % 900 if failing else 0,
        lines_sent=number,
        certificate_ends_at=now + timedelta(days=10 + number % RECEIVERS),
        reported_at=now + AHEAD,
        **texts,
    )


def _rollups(model: Any, owners: list[dict[str, str]], now: datetime, days: int, of: Any) -> None:
    minute = now.replace(second=0, microsecond=0)
    spans = (
        ("minute", [minute - timedelta(minutes=n) for n in range(26 * 60)]),
        ("hour", [minute.replace(minute=0) - timedelta(hours=n) for n in range(24 * days)]),
    )
    rows = [
        model(span=span, begins_at=at, **owner, **of())
        for owner in owners
        for span, begins in spans
        for at in begins
    ]
    model.objects.bulk_create(rows, batch_size=500)


def _figures(rnd: random.Random, drains: list[Drain]) -> dict[str, Any]:
    """With the hundred largest of each kind, as a worker of a busy platform has them."""
    apps = {f"app{n}-space{n % 200}": [rnd.randrange(9_999), 10**6] for n in range(100)}
    costly = {str(drain.pk): [rnd.randrange(9_999), 10**6] for drain in drains[:100]}
    topics = {f"space{n}": rnd.randrange(9_999) for n in range(100)}
    figures = {
        "received": {"kubernetes": 250_000, "router": 90_000, "build": 900},
        "delivered": {"syslog+tls": 250_000, "https": 20_000},
        "lost": {},
        "malformed": {"not JSON": 2},
        "behind": {"line_seconds": 9_999},
        "delays": [0, 250_000, 9_000, 300, 20, 1],
    }
    talkers = {
        "apps": {**apps, "other": [10**5, 10**8]},
        "drains": {**costly, "other": [10**5, 10**8]},
        "topics": {**topics, "other": 10**5},
    }
    return {"figures": figures, "talkers": talkers}


def _tail_figures() -> dict[str, Any]:
    return {"figures": {"open": {"seconds": 180.0, "most": 3}, "lines": {"text": 5_000}}}
