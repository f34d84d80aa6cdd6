"""Asks for the probes of another process of ours, at its local place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from events.process.local_places import address_of

HOST = "http://localhost"  # HTTP wants a name; a socket needs none


async def ask(path: str, place: str, limit_seconds: float) -> bytes | None:
    """The body, whatever the status; None when nothing whole comes within the limit."""
    limit = aiohttp.ClientTimeout(total=limit_seconds)
    connector = aiohttp.UnixConnector(address_of(place))
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=limit) as session,
            session.get(HOST + path) as answer,
        ):
            return await answer.read()
    except (TimeoutError, aiohttp.ClientError, OSError):
        return None


async def ask_readiness(place: str, limit_seconds: float) -> Mapping[str, Any] | None:
    """What `/readyz` answers: `checks`, and what is told beside; None as above."""
    body = await ask("/readyz", place, limit_seconds)
    if body is None:
        return None
    found: Mapping[str, Any] = json.loads(body)
    return found
