"""One process at a time judges and sends: the one that holds the lease, by the database's clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now

from logshuttle_site.notifications.models import Lease

HELD = timedelta(seconds=30)
_RENEWED = timedelta(seconds=20)
"""With less than this left."""


def take(holder: str) -> datetime | None:
    """The database's time, for who has the lease now; None: somebody else has it."""
    row = Lease.objects.values_list("holder", "until", Now()).first()
    if row is None:
        Lease.objects.bulk_create([Lease(pk=1, until=Now())], ignore_conflicts=True)
        return None  # the next time
    now: datetime
    owner, until, now = row
    if owner == holder and until - now > _RENEWED:
        return now
    free = Lease.objects.filter(Q(holder=holder) | Q(until__lt=Now()))
    return now if free.update(holder=holder, until=Now() + HELD) else None


def is_held(holder: str) -> bool:
    """Asked inside a transaction: so it stays until that ends."""
    held = Lease.objects.select_for_update().filter(holder=holder, until__gt=Now())
    return bool(list(held))


def give_back(holder: str) -> None:
    """The next one need not wait."""
    Lease.objects.filter(holder=holder).update(holder="", until=Now())
