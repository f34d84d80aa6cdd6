"""REDIS_URL: whether the driver can do anything with it."""

from __future__ import annotations

import os
import re
from math import inf
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from logshuttle_site.env import Env, parameter_of
from logshuttle_site.env_hosts import fault_of_host

LOOKS = "must look like redis://host:port, or rediss://user:password@host:port/0 with TLS"
ENCODED = "in user and password # is written %23, / %2F, @ %40, : %3A, ? %3F, % %25"

_SCHEMES = {"valkey": "redis", "valkeys": "rediss", "redis": "redis", "rediss": "rediss"}
_FILES = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")
_TEXTS = ("username", "password", "client_name", "ssl_password", "ssl_ciphers", *_FILES)
_WORDS_OF_TRUTH = ("socket_keepalive", "retry_on_timeout", "ssl_check_hostname")
_ABOVE_0: dict[str, type[float]] = {
    "socket_timeout": float,
    "socket_connect_timeout": float,
    "socket_read_size": int,
}
_FROM_0 = ("db", "max_connections", "health_check_interval")
_CHOICES = {
    "protocol": ("2", "3"),
    "ssl_cert_reqs": ("none", "optional", "required"),
    "ssl_min_version": ("771", "772"),  # TLS 1.2, 1.3
}
PARAMETERS = frozenset({*_TEXTS, *_WORDS_OF_TRUTH, *_ABOVE_0, *_FROM_0, *_CHOICES})
"""That the driver takes in a URL. It is not asked here: a worker, which has no use for the cache,
would have all of it in its memory."""


class _BadUrlError(Exception):
    """Why it is none. No secret is in its text."""


def redis_url_of(env: Env, *, is_used: bool = True) -> str:
    """As the driver has it: Valkey's schemes are Redis' own by another name. Unless it `is_used`
    here, files that it names need not be there."""
    url = env.secret("REDIS_URL")
    try:
        return _usable(url, is_used) if url else ""
    except _BadUrlError as error:
        env.fault("REDIS_URL", str(error))
        return url


def _usable(url: str, is_used: bool) -> str:
    scheme, _, rest = url.partition("://")
    scheme = _SCHEMES.get(scheme.lower(), scheme.lower())
    if "sentinel" in scheme or "cluster" in scheme:
        raise _BadUrlError(f"sentinels and clusters are not asked for their primary: it {LOOKS}")
    # The cache takes a comma for the beginning of another URL.
    usable = f"{scheme}://{rest.replace(',', '%2C')}"
    try:
        parts = urlsplit(usable)
        _refuse_bad_place(parts)
        _refuse_bad_parameters(parts, is_used)
    except ValueError as error:  # may repeat the URL
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


def _refuse_bad_parameters(parts: SplitResult, is_used: bool) -> None:
    for name, values in parse_qs(parts.query).items():
        shown = parameter_of(parts.query, name)
        if name not in PARAMETERS:
            raise _BadUrlError(f"the driver knows no such {shown}")
        if len(values) > 1:
            raise _BadUrlError(f"its {shown} is there twice")
        if name.startswith("ssl_") and parts.scheme != "rediss":
            raise _BadUrlError(f"its {shown} is for rediss:// alone")
        if name in _FILES:
            why = "names no file that is there" if is_used and not _is_there(values[0]) else ""
        else:
            why = _fault_of_parameter(name, values[0])
        if why:
            raise _BadUrlError(f"its {shown} {why}")


def _is_there(path: str) -> bool:
    return os.path.exists(path)


def _fault_of_parameter(name: str, value: str) -> str:
    if name in _FROM_0 and not (value.isascii() and value.isdecimal()):
        return "must be a whole number from 0"
    if name in _CHOICES and value not in _CHOICES[name]:
        return f"must be one of {', '.join(_CHOICES[name])}"
    return "must be a number above 0" if name in _ABOVE_0 and not _is_above_0(name, value) else ""


def _is_above_0(name: str, value: str) -> bool:
    try:
        return 0 < _ABOVE_0[name](value) < inf
    except ValueError:
        return False
