"""A server of log sessions that says what a test wants."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer

SESSION = "/log-sessions/0b8e1d2c-3f4a-4b5c-8d6e-7f8091a2b3c4"


@dataclass
class FakeTail:
    """Its streams one after the other, then 204; with `hold` the last one stays open."""

    streams: list[bytes] = field(default_factory=list)
    hold: bool = False
    refusal: web.Response | None = None
    """To the POST."""
    no_place: web.Response | None = None
    """To the GET."""
    tls: ssl.SSLContext | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    seen_ids: list[str | None] = field(default_factory=list)
    deleted: int = 0
    keys: set[str | None] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/log-sessions", self._open)
        application.router.add_get(SESSION, self._read)
        application.router.add_delete(SESSION, self._delete)
        self._server = TestServer(application, scheme="https" if self.tls else "http")
        await self._server.start_server(ssl=self.tls)
        self.url = str(self._server.make_url("/"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    async def _open(self, request: web.Request) -> web.Response:
        self.keys.add(request.headers.get("Authorization"))
        self.asked.append(await request.json())
        return self.refusal or web.json_response({"id": SESSION.rpartition("/")[2]}, status=201)

    async def _read(self, request: web.Request) -> web.StreamResponse:
        assert "Authorization" not in request.headers
        self.seen_ids.append(request.headers.get("Last-Event-ID"))
        if self.no_place is not None:
            return self.no_place
        if not self.streams:
            return web.Response(status=204)
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(self.streams.pop(0))
        if self.hold and not self.streams:
            await asyncio.Event().wait()
        return answer

    async def _delete(self, request: web.Request) -> web.Response:
        self.keys.add(request.headers.get("Authorization"))
        self.deleted += 1
        return web.Response(status=204)
