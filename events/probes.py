"""`/livez`, `/readyz` and `/metrics` of a process that serves nothing else over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Checks = Callable[[], Awaitable[dict[str, bool]]]


@asynccontextmanager
async def serve_probes(
    registry: CollectorRegistry, checks: Checks, port: int
) -> AsyncIterator[None]:
    """Serve on all addresses while the body runs; port 0: don't. Raises OSError when taken."""
    if not port:
        yield
        return
    runner = web.AppRunner(_probes(registry, checks), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
        yield
    finally:
        await runner.cleanup()


def _probes(registry: CollectorRegistry, checks: Checks) -> web.Application:
    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        found = await checks()
        ready = all(found.values())
        body = {"status": "ready" if ready else "not ready", "checks": found}
        return web.json_response(body, status=200 if ready else 503)

    async def metrics(_: web.Request) -> web.Response:
        answer = web.Response(body=generate_latest(registry))
        answer.headers["Content-Type"] = CONTENT_TYPE_LATEST
        return answer

    app = web.Application()
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app
