"""Secrets that we sign and encrypt with, and what is made of them."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from typing import NamedTuple

from cryptography.fernet import Fernet

from events.derived_keys import derived_key
from logshuttle_site.env import Env

SECRET_CHARACTERS_MIN = 32
"""Of AUTH_KEY and SECRET_KEY: so many letters of a random text nobody guesses."""

LAPTOPS_OWN = "laptop mode has no secrets"


_MORE_BEHIND = re.compile(r"=[^=]*[A-Za-z0-9_+/-]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def auth_keys_of(env: Env) -> list[str]:
    """AUTH_KEY, which may be empty, and those before it."""
    keys = {"AUTH_KEY": [env.secret("AUTH_KEY")]}
    keys["AUTH_KEY_FALLBACKS"] = env.secrets("AUTH_KEY_FALLBACKS")
    for name, each in keys.items():
        for why in sorted(filter(None, map(_fault_of_header, each))):
            env.fault(name, why)
    return [key for each in keys.values() for key in each]


def _fault_of_header(key: str) -> str:
    if _CONTROLS.search(key):
        return "no header can carry it: it has a line break or another control character inside"
    return ""


def secret_keys_of(env: Env, *, is_laptop: bool, is_offline: bool) -> list[str]:
    """SECRET_KEY, and those before it; none in a command that was given none and needs none."""
    key, fallbacks = env.secret("SECRET_KEY"), env.secrets("SECRET_KEY_FALLBACKS")
    if is_laptop:
        key = key or LAPTOPS_OWN
    elif not is_offline:
        env.required("SECRET_KEY", key, "a long random text, the same for all processes")
        if 0 < len(key) < SECRET_CHARACTERS_MIN:
            what = f"must have {SECRET_CHARACTERS_MIN} characters at least: set a new one"
            env.fault("SECRET_KEY", f"{what}, and {_way_out_of(key)}")
    return [key, *fallbacks] if key else []


def _way_out_of(key: str) -> str:
    if "," not in key:
        return "move this one to SECRET_KEY_FALLBACKS"
    return (
        "give what was made of this one as FIELD_ENCRYPTION_KEYS, as a comma keeps it from"
        ' SECRET_KEY_FALLBACKS (docs/configuration.md, "Keys that change")'
    )


class FieldKeys(NamedTuple):
    keys: list[str]
    """Fernet's, newest first."""
    former: str = ""
    """What versions before this made of SECRET_KEY, and of the oldest one where it has changed
    since: they have no other. Empty where the keys are given."""


NO_FERNET_KEY = (
    "is not 32 bytes in URL-safe base64: one is made by openssl rand -base64 32 | tr +/ -_"
)


def encryption_keys_of(env: Env, secret_keys: list[str]) -> FieldKeys:
    """Given, or made from SECRET_KEY and those before it; then the former ones are the last: rows
    need them until `rotatesecrets` has run."""
    keys = env.secrets("FIELD_ENCRYPTION_KEYS")
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            env.fault("FIELD_ENCRYPTION_KEYS", f"key {number} {NO_FERNET_KEY}")
        if _MORE_BEHIND.search(key):  # which would be left out without a word
            env.fault("FIELD_ENCRYPTION_KEYS", f"key {number} is followed by more without a comma")
    if keys:
        return FieldKeys(keys)
    ours = (derived_key(secret.encode(), "field encryption") for secret in secret_keys)
    former = [_formerly_made_of(secret) for secret in secret_keys]
    return FieldKeys([*map(_fernet_key, ours), *former], former[-1] if former else "")


def _formerly_made_of(secret_key: str) -> str:
    digest = hashlib.sha256(b"logshuttle field encryption\0" + secret_key.encode()).digest()
    return _fernet_key(digest)


def _fernet_key(key: bytes) -> str:
    return urlsafe_b64encode(key).decode()
