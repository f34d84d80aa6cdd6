"""What tells the keys of two processes apart without telling the keys: written with what each says
of itself, so that `doctor` sees where one was forgotten."""

from __future__ import annotations

from django.conf import settings

from events.derived_keys import derived_key

_LABEL = "which key"
_NAME_BYTES = 4  # enough for a handful of keys, and few for whoever would like to guess at them


def key_names() -> dict[str, list[str]]:
    """By setting, those that are used first at their head, then those that are only taken."""
    secret = settings.SECRET_KEY
    return {
        "FIELD_ENCRYPTION_KEYS": [_name(key) for key in settings.FIELD_ENCRYPTION_KEYS],
        "SECRET_KEY": [_name(key) for key in (secret, *settings.SECRET_KEY_FALLBACKS)],
        # A key that somebody thought up could be guessed at: nobody can without SECRET_KEY.
        "AUTH_KEY": [
            _name(f"{secret}\0{key}")
            for key in (settings.AUTH_KEY, *settings.AUTH_KEY_FALLBACKS)
            if key
        ],
    }


def _name(key: str) -> str:
    return derived_key(key.encode(), _LABEL)[:_NAME_BYTES].hex()
