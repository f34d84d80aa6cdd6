"""More of what works and is not as it should be: keys that are quickly guessed and laptop mode in
public are said at each start; the rest by `check --deploy` and `doctor`."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from logshuttle_site.checks import TAG
from logshuttle_site.env_secrets import LAPTOPS_OWN, SECRET_CHARACTERS_MIN

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "[::1]", ".localhost"})
PUBLIC_LAPTOP = (
    "Laptop mode is served on %s: who reaches it may send drains to this machine, and its secrets"
    " have defaults that everybody knows. Unset DEBUG."
)
_DIFFERENT_MIN = 8
"""Characters that a random text of 32 has at least: hexadecimal ones have 13 or so."""


@register(TAG)
def keys_that_are_known(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """W007. Of laptop mode W001 says it."""
    names = [] if settings.LAPTOP_MODE else sorted(set(_known_keys()))
    return [
        Warning(
            f"{name} is a text that everybody knows or that is quickly guessed.",
            hint="Set a random one: python -c 'import secrets; print(secrets.token_urlsafe(48))'."
            ' How keys change is in docs/configuration.md, "Keys that change".',
            id="logshuttle.W007",
        )
        for name in names
    ]


def _known_keys() -> Iterator[str]:
    """The names of settings."""
    for name in ("AUTH_KEY", "SECRET_KEY"):
        if _is_known(getattr(settings, name)):
            yield name
        if any(map(_is_known, getattr(settings, f"{name}_FALLBACKS", ()))):
            yield f"{name}_FALLBACKS"
    if any(len(set(urlsafe_b64decode(key))) < _DIFFERENT_MIN for key in _field_keys()):
        yield "FIELD_ENCRYPTION_KEYS"


def _is_known(key: str) -> bool:
    """Of one that is short W005 says it, or the start is refused."""
    is_monotonous = len(key) >= SECRET_CHARACTERS_MIN and len(set(key)) < _DIFFERENT_MIN
    return key == LAPTOPS_OWN or is_monotonous


def _field_keys() -> list[str]:
    return [] if settings.ENCRYPTION_KEYS_DERIVED else settings.FIELD_ENCRYPTION_KEYS


@register(TAG)
def laptop_in_public(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """W008. Of `runweb --host` that command says it."""
    names = [name for name in settings.ALLOWED_HOSTS if name not in LOOPBACK_HOSTS]
    if not settings.LAPTOP_MODE or not names:
        return []
    return [
        Warning(
            PUBLIC_LAPTOP % ", ".join(names),
            hint="Or leave ALLOWED_HOSTS unset: then pages answer to this machine alone.",
            id="logshuttle.W008",
        )
    ]


@register(TAG, deploy=True)
def demo_kafka(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """W009."""
    hosts = [host.rpartition(":")[0] for host in settings.KAFKA_HOSTS]
    if not hosts or not LOOPBACK_HOSTS.issuperset(hosts):
        return []
    return [
        Warning(
            "Kafka is this machine's own, as the demo's is: with it all lines would go.",
            hint="Set KAFKA_HOSTS to a cluster that keeps several copies of each record.",
            id="logshuttle.W009",
        )
    ]


@register(TAG, deploy=True)
def no_session_url(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """W010."""
    if settings.SESSION_URL:
        return []
    return [
        Warning(
            "URLs of log sessions begin with whatever name their request came by.",
            hint="Set SESSION_URL to the public base, such as https://tail.example.com.",
            id="logshuttle.W010",
        )
    ]
