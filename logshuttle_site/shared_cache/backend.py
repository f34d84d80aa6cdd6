"""The cache that processes share: django-redis' with plain JSON, behind a breaker.

While it does not serve, each process has one of its own: what is counted there holds for this
process alone, and what is looked up there is looked up in the database once more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple, cast

from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import RedisCache
from django_redis.exceptions import ConnectionInterrupted
from redis.backoff import NoBackoff
from redis.retry import Retry

from events.trust import NOT_ASKED
from logshuttle_site.shared_cache.breaker import AwayError, Breaker
from logshuttle_site.shared_cache.plain_json import PlainJson
from logshuttle_site.shared_cache.reasons import is_about_a_value

_PROBE, _PROBE_SECONDS = "probe", 10
_DRIVER_SECONDS = 0.35  # before the breaker's: its driver knows better what it waits for

Operation = Callable[[BaseCache], Any]


class SharedCache(BaseCache):
    """`LOCATION` is a URL as Redis' driver has them; the rest is for the one of its own."""

    def __init__(self, url: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._server = _server(url, self.version)  # Django makes a cache for each thread
        self._own = LocMemCache(url, params)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        try:
            return self._ask(lambda cache: cache.get(key, default, version))
        except ValueError:  # not what we put there
            return default

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        return bool(self._ask(lambda cache: cache.add(key, value, timeout, version)))

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self._ask(lambda cache: cache.set(key, value, timeout, version))

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._ask(lambda cache: cache.touch(key, timeout, version)))

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(self._ask(lambda cache: cache.delete(key, version)))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Raises ValueError where there is no number."""
        return int(self._ask(lambda cache: cache.incr(key, delta, version)))

    def clear(self) -> None:
        self._ask(lambda cache: cache.clear())

    @property
    def breaker(self) -> Breaker:
        return self._server.breaker

    def _ask(self, operation: Operation) -> Any:
        try:
            return self.breaker.ask(lambda: _done(operation, self._server.client))
        except AwayError:
            return operation(self._own)


class _Server(NamedTuple):
    client: Any
    """django-redis', which has a cache's methods: its cache itself hides what the system said."""
    breaker: Breaker


@cache
def _server(url: str, version: int) -> _Server:
    serializer = f"{PlainJson.__module__}.{PlainJson.__qualname__}"
    options = {"SERIALIZER": serializer, "CONNECTION_POOL_KWARGS": connection_options(url)}
    client = RedisCache(url, {"OPTIONS": options, "VERSION": version}).client
    return _Server(client, Breaker(partial(_done, _all_that_we_do, client)))


def _all_that_we_do(cache: BaseCache) -> None:
    """So that one that takes only some of it is not called good until the rest is wanted."""
    cache.set(_PROBE, 1, _PROBE_SECONDS)
    cache.incr(_PROBE)
    cache.get(_PROBE)
    cache.delete(_PROBE)


def connection_options(url: str) -> dict[str, Any]:
    """Of the driver's."""
    return {
        "socket_timeout": _DRIVER_SECONDS,
        "socket_connect_timeout": _DRIVER_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        # Its TLS makes its own context; only connections that have TLS take its options.
        **({"ssl_exclude_verify_flags": list(NOT_ASKED)} if url.startswith("rediss:") else {}),
    }


def _done(operation: Operation, client: Any) -> Any:
    try:
        return operation(client)
    except ConnectionInterrupted as error:
        cause = error.__cause__ or error
    if is_about_a_value(cause):
        raise ValueError("this is nothing of ours") from cause
    raise cause  # out here: what the system said stands as its context


def ask_the_cache() -> None:
    """A health check. Raises AwayError."""
    breaker_of_the_cache().prove()


def breaker_of_the_cache() -> Breaker:
    """Where there is REDIS_URL."""
    return cast("SharedCache", caches["default"]).breaker
