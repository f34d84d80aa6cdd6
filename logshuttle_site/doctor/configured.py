"""What Django's checks and ours say of the settings, and what clients are told by them."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import Tags, run_checks

from logshuttle_site.checks import TAG
from logshuttle_site.doctor.findings import Finding, ok, warn


def configured() -> Iterator[Finding]:
    found = run_checks(
        tags=[TAG, Tags.security], include_deployment_checks=not settings.LAPTOP_MODE
    )
    said = [each for each in found if not each.is_silenced()]
    for each in said:
        what = f"{each.msg} ({each.id})"
        yield warn(what, each.hint or 'See docs/configuration.md, "In production".')
    for note in settings.SETTINGS_NOTES:
        yield warn(f"{note}.", "See docs/configuration.md.")
    if not said:
        yield ok("`check --deploy` has nothing to say of the settings.")
    yield ok(f"Pages answer to {', '.join(settings.ALLOWED_HOSTS)}.")
    yield ok(f"Log sessions' URLs begin with {settings.SESSION_URL or 'the name that is asked'}.")
    doors = ", ".join(settings.TRUSTED_PROXIES)
    yield ok(f"Front doors: {doors}." if doors else "No front door is trusted.")
