"""`/livez`, `/readyz` and `/metrics` of a process that serves nothing else over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from events.process.metrics import ProcessCollector

Checks = Callable[[], Awaitable[dict[str, bool]]]


class Answers(Protocol):
    """What is asked of a process; that it lives, the answer itself says."""

    async def readiness(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether it is ready, and what is to be told beside that, as JSON."""

    async def metrics(self) -> bytes:
        """In Prometheus' text format."""


class OwnAnswers:
    """What a process answers that speaks for itself alone."""

    def __init__(self, registry: CollectorRegistry, checks: Checks) -> None:
        registry.register(ProcessCollector())
        self._registry = registry
        self._checks = checks

    async def readiness(self) -> tuple[bool, Mapping[str, Any]]:
        found = await self._checks()
        return all(found.values()), {"checks": found}

    async def metrics(self) -> bytes:
        return generate_latest(self._registry)


@asynccontextmanager
async def serve_probes(answers: Answers, place: int | Path) -> AsyncIterator[None]:
    """Serve while the body runs: on all addresses' port, or on a Unix socket; port 0: don't.

    Raises OSError when the place is taken.
    """
    if place == 0:
        yield
        return
    runner = web.AppRunner(_probes(answers), access_log=None)
    await runner.setup()
    try:
        await _site(runner, place).start()
        yield
    finally:
        await runner.cleanup()


def _site(runner: web.AppRunner, place: int | Path) -> web.BaseSite:
    if isinstance(place, Path):
        return web.UnixSite(runner, place)
    return web.TCPSite(runner, port=place)


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

    app = web.Application()
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app
