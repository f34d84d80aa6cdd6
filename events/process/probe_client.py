"""Asks for the probes of another process of ours, at its local place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp.connector import Connection

from events.process.local_places import address_of, is_ours

HOST = "http://localhost"  # HTTP wants a name; a socket needs none


class _OursAlone(aiohttp.ClientResponse):
    """A name of Linux' is anybody's who takes it while its worker is away."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        transport = connection.transport
        if transport is None or not is_ours(transport.get_extra_info("socket")):
            raise ConnectionRefusedError("a process of another user is at this place")
        return await super().start(connection)


async def ask(path: str, place: str, limit_seconds: float) -> bytes | None:
    """The body, whatever the status; None when nothing whole comes within the limit, or it is of
    another user."""
    limit = aiohttp.ClientTimeout(total=limit_seconds)
    connector = aiohttp.UnixConnector(address_of(place))
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector, timeout=limit, response_class=_OursAlone
            ) as session,
            session.get(HOST + path) as answer,
        ):
            return await answer.read()
    except (TimeoutError, aiohttp.ClientError, OSError):
        return None


async def ask_readiness(place: str, limit_seconds: float) -> Mapping[str, Any] | None:
    """What `/readyz` answers: `checks`, and what is told beside; None as above, and when it is not
    that but words: it was refused, or failed."""
    try:
        found: Mapping[str, Any] = json.loads(await ask("/readyz", place, limit_seconds) or b"")
    except ValueError:
        return None
    return found
