"""The settings as they count, without secrets: for people and for scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.conf import settings

from logshuttle_site.env import Env
from logshuttle_site.env_kafka import is_secret_property

_HIDDEN = "***"
_PREFIX = "KAFKA_CONF_"
_KEPT_AS = {"DEBUG": "LAPTOP_MODE", "USE_SESSION": "RUN_SESSION"}
"""Settings that have another name than their variable."""
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


class Shown(NamedTuple):
    name: str
    value: str
    """Masked where it is a secret."""
    source: str
    """default, set, or file: where it comes from."""


def effective_settings(env: Env) -> Iterator[Shown]:
    """Of all names that settings.py asks for, in order of the alphabet."""
    for name, is_secret in sorted(env.names.items()):
        secret = is_secret_property(name) if name.startswith(_PREFIX) else is_secret
        source = "set" if env.given(name) else "file" if env.given(f"{name}_FILE") else "default"
        yield Shown(name, _value_of(env, name, secret, source), source)


def _value_of(env: Env, name: str, is_secret: bool, source: str) -> str:
    if is_secret:
        return masked(env.secret(name)) if source != "default" else ""
    setting = _KEPT_AS.get(name, name)
    if hasattr(settings, setting):
        return _text(getattr(settings, setting))
    return env.given(name) or (env.secret(name) if source == "file" else "")


def masked(secret: str) -> str:
    """Of a URL, where it leads; else how long it is. Nothing of a user, a password or a query."""
    scheme = _SCHEME.match(secret)
    if scheme is None:
        keys = [len(key.strip()) for key in secret.split(",") if key.strip()]
        each = ", ".join(f"{count} characters" for count in keys)
        return f"{_HIDDEN} ({each})" if keys else ""
    _, at, rest = secret[scheme.end() :].rpartition("@")
    place, question, _ = rest.partition("?")
    hidden = f"{_HIDDEN}@" if at else ""
    return f"{scheme[0]}{hidden}{place.partition('#')[0]}{'?' + _HIDDEN if question else ''}"


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return "" if value is None else str(value)
