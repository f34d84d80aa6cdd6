"""A server that plays the tail's protocol to a real browser: lines when and as a test says so.

It runs on a thread of its own. It keeps all lines that it sent, so a page that comes again with
`?after=` gets those that it has not seen, as from the real one.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Coroutine, Iterable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import WSCloseCode, web
from django.contrib.staticfiles import finders
from django.test import RequestFactory

from events.keys import AppKey
from sessions_app.page import page_response
from sessions_app.tail.session import Selection, Session
from tests.support.ports import LOOPBACK
from tests.support.tail_lines import WireLine, wire_line

T = TypeVar("T")

PATH = "/log-sessions/0b3c1a52-5f4e-4c3f-9a37-2f6a52f0c9d1"
ANOTHER_PATH = "/log-sessions/5d1f7c80-9f3a-4f0e-8f6b-0a6c2b7f9e42"
"""Of the same session opened again."""
AGAIN = "/admin/sessions_app/tailsession/again/"
NAME = "gold-gs"
_LIMIT_SECONDS = 10.0
_FRAME_LINES = 2500


class TailServer:
    def __init__(self) -> None:
        self.sent: list[WireLine] = []
        self.older: list[WireLine] = []
        """What there is before those; a place is how many of them are older still."""
        self.has_older = True
        """Whether it can be had."""
        self.queries: list[dict[str, str]] = []
        """Of each WebSocket or event stream that was asked for."""
        self.requests: list[web.BaseRequest] = []
        self.takes_sockets = True
        self.takes_events = True
        self.knows_session = True
        self.is_full = False
        self.is_logged_in = False
        """Whether the reader is, and may open sessions."""
        self.hello: dict[str, Any] = {}
        """Changes to what a page is told first."""
        self._sockets: list[web.WebSocketResponse] = []
        self._streams: list[asyncio.Queue[str | None]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tail server")
        self._port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._runner = self._do(self._start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def origin(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def readers(self) -> int:
        return len(self._sockets) + len(self._streams)

    def lines(self, *texts: str, **fields: str) -> None:
        """Sends lines; `fields` are those of all of them."""
        self.wires([wire_line(text, **fields) for text in texts])

    def wires(self, wires: Sequence[WireLine]) -> None:
        self._do(self._publish(wires))

    def say(self, **message: Any) -> None:
        """Sends any message to all pages."""
        self._do(self._tell(message))

    def cut(self, code: int = WSCloseCode.ABNORMAL_CLOSURE) -> None:
        """Ends all connections; without a code, as a broken network does."""
        self._do(self._cut(code))

    def flood(self, per_second: int, seconds: float, texts: Sequence[str]) -> None:
        """Returns when all is sent, in the frames of the real server: one each 50 ms."""
        self._do(self._flood(per_second, seconds, texts), seconds * 2 + _LIMIT_SECONDS)

    def _do(self, work: Coroutine[Any, Any, T], limit_seconds: float = _LIMIT_SECONDS) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(limit_seconds)

    async def _start(self) -> web.AppRunner:
        app = web.Application()
        for path in (PATH, ANOTHER_PATH):
            app.router.add_get(path, self._page)
            app.router.add_get(f"{path}/ws", self._socket)
        app.router.add_get(AGAIN, self._may_open_again)
        app.router.add_post(AGAIN, self._open_again)
        app.router.add_get("/static/{path:.+}", self._static)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, LOOPBACK, 0)
        await site.start()
        self._port = runner.addresses[0][1]
        return runner

    async def _stop(self) -> None:
        await self._cut(WSCloseCode.OK)
        await self._runner.cleanup()

    async def _page(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if not self.knows_session:
            return web.Response(status=404)
        if "download" in request.query:
            return web.Response(body=b"", headers={"Content-Disposition": "attachment"})
        if "text/event-stream" in request.headers.get("Accept", ""):
            return await self._events(request)
        key = AppKey.parse(NAME)
        session = Session(
            "digest", Selection(key), lines=100, tail=True, ends_at=time.time() + 3600
        )
        answer = page_response(RequestFactory().get(PATH), session)
        return web.Response(body=answer.content, headers=dict(answer.items()))

    async def _may_open_again(self, request: web.Request) -> web.Response:
        if not self.is_logged_in:
            raise web.HTTPFound("/admin/login/")
        return web.json_response({"token": "a token"})

    async def _open_again(self, request: web.Request) -> web.Response:
        assert request.headers["X-CSRFToken"] == "a token"
        assert (await request.post())["id"] == PATH.rpartition("/")[2]
        return web.json_response({"url": f"{self.origin}{ANOTHER_PATH}"}, status=201)

    async def _static(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        found = finders.find(request.match_info["path"])
        if not isinstance(found, str):
            raise web.HTTPNotFound
        return web.FileResponse(found, headers={"Cache-Control": "no-store"})

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if not self.takes_sockets:
            raise web.HTTPForbidden
        self.queries.append(dict(request.query))
        if not self.knows_session:
            raise web.HTTPNotFound
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.is_full:
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"20 read it already")
            return socket
        await socket.send_json(self._greeting())
        if "before" in request.query:
            await self._further_back(socket, request.query["before"], request.query["lines"])
            return socket
        await self._catch_up(socket, request.query.get("after"))
        self._sockets.append(socket)
        try:
            async for _ in socket:
                pass
        finally:
            self._sockets.remove(socket)
        return socket

    async def _catch_up(self, socket: web.WebSocketResponse, after: str | None) -> None:
        missed = self._after(after)
        for start in range(0, len(missed), _FRAME_LINES):
            lines = missed[start : start + _FRAME_LINES]
            await socket.send_json({"type": "lines", "lines": lines})
        if self.older:
            await socket.send_json({"type": "older", "place": str(len(self.older))})

    async def _further_back(self, socket: web.WebSocketResponse, before: str, lines: str) -> None:
        end = int(before)
        begin = max(end - int(lines), 0)
        if self.has_older:
            await socket.send_json({"type": "lines", "lines": self.older[begin:end]})
            if begin:
                await socket.send_json({"type": "older", "place": str(begin)})
            await socket.send_json({"type": "bye", "reason": "end"})
        await socket.close()

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self.is_full:
            raise web.HTTPTooManyRequests
        if not self.takes_events:
            raise web.HTTPServiceUnavailable
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        if request.method == "HEAD":
            return answer
        self.queries.append(dict(request.query))
        await answer.prepare(request)
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        for wire in self._after(request.query.get("after")):
            queue.put_nowait(_event_of(wire))
        self._streams.append(queue)
        await answer.write(b":\n\n")
        try:
            while (event := await queue.get()) is not None:
                await answer.write(event.encode())
        finally:
            self._streams.remove(queue)
        return answer

    def _after(self, after: str | None) -> list[WireLine]:
        ids = [wire["id"] for wire in self.sent]
        return self.sent[ids.index(after) + 1 :] if after in ids else list(self.sent)

    def _greeting(self) -> dict[str, Any]:
        filters = {"source": [], "process": [], "stream": [], "q": ""}
        greeting = {"type": "hello", "name": NAME, "ends_at": time.time() + 3480, "lines": 100}
        return {**greeting, "tail": True, "filters": filters, **self.hello}

    async def _publish(self, wires: Iterable[WireLine]) -> None:
        wires = list(wires)
        self.sent += wires
        await self._tell({"type": "lines", "lines": wires})
        for queue in self._streams:
            for wire in wires:
                queue.put_nowait(_event_of(wire))

    async def _tell(self, message: dict[str, Any]) -> None:
        text = json.dumps(message, ensure_ascii=False)
        for socket in list(self._sockets):
            await socket.send_str(text)

    async def _cut(self, code: int) -> None:
        for queue in self._streams:
            queue.put_nowait(None)
        for socket in list(self._sockets):
            if code == WSCloseCode.ABNORMAL_CLOSURE:
                transport = socket._req.transport if socket._req else None
                if transport is not None:
                    transport.abort()
            else:
                await socket.close(code=code)

    async def _flood(self, per_second: int, seconds: float, texts: Sequence[str]) -> None:
        began = time.monotonic()
        made = 0
        while (passed := time.monotonic() - began) < seconds:
            due = int(passed * per_second)
            some = [wire_line(texts[number % len(texts)]) for number in range(made, due)]
            made = due
            await self._publish(some)
            await asyncio.sleep(0.05)


def _event_of(wire: WireLine) -> str:
    label = f"app[{wire['tag']}]" if wire["source"] == "app" else wire["tag"]
    return (
        f"id: {wire['id']}\ndata: {wire['time'][:19]}Z {wire['name']} {label}: {wire['text']}\n\n"
    )
