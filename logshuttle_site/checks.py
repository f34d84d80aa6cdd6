"""What works, but is not as it should be in production. Said at each start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from logshuttle_site.env_secrets import SECRET_CHARACTERS_MIN

TAG = "logshuttle"


@register(TAG)
def production(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """W001 laptop mode, W002 any host, W003 derived keys, W004 no database, W005 a short key."""
    if settings.LAPTOP_MODE:
        return [
            Warning(
                "Laptop mode: drains may go to this machine, and secrets have defaults.",
                hint="Unset DEBUG in production.",
                id="logshuttle.W001",
            )
        ]
    said = (_any_host(), _derived_keys(), _no_database(), _short_key())
    return [one for one in said if one is not None]


def _any_host() -> CheckMessage | None:
    if settings.ALLOWED_HOSTS != ["*"]:
        return None
    return Warning(
        "Pages are served under any host name.",
        hint="Set ALLOWED_HOSTS to the names that clients use.",
        id="logshuttle.W002",
    )


def _derived_keys() -> CheckMessage | None:
    if not settings.ENCRYPTION_KEYS_DERIVED:
        return None
    return Warning(
        "Drains' secrets are encrypted with a key made from SECRET_KEY.",
        hint="Set FIELD_ENCRYPTION_KEYS, so that each can be changed by itself: a new key, and"
        ' those made from SECRET_KEY behind it (docs/configuration.md, "Keys that change").',
        id="logshuttle.W003",
    )


def _no_database() -> CheckMessage | None:
    if not settings.DATABASE_BY_DEFAULT:
        return None
    return Warning(
        "Drains are kept in a file of the working directory: another folder is another"
        " installation.",
        hint="Set DATABASE_URL, the same for all processes.",
        id="logshuttle.W004",
    )


def _short_key() -> CheckMessage | None:
    keys = {"AUTH_KEY": [settings.AUTH_KEY], "AUTH_KEY_FALLBACKS": settings.AUTH_KEY_FALLBACKS}
    short = [name for name in keys if any(len(k) < SECRET_CHARACTERS_MIN for k in keys[name])]
    if not short:
        return None
    which = " and one of ".join(short) if short[0] == "AUTH_KEY" else f"One of {short[0]}"
    return Warning(
        f"{which} has less than {SECRET_CHARACTERS_MIN} characters: it may be guessed.",
        hint="Set a long random text without a comma, and give it to the clients of the API.",
        id="logshuttle.W005",
    )


@register(TAG)
def front_door(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """W006 nobody is believed who says that there was TLS."""
    if settings.TRUSTED_PROXIES or not settings.SECURE_SSL_REDIRECT:
        return []
    return [
        Warning(
            "All who come are sent on to HTTPS, and no front door is trusted to say that they have"
            " come by it.",
            hint="Set TRUSTED_PROXIES to the addresses of what speaks TLS for `runweb`.",
            id="logshuttle.W006",
        )
    ]
