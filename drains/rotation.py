"""Rows written anew, some at a time: what is encrypted under the newest key, and of drains what is
stored beside their URLs. Workers go on meanwhile, as what they have read says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import IntegrityError, models, transaction

from drains.fields import EncryptedTextField, UndecryptableError
from drains.models import Drain, Installation
from events.keys import Key

_ROWS_AT_ONCE = 500
_COLUMNS_OF_DRAINS = ("url", "url_digest", "address", "scheme", "host", "port", "stored_options")

_Renewals = dict[str, Callable[[Any], None]]
"""What writes which part of a row anew; raises UndecryptableError, or ValueError."""


Tell = Callable[["Rotation"], None]


@dataclass
class Rotation:
    rows: int = 0
    written: int = 0
    """Of these, that were under an older key, or as an older version wrote them."""
    unread: list[str] = field(default_factory=list)
    """Rows that nobody can read, and why."""
    twins: list[str] = field(default_factory=list)
    """Drains with a URL that their owner has twice."""

    @property
    def counts(self) -> dict[str, int]:
        return {"rows": self.rows, "written": self.written, "unread": len(self.unread)}


def encrypted_fields(model: type[models.Model]) -> list[str]:
    return [each.name for each in model._meta.fields if isinstance(each, EncryptedTextField)]


def forget_former_key() -> None:
    """First: what is written from now on is under the newest key."""
    Installation.objects.update(has_former_key=False)


def rotate_drains(tell: Tell) -> Rotation:
    """`tell` is told how far it is after each portion, which is kept whatever comes then."""
    renewals: _Renewals = {"URL": _renew_url, "options": Drain.renew_secrets}
    return _rotate(Drain, _COLUMNS_OF_DRAINS, renewals, tell)


def rotate_fields(model: type[models.Model], tell: Tell) -> Rotation:
    """Of any other model with encrypted fields."""
    names = encrypted_fields(model)
    return _rotate(model, names, {name: partial(_renew_field, name) for name in names}, tell)


def _rotate(
    model: type[models.Model], columns: Sequence[str], renewals: _Renewals, tell: Tell
) -> Rotation:
    done = Rotation()
    every = model._default_manager.order_by("pk")
    for portion in _portions(every):
        rows = portion
        unread, twins = dict[str, None](), dict[str, None]()  # in order, and each once
        while rows:
            before = {row.pk: _values(row, columns) for row in rows}
            unread |= dict.fromkeys(why for row in rows for why in _renew(row, renewals))
            if model is Drain:
                twins |= dict.fromkeys(_keep_twins_apart(rows, before))
            changed = [row for row in rows if _values(row, columns) != before[row.pk]]
            missed = _written(every, changed, columns, before)
            done.written += len(changed) - len(missed)
            # Whoever has changed one meanwhile may have left other parts of it as they were.
            rows = list(every.filter(pk__in=missed)) if missed else []
        done.rows += len(portion)
        done.unread += unread
        done.twins += twins
        tell(done)
    return done


def _written(
    every: models.QuerySet[Any],
    changed: Sequence[models.Model],
    columns: Sequence[str],
    before: Mapping[Any, Mapping[str, Any]],
) -> list[Any]:
    """Keys of those that were not: somebody has changed them meanwhile, or has made a twin."""
    try:
        return _write(every, changed, columns, before)
    except IntegrityError:
        if not _have_twins(changed):
            raise
        return [row.pk for row in changed]


def _write(
    every: models.QuerySet[Any],
    changed: Sequence[models.Model],
    columns: Sequence[str],
    before: Mapping[Any, Mapping[str, Any]],
) -> list[Any]:
    """As the one above; all or none. Raises IntegrityError."""
    missed = []
    with transaction.atomic():
        # A statement each: one for all takes Django several times as long.
        for row in changed:
            as_it_was = every.filter(pk=row.pk, **before[row.pk])
            if not as_it_was.update(**_values(row, columns)):
                missed.append(row.pk)
    return missed


def _renew(row: models.Model, renewals: _Renewals) -> Iterator[str]:
    """Why what of it could not be."""
    for what, renew in renewals.items():
        try:
            renew(row)
        except UndecryptableError as error:
            yield f"{_named(row)}: its {what} cannot be read: {error}"
        except ValueError:  # which may repeat it
            yield f"{_named(row)}: its {what} cannot be used any more"


def _renew_field(name: str, row: models.Model) -> None:
    value = getattr(row, name)
    if value:
        setattr(row, name, value.renewed())


def _renew_url(drain: Drain) -> None:
    _renew_field("url", drain)
    drain.show_url(drain.destination)


def _keep_twins_apart(drains: Sequence[Drain], before: dict[Any, dict[str, Any]]) -> Iterator[str]:
    """An owner has a URL once, unless it could not be known: the digest of one stays then."""
    firsts = _firsts(drains)
    for drain in drains:
        first = firsts.setdefault((drain.key, drain.url_digest), drain.pk)
        if first != drain.pk:
            drain.url_digest = before[drain.pk]["url_digest"]
            yield f"{_named(drain)}: drain {first} of its owner has the same URL"


def _have_twins(rows: Sequence[Any]) -> bool:
    """Whether others have by now what these are to get."""
    firsts = _firsts(rows) if isinstance(rows[0], Drain) else {}
    return any(firsts.get((row.key, row.url_digest), row.pk) != row.pk for row in rows if firsts)


def _firsts(drains: Sequence[Drain]) -> dict[tuple[Key, str], Any]:
    known = Drain.objects.filter(url_digest__in=[drain.url_digest for drain in drains])
    return {(drain.key, drain.url_digest): drain.pk for drain in known}


def _named(row: models.Model) -> str:
    return f"{row._meta.verbose_name} {row.pk} ({row})"


def _values(row: models.Model, columns: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in columns}


def _portions(rows: models.QuerySet[Any]) -> Iterator[list[Any]]:
    """All that are there, some at a time; ordered by their keys."""
    portion = list(rows[:_ROWS_AT_ONCE])
    while portion:
        yield portion
        portion = list(rows.filter(pk__gt=portion[-1].pk)[:_ROWS_AT_ONCE])
