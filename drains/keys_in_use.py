"""Which keys rows hang on: told without decrypting any, of 100,000 within seconds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.db import models

from drains.fields import Encrypted, UndecryptableError
from drains.models import Drain
from drains.options.stored import secrets_in
from drains.rotation import encrypted_fields

_ROWS_AT_ONCE = 2000


@dataclass
class KeysInUse:
    """Of one kind of rows."""

    total: int
    rows: int = 0
    """Looked at."""
    by_key: Counter[int] = field(default_factory=Counter)
    """Rows, by the oldest key that they hang on: 1 is the newest."""
    lost: list[Any] = field(default_factory=list)
    """Ids of those of which a part is under none of our keys."""

    @property
    def are_all(self) -> bool:
        return self.rows >= self.total


def keys_in_use(kind: type[models.Model], seconds: float) -> KeysInUse:
    """Of as many rows as can be looked at in that time, by their ids: those of drains are made by
    chance, so that the first ones are as good as any."""
    found = KeysInUse(kind._default_manager.count())
    ends_at = time.monotonic() + seconds
    for portion in _portions(kind):
        for pk, *values in portion:
            try:
                number = max((text.key_number for text in _secrets_of(values)), default=None)
            except UndecryptableError:
                found.lost.append(pk)
            else:
                found.by_key.update(() if number is None else (number,))
        found.rows += len(portion)
        if time.monotonic() >= ends_at:
            break
    return found


def _secrets_of(values: Sequence[Any]) -> Iterator[Encrypted]:
    """Of a row: an encrypted field is what it says, and other text the options of a drain."""
    for value in values:
        if isinstance(value, Encrypted):
            yield value
        elif value:
            try:
                yield from secrets_in(value)
            except ValueError:  # which nobody can use; whoever sends its lines says so
                continue


def _portions(kind: type[models.Model]) -> Iterator[list[tuple[Any, ...]]]:
    columns = chain(["pk"], encrypted_fields(kind), ["stored_options"] if kind is Drain else [])
    rows = kind._default_manager.order_by("pk").values_list(*columns)
    portion = list(rows[:_ROWS_AT_ONCE])
    while portion:
        yield portion
        portion = list(rows.filter(pk__gt=portion[-1][0])[:_ROWS_AT_ONCE])
