"""What is seen now → signs: each is one thing that operators may want to be told of, by a key."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from drains.moments import rfc3339
from logshuttle_site.notifications.kinds import (
    CERTIFICATE,
    FAILING,
    LAG,
    LOST,
    NO_WORKER,
    WORKER_GONE,
)
from logshuttle_site.overview.values import Cause, ExpiringCertificate, Waiting, WorkerFigures

DAYS_LEFT = (1, 7, 30)
"""When the end of a certificate is told of."""
_CHANGES = re.compile(r"[:;] (?:next try in \d+ s|it says: ).*", re.DOTALL)
"""What differs from answer to answer of one receiver that refuses for one reason."""

Facts = dict[str, Any]
"""Of JSON."""


@dataclass(frozen=True, slots=True)
class Seen:
    """By the clock of the database."""

    now: datetime
    is_silent: bool
    """No worker says anything."""
    last_word: datetime | None = None
    """Of any worker, also of those that have ended; None: none in a day, or they report."""
    first_drain_at: datetime | None = None
    """When the oldest drain was made, while no worker reports; None: there is none."""
    workers: list[WorkerFigures] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    """All of them."""
    waiting: list[Waiting] = field(default_factory=list)
    lost: dict[str, dict[str, int]] = field(default_factory=dict)
    """Of the last minutes, each by when it began: lines by reason."""
    certificates: list[ExpiringCertificate] = field(default_factory=list)


class Sign(NamedTuple):
    kind: str
    key: str
    since: datetime | None
    facts: Facts


def signs_of(seen: Seen) -> list[Sign]:
    """While no worker says anything, nobody knows who fails."""
    found = [*_late(seen), *_ending(seen)]
    if seen.lost:
        found.append(Sign(LOST, key_of(LOST), None, {"minutes": seen.lost}))
    if not seen.is_silent:
        return [*found, *_failing(seen), *_gone(seen)]
    if seen.first_drain_at is not None:
        facts = {"last_word": rfc3339(seen.last_word) if seen.last_word else None}
        since = seen.last_word or seen.first_drain_at
        found.append(Sign(NO_WORKER, key_of(NO_WORKER), since, facts))
    return found


def reason_of(why: str) -> str:
    """What stays the same from try to try: the beginning of it."""
    return _CHANGES.sub("", why)


def key_of(*parts: object) -> str:
    return hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=24).hexdigest()


def failure_key(host: str, port: int, why: str) -> str:
    return key_of(FAILING, host, port, reason_of(why))


def _failing(seen: Seen) -> Iterator[Sign]:
    """One of a receiver and a reason."""
    merged: dict[str, Sign] = {}
    for cause in seen.causes:
        reason = reason_of(cause.why)
        key = failure_key(cause.host, cause.port, cause.why)
        facts = {
            "receiver": cause.receiver,
            "host": cause.host,
            "port": cause.port,
            "why": cause.why,
            "reason": reason,
            "drains": cause.drains,
            "behind": cause.behind,
        }
        since = cause.since
        if (other := merged.get(key)) is not None:
            facts |= {name: facts[name] + other.facts[name] for name in ("drains", "behind")}
            since = min((at for at in (since, other.since) if at), default=None)
        facts["since"] = rfc3339(since) if since else None
        merged[key] = Sign(FAILING, key, since, facts)
    yield from merged.values()


def _gone(seen: Seen) -> Iterator[Sign]:
    """Of several: where the last one is gone, that is another thing to tell."""
    if not any(worker.state == "working" for worker in seen.workers):
        return
    for worker in seen.workers:
        if worker.state == "gone":
            last = rfc3339(worker.reported_at)
            facts = {"worker": worker.name, "host": worker.host, "last_word": last}
            yield Sign(WORKER_GONE, key_of(WORKER_GONE, worker.name), worker.reported_at, facts)


def _late(seen: Seen) -> Iterator[Sign]:
    """Drains for whose lines more than half of the time is over for which Kafka keeps them."""
    for each in seen.waiting:
        if each.is_late:
            facts = {
                "drain": each.drain_id,
                "owner": each.owner,
                "oldest_seconds": round(each.seconds),
                "seconds_left": round(each.seconds_left or 0.0),
            }
            yield Sign(LAG, key_of(LAG, each.drain_id), None, facts)


def _ending(seen: Seen) -> Iterator[Sign]:
    """Another sign at each of the limits."""
    for each in seen.certificates:
        left = each.ends_at - seen.now
        limit = next((days for days in DAYS_LEFT if left <= timedelta(days=days)), None)
        if limit is not None:
            ends_at = rfc3339(each.ends_at)
            facts = {**each._asdict(), "ends_at": ends_at, "days": limit}
            key = key_of(CERTIFICATE, each.whose, each.host, each.port, ends_at, limit)
            yield Sign(CERTIFICATE, key, None, facts)
