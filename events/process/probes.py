"""`/livez`, `/readyz` and `/metrics` of a process that serves nothing else over HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Protocol

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from events.process.local_places import address_of, is_ours
from events.process.metrics import ProcessCollector

Checks = Callable[[], Awaitable[dict[str, bool]]]


class Answers(Protocol):
    """What is asked of a process; that it lives, the answer itself says."""

    async def readiness(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether it is ready, and what is to be told beside that, as JSON."""

    async def metrics(self) -> bytes:
        """In Prometheus' text format."""


Place = list[socket.socket] | str
"""Sockets that listen (none: nowhere), or a place of `local_places`."""

Collected = Callable[[], Awaitable[Collector]]
"""Metrics of this moment, to be read by another thread."""


def always(collector: Collector) -> Collected:
    """Of one that any thread may read at any time."""

    async def collected() -> Collector:
        return collector

    return collected


class OwnAnswers:
    """What a process answers that speaks for itself alone."""

    def __init__(
        self,
        collected: Collected,
        checks: Checks,
        beside: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """`beside`: what is told beside the checks."""
        self._collected = collected
        self._checks = checks
        self._beside = beside
        self._written: asyncio.Task[bytes] | None = None

    async def readiness(self) -> tuple[bool, Mapping[str, Any]]:
        found = await self._checks()
        return all(found.values()), {"checks": found, **self._beside()}

    async def metrics(self) -> bytes:
        """Who asks while they are being written for another gets the same."""
        if self._written is None or self._written.done():
            self._written = asyncio.create_task(self._write())
        return await asyncio.shield(self._written)

    async def _write(self) -> bytes:
        """In a thread of its own: with many series the loop would stand still for as long."""
        registry = CollectorRegistry()
        registry.register(await self._collected())
        registry.register(ProcessCollector())
        thread = ThreadPoolExecutor(1, thread_name_prefix="metrics")
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(thread, generate_latest, registry)
        finally:
            thread.shutdown(wait=False)


@asynccontextmanager
async def serve_probes(answers: Answers, place: Place) -> AsyncIterator[None]:
    """Serve while the body runs; sockets are closed then. Raises OSError when a name is taken."""
    if not place:
        yield
        return
    runner = web.AppRunner(_probes(answers), access_log=None)
    await runner.setup()
    try:
        for site in _sites(runner, place):
            await site.start()
        yield
    finally:
        await runner.cleanup()


def _sites(runner: web.AppRunner, place: Place) -> list[web.BaseSite]:
    if isinstance(place, str):
        return [web.UnixSite(runner, address_of(place))]
    return [web.SockSite(runner, listening) for listening in place]


@web.middleware
async def _ours_alone(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """At a local place: a name of Linux' has no rights of its own."""
    connection = request.transport and request.transport.get_extra_info("socket")
    if connection and connection.family == socket.AF_UNIX and not is_ours(connection):
        raise web.HTTPForbidden(text="this is between processes of one user\n")
    return await handler(request)


def _probes(answers: Answers) -> web.Application:
    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        ready, told = await answers.readiness()
        body = {"status": "ready" if ready else "not ready", **told}
        return web.json_response(body, status=200 if ready else 503)

    async def metrics(_: web.Request) -> web.Response:
        answer = web.Response(body=await answers.metrics())
        answer.headers["Content-Type"] = CONTENT_TYPE_LATEST
        return answer

    app = web.Application(middlewares=[_ours_alone])
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app
