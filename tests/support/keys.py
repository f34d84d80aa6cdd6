"""API keys that tests hold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from logshuttle_site.access import services
from logshuttle_site.access.models import ApiKey


def new_key(
    *scopes: str,
    reach: Iterable[str] = ("*",),
    name: str = "of the tests",
    lives: timedelta | None = None,
) -> str:
    """Its text. `lives`: from now, which may be over."""
    entries = () if "operator" in scopes else tuple(reach)
    ends = None if lives is None else timezone.now() + lives
    return services.create_key(name, scopes=scopes, reach=entries, expires_at=ends)[0]


def row_of(text: str) -> ApiKey:
    return services.key_with(text.split("_")[1])


def revoked_key(*scopes: str) -> str:
    text = new_key(*scopes)
    services.revoke_key(row_of(text))
    return text
