"""What a key looks like, and what is kept of it.

`ls_<prefix>_<secret>`: the prefix (8 characters) names it, the secret is 256 random bits in
URL-safe base64 (43). The database has an HMAC-SHA256 of the whole, under a pepper that is made of
SECRET_KEY: who reads the database, or writes into it, has no key by that.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from functools import cache

from django.conf import settings

from events.derived_keys import derived_key

PREFIX_CHARACTERS = 8
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # none that is taken for another
_SECRET_BYTES = 32
_KEY = re.compile(r"ls_([a-z0-9]{8})_[A-Za-z0-9_-]{43}", re.ASCII)
_KEY_CHARACTERS = 3 + PREFIX_CHARACTERS + 1 + 43
_LABEL, _NAME_LABEL = "API keys", "API keys: which pepper"


def new_key() -> tuple[str, str]:
    """Its prefix, and all of it."""
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(PREFIX_CHARACTERS))
    return prefix, f"ls_{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def prefix_of(text: str) -> str | None:
    """None for what is no key of ours, however it came to look like one."""
    found = _KEY.fullmatch(text) if len(text) == _KEY_CHARACTERS else None
    return found[1] if found else None


def digests_of(text: str) -> list[str]:
    """What the database may have of it: under SECRET_KEY first, then under those before it."""
    return [_digest(text, _pepper_of(secret)) for secret in _secrets()]


def pepper_name() -> str:
    """Tells which SECRET_KEY a digest hangs on, without telling the key."""
    return _pepper_name_of(settings.SECRET_KEY)


def pepper_is_known(name: str) -> bool:
    """Whether a SECRET_KEY is listed that such digests hang on."""
    return name in map(_pepper_name_of, _secrets())


def _secrets() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def _digest(text: str, pepper: bytes) -> str:
    return hmac.digest(pepper, text.encode(), hashlib.sha256).hex()


@cache
def _pepper_of(secret: str) -> bytes:
    return derived_key(secret.encode(), _LABEL)


@cache
def _pepper_name_of(secret: str) -> str:
    return derived_key(secret.encode(), _NAME_LABEL)[:8].hex()
