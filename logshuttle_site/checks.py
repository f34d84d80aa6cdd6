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
    found: list[CheckMessage] = []
    if settings.ALLOWED_HOSTS == ["*"]:
        found.append(
            Warning(
                "Pages are served under any host name.",
                hint="Set ALLOWED_HOSTS to the names that clients use.",
                id="logshuttle.W002",
            )
        )
    if settings.ENCRYPTION_KEYS_DERIVED:
        found.append(
            Warning(
                "Drains' secrets are encrypted with a key made from SECRET_KEY.",
                hint="Set FIELD_ENCRYPTION_KEYS, so that each can be changed by itself.",
                id="logshuttle.W003",
            )
        )
    if settings.DATABASE_BY_DEFAULT:
        found.append(
            Warning(
                "Drains are kept in a file of the working directory: another folder is another"
                " installation.",
                hint="Set DATABASE_URL, the same for all processes.",
                id="logshuttle.W004",
            )
        )
    if len(settings.AUTH_KEY) < SECRET_CHARACTERS_MIN:
        found.append(
            Warning(
                f"AUTH_KEY has less than {SECRET_CHARACTERS_MIN} characters: it may be guessed.",
                hint="Set a long random text, and give it to the clients of the API.",
                id="logshuttle.W005",
            )
        )
    return found
