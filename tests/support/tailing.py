"""Clients of log sessions: lines as a person would get them, and what is said about them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle
from tests.support.waiting import until

EVENTS = "text/event-stream"


def event_now(text: str, container: str = "gold", pod: str = "gold-1") -> bytes:
    """A Kubernetes event of this moment."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return kubernetes_event(text, container=container, pod=pod, time=now)


def open_session(shuttle: Shuttle, space: str, app: str = "gold", **options: Any) -> str:
    """The URL of a new one."""
    asked = {"app": app, "space": space, **options}
    answer = shuttle.api.post("/log-sessions", json=asked)
    assert answer.status_code == 201, answer.text
    return f"{shuttle.api.base_url}/log-sessions/{answer.json()['id']}"


@dataclass
class Seen:
    """What one client has got so far."""

    lines: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    """Of the lines, where they have any."""
    said: list[tuple[str, str]] = field(default_factory=list)
    """Kind and text: gap, skipped, bye; comments too."""
    last_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    ended: bool = False
    first_at: float = 0.0
    """Monotonic time of the first line."""
    code: int | None = None
    """A WebSocket's close code."""

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.said if kind != "comment"]

    def line(self, text: str, token: str = "") -> None:
        self.first_at = self.first_at or time.monotonic()
        self.lines.append(text)
        self.ids.append(token)

    async def until_headers(self, limit_seconds: float) -> None:
        await until(lambda: self.status == 200, limit_seconds, "headers")

    async def until_line(self, ending: str, limit_seconds: float = 10) -> None:
        await until(
            lambda: any(line.endswith(ending) for line in self.lines), limit_seconds, ending
        )

    async def until_lines(self, count: int, limit_seconds: float = 10) -> None:
        await until(lambda: len(self.lines) >= count, limit_seconds, f"{count} lines")

    async def until_said(self, kind: str, limit_seconds: float = 10) -> str:
        await until(lambda: kind in self.kinds(), limit_seconds, kind)
        return dict(self.said)[kind]

    async def until_end(self, limit_seconds: float = 10) -> None:
        await until(lambda: self.ended, limit_seconds, "the stream ends")


@asynccontextmanager
async def reading(
    url: str, accept: str = EVENTS, *, last_id: str = "", seen: Seen | None = None
) -> AsyncIterator[Seen]:
    """A client that reads while the block runs, and breaks off at its end."""
    seen = seen or Seen()
    seen.ended = False
    headers = {"Accept": accept} | ({"Last-Event-ID": last_id} if last_id else {})
    read = _read_socket if accept == "websocket" else _read_stream
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http:
        task = asyncio.create_task(read(http, url, seen, headers))
        try:
            yield seen
        finally:
            task.cancel()
            await asyncio.wait({task})
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error


async def _read_stream(
    http: aiohttp.ClientSession, url: str, seen: Seen, headers: dict[str, str]
) -> None:
    async with http.get(url, headers=headers) as answer:
        seen.headers, seen.status = dict(answer.headers), answer.status
        take = _taker_of(answer.content_type, seen)
        rest = b""
        async for chunk in answer.content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                take(line.decode())
    seen.ended = True


def _taker_of(media_type: str, seen: Seen) -> Callable[[str], None]:
    if media_type == "text/plain":
        return seen.line
    if media_type == "application/x-ndjson":
        return lambda line: seen.line(json.loads(line)["text"])
    event: dict[str, str] = {}

    def take(line: str) -> None:
        if line:
            name, _, value = line.partition(":")
            event[name] = value.removeprefix(" ")
            return
        seen.last_id = event.get("id", seen.last_id)
        if "event" in event:
            seen.said.append((event["event"], event["data"]))
        elif "data" in event:
            seen.line(event["data"], event["id"])
        elif "" in event:
            seen.said.append(("comment", event.get("id", "")))
        event.clear()

    return take


async def _read_socket(
    http: aiohttp.ClientSession, url: str, seen: Seen, headers: dict[str, str]
) -> None:
    async with http.ws_connect(f"{url}/ws?after={headers.get('Last-Event-ID', '')}") as socket:
        async for message in socket:
            frame = json.loads(message.data)
            if frame["type"] == "lines":
                for line in frame["lines"]:
                    seen.line(line["text"], line["id"])
                    seen.last_id = line["id"]
            else:
                seen.said.append((frame["type"], frame.get("reason", "")))
        seen.code = socket.close_code
    seen.ended = True
