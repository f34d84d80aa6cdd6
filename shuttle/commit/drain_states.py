"""The state that is stored with each drain, for lists: what all its workers say together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from drains import history
from drains.models import Drain, DrainStatus
from drains.states import AFTER_NEW, SEVERITY, State, state_of
from drains.status_models import spoken_by_the_living

ROWS_AT_ONCE = 500


class LockedDrain(NamedTuple):
    """What is asked of one whose row is locked."""

    cursor_version: int
    paused: bool
    state: str
    severity: int


def locked(drain_ids: Iterable[str | UUID]) -> dict[str, LockedDrain]:
    """The drains among these that are there: so they stay until the transaction ends. Everybody
    locks them in this order, and before any row that hangs on them."""
    wanted = list(drain_ids)
    if not wanted:
        return {}
    rows = Drain.objects.select_for_update(no_key=True).filter(id__in=wanted)
    found = rows.order_by("id").values_list("id", *LockedDrain._fields)
    return {str(drain_id): LockedDrain(*about) for drain_id, *about in found}


def write_states(drains: Mapping[str, LockedDrain], now: datetime) -> None:
    """Of these what all their workers say together, where that is news. Routes stay as they are:
    no worker reads a drain again for this."""
    if not drains:
        return
    said: dict[str, set[str]] = {}
    rows = DrainStatus.objects.filter(spoken_by_the_living(now), drain_id__in=list(drains))
    for of, word in rows.values_list("drain_id", "state").distinct():
        said.setdefault(str(of), set()).add(word)
    delivered = _delivered(drains)
    news: dict[State, list[str]] = {}
    for drain_id, drain in drains.items():
        state = state_of(
            said.get(drain_id, ()), paused=drain.paused, has_delivered=drain_id in delivered
        )
        if state != drain.state:
            news.setdefault(state, []).append(drain_id)
        elif drain.severity != SEVERITY[state]:  # a worker of the version before has written it
            Drain.objects.filter(pk=drain_id).update(severity=SEVERITY[state])
    _note(news, drains, now)
    for state, ids in news.items():
        severity = SEVERITY[state]
        Drain.objects.filter(pk__in=ids).update(state=state, state_since=now, severity=severity)


def _note(
    news: Mapping[State, list[str]], before: Mapping[str, LockedDrain], now: datetime
) -> None:
    """In the drains' histories; not what a drain is first said to be."""
    states = {of: state for state, ids in news.items() for of in ids if before[of].state}
    if not states:
        return
    spoken = DrainStatus.objects.filter(spoken_by_the_living(now), state="failing")
    failing = spoken.filter(drain_id__in=news.get("failing", ()))
    why = {str(of): said for of, said in failing.values_list("drain_id", "last_error")}
    history.write(
        history.state_event(
            drain.pk,
            drain.owner_name,
            drain.address,
            states[str(drain.pk)],
            why.get(str(drain.pk), ""),
            now,
        )
        for drain in Drain.objects.only("app", "space", "site", "address").filter(pk__in=states)
    )


def _delivered(drains: Mapping[str, LockedDrain]) -> set[str]:
    """Those that ever got a line. Nobody is asked of most of them: their state tells."""
    known = {drain_id for drain_id, drain in drains.items() if drain.state in AFTER_NEW}
    asked = DrainStatus.objects.filter(drain_id__in=drains.keys() - known, lines_sent__gt=0)
    return known.union(map(str, asked.values_list("drain_id", flat=True).distinct()))
