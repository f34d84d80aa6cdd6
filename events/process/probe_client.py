"""Asks for the probes of another process of ours, over its Unix socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

HOST = "http://localhost"  # HTTP wants a name; a socket needs none


async def ask(path: str, socket: Path, limit_seconds: float) -> bytes | None:
    """The body, whatever the status; None when nothing whole comes within the limit."""
    limit = aiohttp.ClientTimeout(total=limit_seconds)
    connector = aiohttp.UnixConnector(str(socket))
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=limit) as session,
            session.get(HOST + path) as answer,
        ):
            return await answer.read()
    except (TimeoutError, aiohttp.ClientError, OSError):
        return None


async def ask_readiness(socket: Path, limit_seconds: float) -> Mapping[str, Any] | None:
    """What `/readyz` answers: `checks`, and what is told beside; None as above."""
    body = await ask("/readyz", socket, limit_seconds)
    if body is None:
        return None
    found: Mapping[str, Any] = json.loads(body)
    return found
