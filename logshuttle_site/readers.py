"""Settings that are more than one value: what they are made of."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import dj_database_url
from cryptography.fernet import Fernet

from logshuttle_site.env import Env

_HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:\[\]/@]+)(?::(\d{1,5}))?", re.ASCII)
_KAFKA_PORT = 9092

_SQLITE = {
    # Readers and the one writer do not wait for each other; a writer waits its turn.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
}
_POSTGRES = {"connect_timeout": 5}


def kafka_hosts_of(env: Env) -> list[str]:
    """`host:port` of each broker to begin with."""
    hosts = []
    for word in env.words("KAFKA_HOSTS"):
        match = _HOST_AND_PORT.fullmatch(word)
        if match is None or not 0 < int(match[2] or _KAFKA_PORT) < 65536:
            env.fault("KAFKA_HOSTS", f"{word!r} is not host or host:port")
        else:
            hosts.append(f"{match[1]}:{match[2] or _KAFKA_PORT}")
    return hosts


def database_of(env: Env) -> dict[str, Any]:
    """Django's settings for DATABASE_URL, else POSTGRES_URL, else a file in this folder."""
    for name in ("DATABASE_URL", "POSTGRES_URL"):
        url = env.secret(name)
        if url:
            return _database_from(env, name, url)
    return _with_options(dj_database_url.parse("sqlite:///logshuttle.sqlite3"))


def _database_from(env: Env, name: str, url: str) -> dict[str, Any]:
    try:
        parsed = dj_database_url.parse(url, conn_health_checks=True)
    except (ValueError, KeyError):  # both may repeat the URL, which may hold a password
        parsed = {}
    engine = parsed.get("ENGINE", "")
    if not engine.endswith(("postgresql", "sqlite3")):
        env.fault(name, "must look like postgres://user:password@host:port/name or sqlite:///file")
        return {}
    return _with_options(parsed)


def _with_options(parsed: Any) -> dict[str, Any]:
    ours = _SQLITE if parsed["ENGINE"].endswith("sqlite3") else _POSTGRES
    return {**parsed, "OPTIONS": {**ours, **parsed.get("OPTIONS", {})}}


def encryption_keys_of(env: Env, secret_key: str) -> tuple[list[str], bool]:
    """Fernet keys, newest first, and whether they had to be made from SECRET_KEY."""
    keys = [key.strip() for key in env.secret("FIELD_ENCRYPTION_KEYS").split(",") if key.strip()]
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            env.fault("FIELD_ENCRYPTION_KEYS", f"key {number} is not 32 bytes in URL-safe base64")
    if keys:
        return keys, False
    digest = hashlib.sha256(b"logshuttle field encryption\0" + secret_key.encode()).digest()
    return [base64.urlsafe_b64encode(digest).decode()], True
