"""Settings that are more than one value: what they are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from events.als.tls import TlsFiles
from events.kafka.client import client_conf
from events.owners import faults_of
from events.topics import SOURCE_TOPICS
from logshuttle_site.database.options import is_server, postgres_options
from logshuttle_site.env import Env

_HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:\[\]/@]+)(?::(\d{1,5}))?", re.ASCII)
_GROUP_MAX = 255
_GROUP = re.compile(rf"[!-~]{{1,{_GROUP_MAX}}}")
_KAFKA_PORT = 9092
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


def kafka_conf_of(env: Env, hosts: list[str], *, probe: bool) -> dict[str, str]:
    """librdkafka's settings: KAFKA_CONF_security_protocol (or …_SECURITY_PROTOCOL) and so on.

    `probe`: let librdkafka say what is wrong with them; it asks no broker for that.
    """
    extras = env.prefixed("KAFKA_CONF_")
    named = {name.lower().replace("_", "."): value for name, value in extras.items()}
    conf = {"bootstrap.servers": ",".join(hosts), **named}
    if probe and extras and hosts:
        try:
            AdminClient(client_conf(conf))
        except (KafkaException, ValueError) as error:
            env.fault("KAFKA_CONF_…", error.args[0].str() if error.args else "not usable")
    return conf


def kafka_group_of(env: Env, default: str) -> str:
    group = env.text("KAFKA_GROUP", default)
    if not _GROUP.fullmatch(group) or group == "*":  # which means all groups, to Kafka's ACLs
        env.fault("KAFKA_GROUP", f"must be 1 to {_GROUP_MAX} characters of ASCII without blanks")
    return group


def als_tls_of(env: Env) -> TlsFiles:
    """ALS_TLS_CERTIFICATE, ALS_TLS_KEY, ALS_TLS_CLIENT_CA: paths of PEM files."""
    files = TlsFiles(*(env.text(f"ALS_TLS_{field.upper()}") for field in TlsFiles._fields))
    for field, what in files.faults():
        env.fault(f"ALS_TLS_{field.upper()}", what)
    return files


def redis_url_of(env: Env) -> str:
    url = env.secret("REDIS_URL")
    if url and not _is_redis_url(url):
        env.fault("REDIS_URL", "must look like redis://host:port")
    return url


def _is_redis_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        tcp = parts.scheme in ("redis", "rediss") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none; it may repeat the URL, which may hold a password
        return False
    return bool(tcp) or (parts.scheme == "unix" and bool(parts.path))


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


def database_of(env: Env) -> tuple[dict[str, Any], bool]:
    """Django's settings for DATABASE_URL, else POSTGRES_URL, else a file in this folder; and
    whether it had to be that file."""
    for name in ("DATABASE_URL", "POSTGRES_URL"):
        url = env.secret(name)
        if url:
            return _database_from(env, name, url), False
    return _with_options(dj_database_url.parse("sqlite:///logshuttle.sqlite3")), True


def _database_from(env: Env, name: str, url: str) -> dict[str, Any]:
    try:
        parsed = dj_database_url.parse(url, conn_health_checks=True)
    except (ValueError, KeyError):  # both may repeat the URL, which may hold a password
        parsed = {}
    engine = parsed.get("ENGINE", "")
    if not engine.endswith(("postgresql", "sqlite3")) or not parsed.get("NAME"):
        env.fault(name, "must look like postgres://user:password@host:port/name or sqlite:///file")
        return {}
    return _with_options(parsed)


def _with_options(parsed: Any) -> dict[str, Any]:
    given = parsed.get("OPTIONS", {})
    if parsed["ENGINE"].endswith("sqlite3"):
        return {**parsed, "OPTIONS": {**_SQLITE, **given}}
    return {
        **parsed,
        "ENGINE": _POSTGRES_ENGINE,
        "OPTIONS": postgres_options(given, serves=is_server()),
        "DISABLE_SERVER_SIDE_CURSORS": True,  # of which poolers know nothing
    }


def services_of(
    kafka: Mapping[str, str], redis_url: str, database: Mapping[str, Any]
) -> list[tuple[str, int]]:
    """Host and port of each server that we use ourselves."""
    brokers = f"{kafka.get('bootstrap.servers', '')},{kafka.get('metadata.broker.list', '')}"
    found = [_host_and_port(word.strip(), _KAFKA_PORT) for word in brokers.split(",")]
    found.append(_host_and_port(redis_url, _REDIS_PORT))
    if database.get("ENGINE", "").endswith("postgresql"):
        found.extend(_postgres_services(database))
    return sorted({service for service in found if service})


def _host_and_port(text: str, default_port: int) -> tuple[str, int] | None:
    """Host and port of a URL, or of a broker as it is named: host, host:port, PLAINTEXT://host:port."""
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
        for port in str(ports).split(","):
            if host and port.isdecimal():
                yield ("localhost" if host[0] in "/@" else host.lower()), int(port)


def audit_topic_of(env: Env) -> str:
    """A space, whose app `audit` the audit's lines are of; empty: none."""
    name = env.text("AUDIT_TOPIC")
    faults = faults_of({"space": name}, reserved=SOURCE_TOPICS) if name else {}
    for why in faults.values():
        env.fault("AUDIT_TOPIC", f"{name!r} {why}")
    return name


def trusted_proxies_of(env: Env) -> list[str]:
    cidrs = env.networks("TRUSTED_PROXIES")
    if any(cidr.endswith("/0") for cidr in cidrs):
        env.fault("TRUSTED_PROXIES", "all addresses would be front doors, and nobody a client")
    return cidrs
