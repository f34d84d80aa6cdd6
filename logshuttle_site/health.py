"""`/livez`, `/readyz` and the original's `/octhc`: open, and without any data."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import cache
from threading import Lock, Thread

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from events.database_faults import fault_of
from events.database_trouble import troubles
from events.kafka.watch import KafkaWatch
from logshuttle_site.database.check import ask_database
from logshuttle_site.shared_cache.backend import ask_the_cache

logger = logging.getLogger(__name__)

CHECK_SECONDS = 2.0

Check = Callable[[], None]
"""Raises whatever its driver raises when it has failed."""


def livez(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    faults = faults_of(checks())
    body = {
        "status": "not ready" if any(faults.values()) else "ready",
        "checks": {name: not fault for name, fault in faults.items()},
    }
    answer = JsonResponse(body, status=503 if any(faults.values()) else 200)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # by who knows why, not by Django
    return answer


def octhc(request: HttpRequest) -> HttpResponse:
    """Always 200, as the original's."""
    failed = [f"{name}_check=failed" for name, fault in faults_of(checks()).items() if fault]
    status = ",".join(["bad", *failed]) if failed else "good"
    return HttpResponse(f"overall_status={status}", content_type="text/plain")


PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/livez": livez,
    "/readyz": readyz,
    "/octhc": octhc,
}


def checks() -> dict[str, Check]:
    found: dict[str, Check] = {"database": ask_database, "kafka": _ask_kafka}
    return {**found, "redis": ask_the_cache} if settings.REDIS_URL else found


def faults_of(wanted: dict[str, Check]) -> dict[str, str]:
    """What is wrong with each, or "". Takes CHECK_SECONDS at most, whatever hangs."""
    found = errors_of(wanted).items()
    return {name: "" if e is None else str(e) or type(e).__name__ for name, e in found}


def errors_of(wanted: dict[str, Check]) -> dict[str, BaseException | None]:
    """As faults_of, as it was raised; TimeoutError: no answer in time."""
    running = {name: _running.start(name, check) for name, check in wanted.items()}
    wait(running.values(), CHECK_SECONDS)
    late = TimeoutError(f"no answer within {CHECK_SECONDS:g} s")
    return {name: of.exception() if of.done() else late for name, of in running.items()}


class _Running:
    """One thread a check: one that hangs is not asked again before it has answered.

    A thread of its own, and no pool's: the process must be able to end without it.
    """

    def __init__(self) -> None:
        self._futures: dict[str, Future[None]] = {}
        self._lock = Lock()

    def start(self, name: str, check: Check) -> Future[None]:
        with self._lock:
            future = self._futures.get(name)
            if future is None or future.done():
                future = self._futures[name] = Future()
                Thread(target=_answer, args=(check, future), name=name, daemon=True).start()
            return future


_running = _Running()


def _answer(check: Check, future: Future[None]) -> None:
    try:
        check()
    except Exception as error:  # noqa: BLE001 - whatever a driver raises means "failed"
        logger.debug("Health check failed: %s", error)
        if fault := fault_of(error):
            troubles.note(error, fault)
        future.set_exception(error)
    else:
        future.set_result(None)


def _ask_kafka() -> None:
    kafka_watch().prove()


@cache
def kafka_watch() -> KafkaWatch:
    """One for the process; `runweb` starts it."""
    return KafkaWatch(settings.KAFKA_CONF)
