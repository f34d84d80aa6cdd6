"""The keys: which are set, and which rows none of them opens."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, InterfaceError, models

from drains.rotation import encrypted_fields
from drains.unreadable import can_be_read
from logshuttle_site.doctor.findings import Finding, fail, first_line, ok

NAMED_MAX = 10
_ROWS_AT_ONCE = 500


def keys() -> Iterator[Finding]:
    yield from _lengths()
    try:
        for model in filter(encrypted_fields, apps.get_models()):
            yield _rows_of(model)
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
        return
    count = len(settings.FIELD_ENCRYPTION_KEYS)
    several = " Run `rotatesecrets`, then take the older ones away." if count > 1 else ""
    yield ok(f"FIELD_ENCRYPTION_KEYS has {count}.{several}")


def _rows_of(model: type[models.Model]) -> Finding:
    unread, rows = 0, 0
    named: list[str] = []
    every = model._default_manager.order_by("pk")
    for row in every.iterator(chunk_size=_ROWS_AT_ONCE):
        rows += 1
        if not can_be_read(row):
            unread += 1
            if unread <= NAMED_MAX:
                named.append(f"{row.pk} ({row})")
    what = str(model._meta.verbose_name_plural)
    if not unread:
        return ok(f"All {what} can be decrypted ({rows}).")
    more = f"; and {unread - NAMED_MAX} more" if unread > NAMED_MAX else ""
    return fail(
        f"{unread} of {rows} {what} cannot be decrypted: {'; '.join(named)}{more}.",
        "Add the key that they were written with to FIELD_ENCRYPTION_KEYS, last; or give anew what"
        " they hold.",
    )
