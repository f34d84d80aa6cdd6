"""DATABASE_URL and POSTGRES_URL: what Django makes of them, asked of the drivers before anybody
connects."""

from __future__ import annotations

import ipaddress
import os
import re
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import dj_database_url
import psycopg2
from psycopg2.extensions import parse_dsn

from logshuttle_site.env import Env, parameter_of
from logshuttle_site.env_hosts import fault_of_host

LOOKS = "must look like postgres://user:password@host:port/name or sqlite:///file"
ENCODED = "in user and password # is written %23, / %2F, @ %40, : %3A, ? %3F, % %25"
MEMORY = ":memory:"

_POSTGRES = {"postgres", "postgresql", "pgsql"}
_PORT = 5432
_NAME_MAX = 63
_PLACE = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(?::(\d{1,5}))?", re.ASCII)
_NUMBERS = re.compile(r"connect_timeout|keepalives\w*|tcp_user_timeout")
_DJANGOS = {"assume_role", "isolation_level"}
_ISOLATION_LEVELS = (1, 2, 3, 4)
_SQLITES = {"timeout", "transaction_mode", "init_command", "cached_statements"}
_TRANSACTION_MODES = ("DEFERRED", "IMMEDIATE", "EXCLUSIVE")
# A socket there is none in: libpq looks at all that it is given before it calls anybody.
_NOWHERE = "/dev/null"
_CALLED = "connection to server"


class _BadUrlError(Exception):
    """Why it is none. No secret is in its text."""


def database_from(
    env: Env, name: str, url: str, *, may_be_memory: bool, is_used: bool = True
) -> dict[str, Any]:
    """Django's settings of the database at a URL, which came from `name`; empty with a fault.
    Unless it `is_used` here, files and folders that it names need not be there."""
    try:
        return _parsed(url, may_be_memory, is_used)
    except _BadUrlError as error:
        env.fault(name, str(error))
    except (ValueError, KeyError):  # both may repeat the URL, which may hold a password
        env.fault(name, f"{LOOKS}; {ENCODED}")
    return {}


def _parsed(url: str, may_be_memory: bool, is_used: bool) -> dict[str, Any]:
    if url == f"sqlite://{MEMORY}":
        url = f"sqlite:///{MEMORY}"
    parts = urlsplit(url)
    if re.search(r"[\x00-\x1f]", url) or parts.fragment:
        raise ValueError
    if parts.scheme in _POSTGRES:
        return _postgres(parts, is_used)
    if parts.scheme == "sqlite":
        return _sqlite(url, parts, may_be_memory, is_used)
    raise ValueError


def _postgres(parts: SplitResult, is_used: bool) -> dict[str, Any]:
    user, at, places = parts.netloc.rpartition("@")
    name = unquote(parts.path[1:])
    if not name or (not at and "@" in parts.path):
        raise ValueError
    if len(name) > _NAME_MAX:
        raise _BadUrlError(f"names a database by more than {_NAME_MAX} characters")
    plain = f"{parts.scheme}://{user}{at}{parts.path}?{parts.query}"
    parsed: dict[str, Any] = dict(dj_database_url.parse(plain, conn_health_checks=True))
    parsed["HOST"], parsed["PORT"] = _hosts_and_ports(places)
    _refuse_bad_parameters(parsed.get("OPTIONS", {}), parts.query)
    if is_used:
        _refuse_no_authority(parsed.get("OPTIONS", {}))
    _ask_libpq(parsed)
    return parsed


def _hosts_and_ports(places: str) -> tuple[str, Any]:
    """As libpq has them: behind commas. One port that stands at the last host is that of all."""
    found = [_PLACE.fullmatch(place) for place in places.split(",")]
    matches = [match for match in found if match is not None]
    if len(matches) != len(found):
        raise ValueError
    ports = [match[2] for match in matches]
    if any(port is not None and not 0 < int(port) < 65536 for port in ports):
        raise ValueError
    hosts = [unquote(match[1]) for match in matches]
    if len(hosts) > 1 or hosts[0]:
        _refuse_bad_hosts(hosts)
    bare = ",".join(host.strip("[]") for host in hosts)
    if not any(ports[:-1]):
        return bare, int(ports[-1]) if ports[-1] else ""
    return bare, ",".join(port or str(_PORT) for port in ports)


def _refuse_bad_hosts(hosts: list[str]) -> None:
    for host in hosts:
        if not host.startswith(("/", "@")) and (why := fault_of_host(host)):  # a socket's folder
            raise _BadUrlError(f"what stands for its host {why}; {ENCODED}")


def _refuse_bad_parameters(options: dict[str, Any], query: str) -> None:
    for name, value in options.items():
        shown = parameter_of(query, name)
        if name not in _DJANGOS and not _libpq_knows(name):
            raise _BadUrlError(f"the driver knows no such {shown}")
        if isinstance(value, list):
            raise _BadUrlError(f"its {shown} is there twice")
        if _NUMBERS.fullmatch(name) and not re.fullmatch(r"-?\d+", str(value), re.ASCII):
            raise _BadUrlError(f"its {shown} must be a whole number")
    if options.get("isolation_level", 2) not in _ISOLATION_LEVELS:
        raise _BadUrlError("its parameter 'isolation_level' must be a number from 1 to 4")
    for address in filter(None, str(options.get("hostaddr", "")).split(",")):
        ipaddress.ip_address(address)


def _refuse_no_authority(options: dict[str, Any]) -> None:
    root = str(options.get("sslrootcert", ""))
    is_proved = str(options.get("sslmode", "")).startswith("verify-")
    if root and root != "system" and is_proved and not os.path.isfile(root):
        raise _BadUrlError("its parameter 'sslrootcert' names no file that is there")


def _libpq_knows(name: str) -> bool:
    try:
        return re.fullmatch(r"[a-z_]+", name) is not None and bool(parse_dsn(f"{name}=1"))
    except psycopg2.ProgrammingError:
        return False


def _ask_libpq(parsed: dict[str, Any]) -> None:
    """Raises _BadUrlError for what it would say of each connection."""
    options = {n: v for n, v in parsed.get("OPTIONS", {}).items() if n not in _DJANGOS}
    hosts = str(parsed["HOST"] or options.get("host", "")).split(",")
    options |= {"host": ",".join(_NOWHERE for _ in hosts), "hostaddr": ""}
    if options.get("gssencmode", "require") == "require":  # which a socket does not have
        options["gssencmode"] = "disable"
    given = {"user": "USER", "password": "PASSWORD", "port": "PORT"}
    options |= {key: parsed[name] for key, name in given.items() if parsed[name]}
    try:
        psycopg2.connect(**{"dbname": parsed["NAME"], **options}).close()
    except (psycopg2.OperationalError, psycopg2.ProgrammingError) as error:
        said = next(iter(str(error).strip().splitlines()), "")
        if not said.startswith(_CALLED):
            secret = str(options.get("password", ""))
            is_told = secret and secret in said
            raise _BadUrlError("the driver refuses it" + ("" if is_told else f": {said}")) from None


def _sqlite(url: str, parts: SplitResult, may_be_memory: bool, is_used: bool) -> dict[str, Any]:
    if parts.netloc:
        raise _BadUrlError(
            "must have three slashes, or four for a path from the root: sqlite:///file"
        )
    parsed: dict[str, Any] = dict(dj_database_url.parse(url, conn_health_checks=True))
    name, options = parsed["NAME"], parsed.get("OPTIONS", {})
    if name == MEMORY or ":memory:" in name or not parts.path.strip("/"):
        if not may_be_memory:
            raise _BadUrlError("is a database in memory: each connection would have one of its own")
        return parsed
    file = Path(name)
    # Path itself raises where we may not look.
    if is_used and not os.path.isdir(file.parent):
        raise _BadUrlError(f"the folder {file.parent} is not there")
    if os.path.isdir(file):
        raise _BadUrlError(f"{file} is a folder, and not a file of SQLite")
    _refuse_bad_options(options, parts.query)
    return parsed


def _refuse_bad_options(options: dict[str, Any], query: str) -> None:
    for name, value in options.items():
        shown = parameter_of(query, name)
        if name not in _SQLITES:
            raise _BadUrlError(f"the driver knows no such {shown}")
        if isinstance(value, list):
            raise _BadUrlError(f"its {shown} is there twice")
    mode = str(options.get("transaction_mode", "IMMEDIATE"))
    if mode.upper() not in _TRANSACTION_MODES:
        raise _BadUrlError(f"its parameter 'transaction_mode' must be one of {_TRANSACTION_MODES}")
    rest = {n: v for n, v in options.items() if n in ("timeout", "cached_statements")}
    try:
        connection = sqlite3.connect(MEMORY, **rest)
        connection.executescript(str(options.get("init_command", "")))
        connection.close()
    except (sqlite3.Error, TypeError, OverflowError) as error:
        raise _BadUrlError(f"the driver refuses its parameters: {error}") from None
