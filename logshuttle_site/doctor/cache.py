"""Redis, where there is one: whether it serves us, and what it does when it is full."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from django.conf import settings
from redis import Redis, RedisError, ResponseError

from logshuttle_site.doctor.database import ROUNDS, clock_of
from logshuttle_site.doctor.findings import Finding, fail, ok, warn
from logshuttle_site.shared_cache.backend import connection_options
from logshuttle_site.shared_cache.reasons import reason_of

SLOW_MS = 20.0
_KEY, _KEY_SECONDS = ":2:doctor", 10  # among ours, which its rules may keep us to


def cache() -> Iterator[Finding]:
    if not settings.REDIS_URL:
        yield ok("There is no REDIS_URL: each web process has a cache of its own.")
        return
    try:
        with Redis.from_url(settings.REDIS_URL, **connection_options(settings.REDIS_URL)) as redis:
            yield _latency(redis)
            redis.set(_KEY, "1", ex=_KEY_SECONDS)
            redis.delete(_KEY)
            yield ok("It can be written to.")
            yield from _about(redis)
    except (RedisError, OSError) as error:
        yield fail(
            f"The cache does not serve: {reason_of(error)}.",
            "See that it runs and that REDIS_URL leads to it; until then limits hold in each web"
            " process by itself.",
        )


def _latency(redis: Any) -> Finding:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        redis.get(_KEY)
        times.append((time.perf_counter() - began) * 1000)
    said = f"It answers within {median(times):.1f} ms (the middle one of {ROUNDS} times)."
    return ok(said) if median(times) <= SLOW_MS else warn(said, "Bring it nearer.")


def _about(redis: Any) -> Iterator[Finding]:
    """What its rules may keep from us: nobody needs it."""
    try:
        about = redis.info()
        before = time.time()
        seconds, micros = redis.time()
    except ResponseError:
        yield ok("What it is we may not ask (INFO, TIME).")
        return
    name = "Valkey" if "valkey_version" in about else "Redis"
    yield ok(f"{name} {about.get('valkey_version') or about.get('redis_version', '?')}.")
    yield clock_of("The cache", before, seconds + micros / 1e6, time.time())
    policy, most = about.get("maxmemory_policy", ""), int(about.get("maxmemory", 0))
    if most and policy == "noeviction":
        yield warn(
            "When it is full it takes nothing more (maxmemory-policy noeviction).",
            "Set maxmemory-policy to volatile-ttl: all that we put there has an end.",
        )
