"""All that an operator's first page says, asked of the database in eight questions, however many
drains there are. Nothing is said of now that was true then: what nobody has said lately is None."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import CharField, Count, IntegerField, Max, Min, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, Concat
from django.utils import timezone

from drains.history import told_once
from drains.models import Drain, DrainStatus
from drains.states import State
from drains.status import shown_states
from drains.status_models import spoken_by_the_living
from events.keys import AppKey, SiteKey
from events.owners import name_of
from events.topics import topics_of
from logshuttle_site.overview import rollups, talkers
from logshuttle_site.overview.facts import facts
from logshuttle_site.overview.rollups import DAY, MINUTE, RANGES, Row, Sums
from logshuttle_site.overview.shortages import shortages
from logshuttle_site.overview.spans import spans
from logshuttle_site.overview.talkers import LATELY
from logshuttle_site.overview.values import Cause, CostlyDrain, MalformedKind, Overview, Waiting
from logshuttle_site.overview.workers import workers
from shuttle.models import MalformedSample

CAUSES, OLDEST, EVENTS, KINDS = 100, 50, 10, 20
WAITS_SECONDS = 1.0
"""What is younger is on its way."""


def overview(over: str = "1h") -> Overview:
    """`over`: of RANGES, what its series are of."""
    now, wanted = timezone.now(), RANGES[over]
    crew, rows = workers(now), spans(now, wanted)
    counted = _drains(now, works=any(worker.state == "working" for worker in crew.figures))
    is_silent = counted.is_silent
    costs = talkers.costliest(rows.hours)
    told = facts(now, costs.drains)
    last = now.replace(second=0, microsecond=0)
    lately = [row for row in rows.minutes if row.begins_at == last - MINUTE]
    day = rollups.total(rows.hours) if rows.hours else None
    steps, tails = (rollups.by_step(each, wanted) for each in (rows.steps, rows.tail_steps))
    return Overview(
        now=now,
        workers=crew.figures,
        is_silent=is_silent,
        drains=counted.states,
        behind_lines=counted.lines,
        behind_drains=counted.drains,
        causes=causes_of(now, is_silent=is_silent),
        waiting=waiting_of(now, crew.retention, is_silent=is_silent),
        minute=rollups.total(lately) if lately and not is_silent else None,
        received_lately=_received(rows.minutes, last),
        day=day,
        series=rollups.series(steps, now, wanted, tails),
        talkers=talkers.talkers(row for row in rows.minutes if row.begins_at >= last - LATELY),
        talkers_day=talkers.talkers(rows.hours),
        topics_day=talkers.loud_topics(rows.hours),
        silent=[] if is_silent else talkers.silent(rows.hours, rows.minutes, now, crew.retention),
        events=list(told_once().order_by("-at", "-pk")[:EVENTS]),
        malformed=_malformed(day),
        retention_seconds=min((s for s in crew.retention.values() if s is not None), default=None),
        certificates=told.certificates,
        ownerless=crew.ownerless,
        shortages=shortages(crew.working, counted.unpaused),
        costliest=_costliest(costs, told.drains),
        tails=told.tails,
        tail_sessions=told.tail_sessions,
        tail_lines=rollups.total(rows.tail_hours).all_of("lines") if rows.tail_hours else None,
    )


class _Counted(NamedTuple):
    is_silent: bool
    states: dict[State, int]
    lines: int | None
    """Behind, and of how many drains; None: nobody says."""
    drains: int | None

    @property
    def unpaused(self) -> int:
        return sum(self.states.values()) - self.states.get("paused", 0)


def _drains(now: datetime, *, works: bool) -> _Counted:
    """As lists show them. `works`: a worker has said that it does; one of a version before says so
    only by what it tells of drains. Two counts in one question, and no row of one table is looked
    up in the other: that would be all of both."""
    none = Value(0, IntegerField())
    drains = Drain.objects.order_by().values_list("paused", "state")
    counts = drains.annotate(drains=Count("*"), lines=none, behind=none)
    fresh = DrainStatus.objects.filter(spoken_by_the_living(now))
    late = fresh.filter(lag_messages__gt=0).order_by()
    sums = late.values_list(Value(False), Value("", CharField())).annotate(
        drains=none, lines=Coalesce(Sum("lag_messages"), 0), behind=Count("drain", distinct=True)
    )
    rows = list(counts.union(sums, all=True))
    is_silent = not works and not fresh.exclude(state="").exists()
    states = {
        state: count
        for state, count in shown_states((row[:3] for row in rows), is_silent=is_silent).items()
        if count
    }
    if is_silent and states:
        return _Counted(is_silent, states, None, None)
    lines, behind = (sum(row[column] for row in rows) for column in (3, 4))
    return _Counted(is_silent, states, lines, behind)


def _said(now: datetime, *, is_silent: bool) -> QuerySet[DrainStatus]:
    """What workers say of drains that are not paused; what they said last, where none is left."""
    said = DrainStatus.objects.filter(drain__paused=False)
    if is_silent:
        return said.filter(reported_at__gte=now - DAY).exclude(state="")
    return said.filter(spoken_by_the_living(now))


def causes_of(now: datetime, *, is_silent: bool, limit: int | None = CAUSES) -> list[Cause]:
    """Those of most drains, longest first. `limit`: None for all."""
    said = _said(now, is_silent=is_silent)
    failing = said.filter(state="failing", drain__state="failing")
    owner = Concat("drain__app", Value("-"), "drain__space", Value("-"), "drain__site")
    rows = (
        failing.values("drain__host", "drain__port", "last_error")
        .annotate(
            drains=Count("drain", distinct=True),
            owners=Count(owner, distinct=True),
            since=Min("drain__state_since"),
            behind=Sum("lag_messages"),
            next_try_at=Min("next_try_at", filter=Q(next_try_at__gt=now)),
        )
        .order_by("-drains")[:limit]
    )
    causes = [
        Cause(
            row["drain__host"],
            row["drain__port"],
            row["last_error"],
            row["drains"],
            row["owners"],
            row["since"],
            row["behind"],
            row["next_try_at"],
        )
        for row in rows
    ]
    return sorted(causes, key=lambda cause: (cause.since is None, cause.since))


def waiting_of(
    now: datetime,
    retention: Mapping[str, float | None],
    *,
    is_silent: bool,
    at_least: float = WAITS_SECONDS,
    limit: int | None = OLDEST,
) -> list[Waiting]:
    """Drains whose oldest line is so many seconds old, the oldest first. While nothing is delivered
    it gets older than was written."""
    stuck = Q(lag_seconds__gt=0, reported_at__lte=now - timedelta(seconds=at_least))
    rows = (
        _said(now, is_silent=is_silent)
        .filter(Q(lag_seconds__gte=at_least) | stuck & ~Q(state="live"))
        .values_list("drain_id", "drain__app", "drain__space", "drain__site")
        .annotate(seconds=Max("lag_seconds"), told=Max("reported_at"))
        .order_by("-seconds")[:limit]
    )
    found = []
    for drain_id, app, space, site, seconds, told in rows:
        key = SiteKey(site) if site else AppKey(app, space)
        older = seconds + (now - told).total_seconds()
        found.append(Waiting(str(drain_id), name_of(key), older, _left(key, older, retention)))
    return sorted(found, key=lambda each: -each.seconds)


def _left(
    key: AppKey | SiteKey, seconds: float, retention: Mapping[str, float | None]
) -> float | None:
    kept = [of for topic in topics_of(key) if (of := retention.get(topic)) is not None]
    return max(min(kept) - seconds, 0.0) if kept else None


def _received(minutes: list[Row], last: datetime) -> int | None:
    """Records of the last five minutes; None: nobody has told of all of them."""
    five = rollups.total(row for row in minutes if last - 5 * MINUTE <= row.begins_at < last)
    return five.total("received") if len(five.told) == 5 else None


def _malformed(day: Sums | None) -> list[MalformedKind]:
    """`day`: the last one, in which so many were met."""
    rows = MalformedSample.objects.values_list("reason", "topic").annotate(
        count=Count("pk"), last=Max("seen_at")
    )
    counts = None if day is None else day.counts.get("malformed", Counter())
    return [
        MalformedKind(reason, topic, samples, last, None if counts is None else counts[reason])
        for reason, topic, samples, last in rows.order_by("-last")[:KINDS]
    ]


def _costliest(costs: talkers.Costs, names: Mapping[str, tuple[str, str]]) -> list[CostlyDrain]:
    """Those that are still there."""
    return [
        CostlyDrain(of, *names[of], lines, size, size / costs.bytes)
        for of, (lines, size) in costs.drains.items()
        if of in names
    ]
