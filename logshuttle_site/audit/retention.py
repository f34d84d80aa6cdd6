"""AUDIT_DAYS: what is older is forgotten, some at a time."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from logshuttle_site.audit.models import Entry

AT_ONCE = 1000
PORTIONS_MAX = 20
"""Of one turn: whoever asks has other things to do."""


def forget_old() -> int:
    """How many there were; more may be left for the next turn."""
    if not settings.AUDIT_DAYS:
        return 0
    before, count = timezone.now() - timedelta(days=settings.AUDIT_DAYS), 0
    for _ in range(PORTIONS_MAX):
        forgotten = Entry.objects.all().forget(before, AT_ONCE)
        count += forgotten
        if forgotten < AT_ONCE:
            break
    return count
