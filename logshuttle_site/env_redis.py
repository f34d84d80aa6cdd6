"""REDIS_URL: whether the driver can do anything with it."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from redis import ConnectionPool
from redis.connection import URL_QUERY_ARGUMENT_PARSERS
from redis.exceptions import RedisError

from logshuttle_site.env import Env
from logshuttle_site.env_hosts import fault_of_host

LOOKS = "must look like redis://host:port, or rediss://user:password@host:port/0 with TLS"
ENCODED = "in user and password # is written %23, / %2F, @ %40, : %3A, ? %3F, % %25"

_SCHEMES = {"valkey": "redis", "valkeys": "rediss", "redis": "redis", "rediss": "rediss"}
_FILES = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")
_TEXTS = {"username", "password", "client_name", "ssl_cert_reqs", "ssl_password", *_FILES}
# A list of exceptions' names is none of exceptions; and the pool that waits is not ours.
_PARAMETERS = (URL_QUERY_ARGUMENT_PARSERS.keys() | _TEXTS) - {"retry_on_error", "timeout"}
_ABOVE_0 = ("socket_timeout", "socket_connect_timeout", "socket_read_size")


class _BadUrlError(Exception):
    """Why it is none. No secret is in its text."""


def redis_url_of(env: Env) -> str:
    """As the driver has it: Valkey's schemes are Redis' own by another name."""
    url = env.secret("REDIS_URL")
    try:
        return _usable(url) if url else ""
    except _BadUrlError as error:
        env.fault("REDIS_URL", str(error))
        return url


def _usable(url: str) -> str:
    scheme, _, rest = url.partition("://")
    scheme = _SCHEMES.get(scheme.lower(), scheme.lower())
    if "sentinel" in scheme or "cluster" in scheme:
        raise _BadUrlError(f"sentinels and clusters are not asked for their primary: it {LOOKS}")
    # The cache takes a comma for the beginning of another URL.
    usable = f"{scheme}://{rest.replace(',', '%2C')}"
    try:
        parts = urlsplit(usable)
        _refuse_bad_place(parts)
        _refuse_bad_parameters(parts)
        ConnectionPool.from_url(usable).make_connection()
    except (ValueError, TypeError, RedisError) as error:  # may repeat the URL
        raise _BadUrlError(f"{LOOKS}; {ENCODED}") from error
    return usable


def _refuse_bad_place(parts: SplitResult) -> None:
    """Raises ValueError where it is not even clear what is wrong."""
    if parts.fragment or "@" in parts.path or re.search(r"\s|[\x00-\x1f]", parts.geturl()):
        raise ValueError
    if parts.scheme == "unix":
        if not parts.path or parts.hostname:
            raise _BadUrlError("must look like unix:///path/of/the/socket")
        return
    if parts.scheme not in _SCHEMES or not parts.hostname or parts.port == 0:
        raise ValueError
    if why := fault_of_host(unquote(parts.hostname)):
        raise _BadUrlError(f"what stands for its host {why}; {ENCODED}")
    if parts.path.strip("/") and not parts.path.strip("/").isdecimal():
        raise _BadUrlError(f"behind its host stands the number of a database, as in /0; {ENCODED}")


def _refuse_bad_parameters(parts: SplitResult) -> None:
    given = parse_qs(parts.query)
    for name, values in given.items():
        if name not in _PARAMETERS:
            raise _BadUrlError(f"the driver knows no parameter {name!r}")
        if len(values) > 1:
            raise _BadUrlError(f"its parameter {name!r} is there twice")
        if (why := _fault_of_parameter(name, values[0])) or (
            name.startswith("ssl_") and parts.scheme != "rediss"
        ):
            raise _BadUrlError(f"its parameter {name!r} {why or 'is for rediss:// alone'}")


def _fault_of_parameter(name: str, value: str) -> str:
    if name in _FILES and not Path(value).exists():
        return "names no file that is there"
    read: Any = URL_QUERY_ARGUMENT_PARSERS.get(name, str)
    try:
        number = read(value)
    except (ValueError, TypeError):
        return "has a value that the driver does not take"
    if name == "ssl_min_version" and number not in list(ssl.TLSVersion):
        return "is no version of TLS: 771 is 1.2, 772 is 1.3"
    if name == "db" and number < 0:
        return "must be 0 or more"
    return "must be above 0" if name in _ABOVE_0 and not number > 0 else ""
