"""Reads a log session over HTTP as a browser would, for the terminal."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any

import aiohttp

from events.trust import verifying_context

_TIMEOUT = aiohttp.ClientTimeout(sock_connect=10, sock_read=60)  # there are heartbeats
_WAIT_MAX_SECONDS = 30.0

Say = Callable[[str], None]


class TailFailedError(Exception):
    pass


class TailClient:
    """`show` gets each line, `note` what is said about them: lines skipped, a stream cut off."""

    def __init__(self, base: str, key: str, show: Say, note: Say) -> None:
        self._sessions = f"{base.rstrip('/')}/log-sessions"
        self._key = key
        self._show = show
        self._note = note
        self._last_id = ""
        self._failures = 0
        self._follows = True
        """Live lines come behind what there is."""
        self._is_cut = False
        """The last stream has ended before all was there: another one has the rest."""

    async def run(self, asked: dict[str, Any]) -> None:
        """Until the session is over. `asked`: the body of the POST. Raises TailFailedError."""
        self._follows = bool(asked["tail"])
        door = aiohttp.TCPConnector(ssl=verifying_context())
        async with aiohttp.ClientSession(timeout=_TIMEOUT, connector=door) as http:
            url = await self._open(http, asked)
            try:
                while await self._read(http, url):
                    if not (self._follows or self._is_cut):
                        return
                    await asyncio.sleep(self._wait_seconds())
                self._note("The session is over.")
            finally:
                await self._close(http, url)

    async def _open(self, http: aiohttp.ClientSession, asked: dict[str, Any]) -> str:
        headers = {"Authorization": self._key}
        try:
            async with http.post(self._sessions, json=asked, headers=headers) as answer:
                if answer.status != HTTPStatus.CREATED:
                    raise TailFailedError(await _why(answer))
                return f"{self._sessions}/{(await answer.json())['id']}"
        except aiohttp.ClientConnectorError as error:
            if isinstance(error, aiohttp.ClientSSLError):
                raise TailFailedError(f"{self._sessions}: {error}") from error
            raise TailFailedError(
                f"nobody answers at {self._sessions}: is runweb running? ({_reason(error)})"
            ) from error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            why = error if str(error) else "no answer in time"
            raise TailFailedError(f"nobody serves {self._sessions}: {why}") from error

    async def _close(self, http: aiohttp.ClientSession, url: str) -> None:
        """So that it counts no more; when that fails it ends by itself."""
        headers = {"Authorization": self._key}
        try:
            async with http.delete(url, headers=headers):
                return
        except (aiohttp.ClientError, TimeoutError):
            return

    async def _read(self, http: aiohttp.ClientSession, url: str) -> bool:
        """One stream, to its end. False: there will be no other."""
        headers = {"Accept": "text/event-stream"}
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        self._is_cut = False
        try:
            async with http.get(url, headers=headers) as answer:
                if answer.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND):
                    return False
                if answer.status != HTTPStatus.OK:
                    raise TailFailedError(await _why(answer))
                async for event in _events_of(answer.content):
                    self._tell(event)
        except (aiohttp.ClientError, TimeoutError) as error:
            self._failures += 1
            self._note(f"The stream has broken off, trying again: {error or 'silence'}")
        return True

    def _tell(self, event: dict[str, str]) -> None:
        self._last_id = event.get("id") or self._last_id
        kind, text = event.get("event", "message"), event.get("data")
        if text is None:
            return
        if kind == "gap" and "id" in event and not self._follows:
            self._is_cut = True
        if kind == "message":
            self._failures = 0
            self._show(text)
        elif (
            kind != "bye" and not self._is_cut
        ):  # the next stream goes on behind it, or says that there is none
            self._note(text)

    def _wait_seconds(self) -> float:
        ceiling = min(_WAIT_MAX_SECONDS, 2.0 ** min(self._failures, 5))
        return random.uniform(0.5, ceiling)  # noqa: S311


async def _events_of(content: aiohttp.StreamReader) -> AsyncIterator[dict[str, str]]:
    """Server-sent events, their fields by name. Each of ours has one line of data at most."""
    rest, event = b"", dict[str, str]()
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line:
                name, _, value = line.decode(errors="replace").partition(":")
                event[name] = value.removeprefix(" ")
            elif event:
                yield event
                event = {}


def _reason(error: OSError) -> str:
    number = error.errno or 0
    return os.strerror(number) if number > 0 else str(error.strerror)  # the resolver's are below


async def _why(answer: aiohttp.ClientResponse) -> str:
    """What a problem body says."""
    try:
        said = (await answer.json(content_type=None))["detail"]
    except (ValueError, KeyError, TypeError):
        said = answer.reason
    return f"{answer.status}: {said}"
