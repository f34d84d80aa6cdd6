"""A change of drains as a transaction: workers notice it, listeners hear of it, and who changes the
same at the same time waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import F

from drains.errors import TwinDrainError, UnknownDrainError
from drains.models import Drain, RouteVersion
from events.changes import Change, announce


@dataclass
class Doing:
    what: str


@contextmanager
def route_change(drain: Drain, what: str) -> Iterator[Doing]:
    """A transaction that workers will notice; `what`: is done in it. Raises TwinDrainError when the
    URL is taken."""
    doing = Doing(what)
    try:
        with transaction.atomic():
            # First, so that changes wait for each other and their numbers come in their order.
            count_up_routes()
            yield doing
            announce(change_of(drain, doing.what))
    except IntegrityError:
        refuse_twin(drain)
        raise


def count_up_routes() -> None:
    RouteVersion.objects.filter(pk=1).update(number=F("number") + 1)


def change_of(drain: Drain, what: str) -> Change:
    """`what` was done to it."""
    return Change("drain", str(drain.pk), what, drain.owner_name, drain.address)


def lock(drain: Drain) -> None:
    """What it is by now: a change that came in between must not be undone.

    Its row is locked before any that hangs on it, as workers do: who locks them the other way round
    waits for those who wait for them.
    """
    try:
        drain.refresh_from_db(from_queryset=Drain.objects.select_for_update())
    except Drain.DoesNotExist:
        raise UnknownDrainError from None


def refuse_twin(drain: Drain) -> None:
    twins = Drain.objects.of(drain.key).filter(url_digest=drain.url_digest)
    twin = twins.exclude(pk=drain.pk).first()
    if twin is not None:
        raise TwinDrainError(str(twin.pk))
