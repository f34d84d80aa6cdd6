"""The keys: which are set, which rows hang on which, and what a change of them still needs."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, InterfaceError, models

from drains.keys_in_use import KeysInUse, keys_in_use
from drains.rotation import encrypted_fields
from drains.unreadable import NAMED_MAX, WHAT_TO_DO, listed
from logshuttle_site.access.services import what_hangs_on_older_secrets
from logshuttle_site.doctor.findings import Finding, fail, first_line, ok, warn
from logshuttle_site.doctor.keys_of_processes import keys_of_processes

LOOK_SECONDS = 5.0
"""Of the rows of one kind; some 200,000 of them."""
_KEYS_NAMED_MAX = 10
_ROTATE = "Run `rotatesecrets` before it goes."
_ROTATE_LATER = f"{_ROTATE} First all processes need the same keys."


def keys() -> Iterator[Finding]:
    yield from _lengths()
    try:
        differing = list(keys_of_processes())
        yield from differing
        yield from _rows(is_settled=not differing)
        yield from _api_keys()
    except (DatabaseError, InterfaceError) as error:
        yield fail(
            f"What is encrypted cannot be looked at: {first_line(error)}",
            "See what is said of the database.",
        )


def _lengths() -> Iterator[Finding]:
    """What is wrong with them is said of the settings."""
    for name in ("AUTH_KEY", "SECRET_KEY"):
        key, former = getattr(settings, name), getattr(settings, f"{name}_FALLBACKS", [])
        behind = f", and {len(former)} before it" if former else ""
        yield ok(f"{name} has {len(key)} characters{behind}.")
    if settings.ENCRYPTION_KEYS_DERIVED:
        yield ok("FIELD_ENCRYPTION_KEYS is not set: field keys are made of SECRET_KEY.")
    else:
        yield ok(f"FIELD_ENCRYPTION_KEYS has {len(settings.FIELD_ENCRYPTION_KEYS)}.")


def _rows(*, is_settled: bool) -> Iterator[Finding]:
    """`is_settled`: all processes have the same keys, so that the next step can be told."""
    found = {
        kind: keys_in_use(kind, LOOK_SECONDS)
        for kind in apps.get_models()
        if encrypted_fields(kind)
    }
    for kind, use in found.items():
        yield from _of_one_kind(kind, use, _ROTATE if is_settled else _ROTATE_LATER)
    used = set().union(*(use.by_key for use in found.values()))
    idle = [number for number in _changeable() if number not in used]
    is_known = all(use.are_all and not use.lost for use in found.values())
    if is_settled and is_known and idle and max(used, default=1) == 1:
        yield ok(_what_comes_next(idle))


def _of_one_kind(kind: type[models.Model], use: KeysInUse, what_to_do: str) -> Iterator[Finding]:
    some = f"{use.rows:,}" if use.are_all else f"the first {use.rows:,} (of {use.total:,})"
    of = f"{some} {kind._meta.verbose_name_plural}"
    if use.lost:
        first = kind._default_manager.filter(pk__in=use.lost[:NAMED_MAX]).order_by("pk")
        names = listed([f"{row.pk} ({row})" for row in first], len(use.lost))
        said = f"FIELD_ENCRYPTION_KEYS lacks the key of {len(use.lost):,} of {of}: {names}."
        yield fail(said, WHAT_TO_DO)
    older = {number: rows for number, rows in sorted(use.by_key.items()) if number > 1}
    for number, rows in older.items():
        still = "still uses" if rows == 1 else "still use"
        yield warn(f"{rows:,} of {of} {still} {_key(number)}.", what_to_do)
    if not use.lost and not older and use.rows:
        yield ok(f"All of {of} can be read with {_key(1)}.")


def _key(number: int) -> str:
    """Of FIELD_ENCRYPTION_KEYS, or what it is made of."""
    if not settings.ENCRYPTION_KEYS_DERIVED:
        return f"key {number} of FIELD_ENCRYPTION_KEYS"
    secrets = 1 + len(settings.SECRET_KEY_FALLBACKS)
    place = (number - 1) % secrets
    of = f"key {place} of SECRET_KEY_FALLBACKS" if place else "SECRET_KEY"
    former = ", as versions before this one made it" if number > secrets else ""
    return f"the key made of {of}{former}"


def _changeable() -> range:
    """Keys that an operator can take away: numbers."""
    if settings.ENCRYPTION_KEYS_DERIVED:
        return range(2, 2 + len(settings.SECRET_KEY_FALLBACKS))
    return range(2, 1 + len(settings.FIELD_ENCRYPTION_KEYS))


def _what_comes_next(idle: list[int]) -> str:
    names = " and ".join(map(_key, idle))
    said = f"Nothing uses {names}: if it is new it can come to the front, if it is old it can go"
    if settings.ENCRYPTION_KEYS_DERIVED:
        return f"{said}, 8 hours after SECRET_KEY has changed."
    return f"{said}."


def _api_keys() -> Iterator[Finding]:
    said = what_hangs_on_older_secrets()
    for one in said[:_KEYS_NAMED_MAX]:
        yield warn(f"{one}.", "See docs/configuration.md, “Keys that change”.")
    if len(said) > _KEYS_NAMED_MAX:
        yield warn(
            f"So it is with {len(said) - _KEYS_NAMED_MAX} more keys.", "`rotatesecrets` names them."
        )
