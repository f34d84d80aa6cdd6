"""Settings that are more than one value: what they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import dj_database_url

from events.als.tls import TlsFiles
from events.owners import faults_of
from events.topics import SOURCE_TOPICS
from logshuttle_site.database.options import postgres_options
from logshuttle_site.env import NO, Env, quoted
from logshuttle_site.env_database import database_from
from logshuttle_site.env_kafka import KAFKA_PORT

_REDIS_PORT = 6379
_POSTGRES_PORT = 5432
_LOCAL_ENTRIES_MAX = 20_000
_RATE_MAX = 100_000
_CACHE_VERSION = 2
"""Of what lies in Redis. 1 were pickles: processes of both may run at a time, and never meet."""

_SQLITE = {
    # Readers and the one writer do not wait for each other; a writer waits its turn.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    "transaction_mode": "IMMEDIATE",
    "timeout": 5,
}
_POSTGRES_ENGINE = "logshuttle_site.database.postgresql"


def test_mode_of(env: Env) -> bool:
    """On for any value, as the original has it; each start says so."""
    value = env.text("TEST_MODE")
    if value:
        what = (
            "test mode is on: HOSTNAME logshuttle-test in every line, a consumer group of its own"
        )
        off = ". Any value turns it on, this one too: unset it to turn it off"
        env.note("TEST_MODE", f"{what}{off if value.lower() in NO else ''}")
    return bool(value)


def als_tls_of(env: Env) -> TlsFiles:
    """ALS_TLS_CERTIFICATE, ALS_TLS_KEY, ALS_TLS_CLIENT_CA: paths of PEM files."""
    files = TlsFiles(*(env.text(f"ALS_TLS_{field.upper()}") for field in TlsFiles._fields))
    for field, what in files.faults():
        env.fault(f"ALS_TLS_{field.upper()}", what)
    return files


def cache_for(redis_url: str) -> dict[str, Any]:
    """Django's settings of the cache that processes share, or of one of this process alone."""
    options = {"OPTIONS": {"MAX_ENTRIES": _LOCAL_ENTRIES_MAX}}
    if not redis_url:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", **options}
    backend = "logshuttle_site.shared_cache.backend.SharedCache"
    return {"BACKEND": backend, "LOCATION": redis_url, "VERSION": _CACHE_VERSION, **options}


def rate_limits_of(env: Env) -> tuple[int, int, int]:
    """How often in a minute: of an address keys and sessions that nobody knows, of an API key its
    requests, and sessions that it opens. 0: as often as they like."""
    limits = (
        env.integer("RATE_LIMIT_UNKNOWN", 60, 0, _RATE_MAX),
        env.integer("RATE_LIMIT_KEY", 600, 0, _RATE_MAX),
        env.integer("RATE_LIMIT_SESSIONS", 30, 0, _RATE_MAX),
    )
    return limits if env.flag("RATE_LIMITS", default=True) else (0, 0, 0)


def database_of(
    env: Env, *, may_be_memory: bool = False, is_used: bool = True, serves: bool = False
) -> tuple[dict[str, Any], bool]:
    """Django's settings for DATABASE_URL, else POSTGRES_URL, else a file in this folder; and
    whether it had to be that file. Empty with a fault. `serves`: questions have time limits."""
    for name in ("DATABASE_URL", "POSTGRES_URL"):
        if url := env.secret(name):
            parsed = database_from(env, name, url, may_be_memory=may_be_memory, is_used=is_used)
            return _as_we_want_it(env, parsed, serves) if parsed else {}, False
    return _as_we_want_it(env, dj_database_url.parse("sqlite:///logshuttle.sqlite3"), serves), True


def _as_we_want_it(env: Env, parsed: Any, serves: bool) -> dict[str, Any]:
    given = parsed.get("OPTIONS", {})
    if parsed["ENGINE"].endswith("sqlite3"):
        return {**parsed, "OPTIONS": {**_SQLITE, **given}}
    return {
        **parsed,
        "ENGINE": _POSTGRES_ENGINE,
        "OPTIONS": postgres_options(given, env.text("PGOPTIONS"), serves=serves),
        "DISABLE_SERVER_SIDE_CURSORS": True,  # of which poolers know nothing
    }


def services_of(
    kafka: Mapping[str, str], redis_url: str, database: Mapping[str, Any]
) -> list[tuple[str, int]]:
    """Host and port of each server that we use ourselves."""
    brokers = kafka.get("bootstrap.servers", "").split(",")
    found = [_host_and_port(broker, KAFKA_PORT) for broker in brokers]
    found.append(_host_and_port(redis_url, _REDIS_PORT))
    if database.get("ENGINE", "").endswith("postgresql"):
        found.extend(_postgres_services(database))
    return sorted({service for service in found if service})


def _host_and_port(text: str, default_port: int) -> tuple[str, int] | None:
    """Host and port of a URL, or of a broker: host:port."""
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        return (parts.hostname, parts.port or default_port) if parts.hostname else None
    except ValueError:
        return None


def _postgres_services(database: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """libpq takes several hosts and ports behind commas; a path, or none, is on this machine."""
    options = database.get("OPTIONS", {})
    hosts = database.get("HOST") or options.get("host") or "localhost"
    ports = database.get("PORT") or options.get("port") or _POSTGRES_PORT
    for host in f"{hosts},{options.get('hostaddr', '')}".split(","):
        for port in str(ports).split(","):  # of each at each: too much is refused rather than less
            if host and port.isdecimal():
                yield ("localhost" if host[0] in "/@" else host.lower()), int(port)


def audit_topic_of(env: Env) -> str:
    """A space, whose app `audit` the audit's lines are of; empty: none."""
    name = env.text("AUDIT_TOPIC")
    faults = faults_of({"space": name}, reserved=SOURCE_TOPICS) if name else {}
    if name.lower() in NO:
        env.fault("AUDIT_TOPIC", f"{name!r} would be a topic: leave it unset for none")
    for why in faults.values():
        env.fault("AUDIT_TOPIC", f"{quoted(name)} {why}")
    return name


def refuse_equal_ports(env: Env, ports: Mapping[str, int]) -> None:
    """Of what listens at a time: by the name of the setting; 0 is none."""
    taken: dict[int, str] = {}
    for name, port in ports.items():
        if port and port in taken:
            env.fault(name, f"{port} is {taken[port]} too, and both listen on one machine")
        taken.setdefault(port, name)


def trusted_proxies_of(env: Env) -> list[str]:
    cidrs = env.networks("TRUSTED_PROXIES")
    if any(cidr.endswith("/0") for cidr in cidrs):
        env.fault("TRUSTED_PROXIES", "all addresses would be front doors, and nobody a client")
    return cidrs
