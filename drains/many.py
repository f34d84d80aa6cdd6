"""What is done to many drains at once: a few statements for a thousand of them, which workers see
as one change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from drains.models import Drain
from drains.route_change import change_of, count_up_routes, stamp
from drains.status import resumed
from drains.told import chosen
from events.changes import announce

AT_ONCE = 1000
"""So many go into one transaction: others wait for it."""

Drains = QuerySet[Drain] | Sequence[UUID]
"""Or their ids, where somebody has looked at each."""
_Facts = Mapping[str, Any]


def receivers_of(ids: Sequence[UUID]) -> list[Drain]:
    """One drain of each receiver."""
    found: dict[tuple[str, str, int], Drain] = {}
    for begin in range(0, len(ids), AT_ONCE):
        for drain in Drain.objects.filter(pk__in=ids[begin : begin + AT_ONCE]):
            found.setdefault(drain.receiver, drain)
    return list(found.values())


def pause_all(drains: Drains) -> int:
    """How many were not paused before."""
    changes = {"paused": True, "updated_at": timezone.now()}
    return _to_each(drains, "paused", lambda some: some.update(**changes), _paused, paused=False)


def resume_all(drains: Drains) -> int:
    """How many were paused."""
    now = timezone.now()

    def resume(some: QuerySet[Drain]) -> None:
        some.update(paused=False, updated_at=now)
        resumed(some, now)

    return _to_each(drains, "resumed", resume, _paused, paused=True)


def try_all(drains: Drains) -> int:
    """How many there were that are not paused."""
    again = F("tries") + 1
    return _to_each(drains, "tried", lambda some: some.update(tries=again), paused=False)


def delete_all(drains: Drains) -> int:
    """How many there were."""
    return _to_each(drains, "deleted", lambda some: some.delete(), lambda of: (chosen(of), {}))


def _paused(drain: Drain) -> tuple[_Facts, _Facts]:
    """Before, and after it is no more as it was."""
    return {"paused": drain.paused}, {"paused": not drain.paused}


def _to_each(
    drains: Drains,
    what: str,
    do: Callable[[QuerySet[Drain]], object],
    told: Callable[[Drain], tuple[_Facts, _Facts]] = lambda _: ({}, {}),
    **only: bool,
) -> int:
    """How many it was done to: to those that are still there, and still as `only` says. `told`: of
    a drain as it was, what is told of before and after."""
    ids = _ids_of(drains, only)
    count = 0
    for begin in range(0, len(ids), AT_ONCE):
        with transaction.atomic():
            number = count_up_routes()
            some = Drain.objects.filter(pk__in=ids[begin : begin + AT_ONCE], **only)
            found = list(some.order_by("pk").select_for_update())
            keys = [drain.pk for drain in found]
            do(Drain.objects.filter(pk__in=keys))
            stamp(keys, number)
            announce(*(change_of(drain, what, *told(drain)) for drain in found))
        count += len(found)
    return count


def _ids_of(drains: Drains, only: Mapping[str, bool]) -> list[UUID]:
    if isinstance(drains, QuerySet):
        found = drains.filter(**only).order_by().values_list("pk", flat=True)
        return list(found.distinct())
    return list(drains)
