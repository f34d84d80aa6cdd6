"""`/livez`, `/readyz` and the original's `/octhc`: open, and without any data."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from functools import cache

from confluent_kafka.admin import AdminClient
from django.conf import settings
from django.core.cache import cache as shared_cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from events.kafka import client_conf

logger = logging.getLogger(__name__)

CHECK_SECONDS = 2.0

# A check that hangs keeps its thread; a few of those, and the next are told "failed" at once.
_threads = ThreadPoolExecutor(6, thread_name_prefix="health")


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    checks = _results()
    ready = all(checks.values())
    body = {"status": "ready" if ready else "not ready", "checks": checks}
    return JsonResponse(body, status=200 if ready else 503)


@require_safe
def octhc(request: HttpRequest) -> HttpResponse:
    """Always 200, as the original's."""
    failed = [f"{name}_check=failed" for name, good in _results().items() if not good]
    status = ",".join(["bad", *failed]) if failed else "good"
    return HttpResponse(f"overall_status={status}", content_type="text/plain")


def _results() -> dict[str, bool]:
    """Each check's answer; one that takes too long has failed."""
    running = {name: _threads.submit(check) for name, check in _checks().items()}
    return {name: _answer(future) for name, future in running.items()}


def _checks() -> dict[str, Callable[[], None]]:
    checks = {"database": _ask_database, "kafka": _ask_kafka}
    return {**checks, "redis": _ask_redis} if settings.REDIS_URL else checks


def _answer(check: Future[None]) -> bool:
    try:
        check.result(CHECK_SECONDS)
    except TooSlow:
        return False
    except Exception as error:  # noqa: BLE001 - whatever a driver raises means "failed"
        logger.debug("Health check failed: %s", error)
        return False
    return True


def _ask_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM drains_routeversion")
    finally:
        connection.close()


def _ask_kafka() -> None:
    _admin().list_topics(timeout=CHECK_SECONDS)


def _ask_redis() -> None:
    shared_cache.get("logshuttle.health")


@cache
def _admin() -> AdminClient:
    return AdminClient(client_conf(settings.KAFKA_CONF))
