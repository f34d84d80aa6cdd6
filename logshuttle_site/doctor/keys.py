"""The keys: which are set, and which rows none of them opens."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, InterfaceError, models

from drains.rotation import encrypted_fields
from drains.unreadable import LOOKED_AT_MAX, WHAT_TO_DO, lost_of
from logshuttle_site.access.services import what_hangs_on_older_secrets
from logshuttle_site.doctor.findings import Finding, fail, first_line, ok, warn

NAMED_MAX = 10


def keys() -> Iterator[Finding]:
    yield from _lengths()
    try:
        for model in filter(encrypted_fields, apps.get_models()):
            yield _rows_of(model)
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
        return
    count = len(settings.FIELD_ENCRYPTION_KEYS)
    several = " Run `rotatesecrets`, then take the older ones away." if count > 1 else ""
    yield ok(f"FIELD_ENCRYPTION_KEYS has {count}.{several}")


def _api_keys() -> Iterator[Finding]:
    said = what_hangs_on_older_secrets()
    for one in said[:NAMED_MAX]:
        yield warn(f"{one}.", "See docs/configuration.md, “Keys that change”.")
    if len(said) > NAMED_MAX:
        yield warn(
            f"So it is with {len(said) - NAMED_MAX} more keys.", "`rotatesecrets` names them."
        )


def _rows_of(model: type[models.Model]) -> Finding:
    """Of some rows: to decrypt all takes minutes where there are many."""
    if lost := lost_of(model):
        return fail(f"FIELD_ENCRYPTION_KEYS lacks the key of {lost}.", WHAT_TO_DO)
    count, what = model._default_manager.count(), model._meta.verbose_name_plural
    some = f"the first {LOOKED_AT_MAX} of {count:,}" if count > LOOKED_AT_MAX else f"{count}"
    return ok(f"All {what} that were looked at can be decrypted ({some}).")
