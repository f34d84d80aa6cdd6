"""Rows that a process cannot read, as it lacks their keys: told once, with their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import models

from drains.fields import UndecryptableError, revealed
from drains.models import Drain
from drains.rotation import encrypted_fields

NAMED_MAX = 20
LOOKED_AT_MAX = 100
"""Of each kind, where nobody can wait for all. A drain's id is made by chance, so that the first
ones are as good as any."""
WHAT_TO_DO = (
    "Add the key that they were written with to FIELD_ENCRYPTION_KEYS, last, or give anew what they"
    " hold; all others go on."
)


def listed(names: Sequence[str], count: int) -> str:
    """`names`: NAMED_MAX of them at least, if there are as many; `count`: of all."""
    more = count - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {more:,} more" if more > 0 else "")


def what_cannot_be_read(kinds: Iterable[type[models.Model]]) -> str:
    """A sentence on those among the first of each kind; empty where all can."""
    found = filter(None, map(lost_of, kinds))
    told = "; ".join(found)
    return f"FIELD_ENCRYPTION_KEYS lacks the key of {told}. {WHAT_TO_DO}" if told else ""


def lost_of(kind: type[models.Model]) -> str:
    """How many of the first ones, and which; empty where all can be read."""
    if not encrypted_fields(kind):
        return ""
    rows = list(kind._default_manager.order_by("pk")[: LOOKED_AT_MAX + 1])
    lost = [f"{row.pk} ({row})" for row in rows[:LOOKED_AT_MAX] if not _can_be_read(row)]
    if not lost:
        return ""
    looked_at = f" looked at, of {kind._default_manager.count():,}"
    sample = f"{LOOKED_AT_MAX}{looked_at}" if len(rows) > LOOKED_AT_MAX else f"{len(rows)}"
    kinds = kind._meta.verbose_name_plural
    return f"{len(lost)} of {sample} {kinds}: {listed(lost, len(lost))}"


def _can_be_read(row: models.Model) -> bool:
    try:
        for name in encrypted_fields(type(row)):
            revealed(getattr(row, name))
        if isinstance(row, Drain):
            _ = row.options
    except UndecryptableError:
        return False
    except ValueError:  # its rules have changed; whoever sends its lines says so
        return True
    return True
