"""A change of drains as a transaction: workers notice it, listeners hear of it, and who changes the
same at the same time waits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max

from drains.errors import TwinDrainError, UnknownDrainError
from drains.models import Drain
from drains.settings_tag import refuse_changed
from drains.versions import GoneDrain, RouteVersion
from events.changes import Change, announce

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass
class Doing:
    what: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    """As Change has them."""


@contextmanager
def route_change(drain: Drain, what: str) -> Iterator[Doing]:
    """A transaction that workers will notice; `what`: is done in it."""
    doing = Doing(what)
    with transaction.atomic():
        number = count_up_routes()
        yield doing
        stamp([drain.pk], number)
        if doing.what != "changed" or doing.before or doing.after:  # else it is as it was
            announce(change_of(drain, doing.what, doing.before, doing.after))


def count_up_routes() -> int:
    """The number of the change that this transaction makes. First in it, so that changes wait for
    each other: whoever sees a number sees all that was changed up to it."""
    RouteVersion.objects.filter(pk=1).update(number=F("number") + 1)
    return RouteVersion.objects.values_list("number", flat=True).get(pk=1)


def stamp(drain_ids: Collection[UUID], number: int) -> None:
    """Last in it: workers read what is changed under a number that they have not seen. What is not
    there any more is gone by it."""
    RouteVersion.objects.filter(pk=1).update(stamped=F("stamped") + 1)
    if Drain.objects.filter(pk__in=drain_ids).update(changed=number) < len(drain_ids):
        there = set(Drain.objects.filter(pk__in=drain_ids).values_list("pk", flat=True))
        gone = (GoneDrain(drain=of, changed=number) for of in drain_ids if of not in there)
        GoneDrain.objects.bulk_create(gone)


def forget_gone(before: datetime) -> None:
    """Who has not looked since then reads all routes anew."""
    old = GoneDrain.objects.filter(at__lt=before)
    last = old.aggregate(last=Max("changed"))["last"]
    if last is not None:
        RouteVersion.objects.filter(pk=1, forgotten__lt=last).update(forgotten=last)
        old.filter(changed__lte=last).delete()


def change_of(
    drain: Drain,
    what: str,
    before: Mapping[str, Any] = _NOTHING,
    after: Mapping[str, Any] = _NOTHING,
) -> Change:
    """`what` was done to it."""
    return Change("drain", str(drain.pk), what, drain.owner_name, drain.address, before, after)


def lock(drain: Drain, held: Collection[str] | None = None) -> None:
    """What it is by now: a change that came in between must not be undone. `held`: tags of the
    settings that are to be changed, if they are still these. Raises DrainError.

    Its row is locked before any that hangs on it, as workers do: who locks them the other way round
    waits for those who wait for them.
    """
    try:
        drain.refresh_from_db(from_queryset=Drain.objects.select_for_update())
    except Drain.DoesNotExist:
        raise UnknownDrainError from None
    if held is not None:
        refuse_changed(drain, held)


def refuse_twin(drain: Drain) -> None:
    """Of a URL that is new, inside of its change: who changes the same waits. Raises TwinDrainError
    when its owner has another drain with it."""
    twins = Drain.objects.of(drain.key).filter(url_digest__in=drain.url_digests)
    twin = twins.exclude(pk=drain.pk).first()
    if twin is not None:
        raise TwinDrainError(str(twin.pk))
