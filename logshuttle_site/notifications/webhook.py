"""A signed message to a webhook, as Standard Webhooks have it, through the one door out."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from drains.delivery.network.dialing import Dialer
from drains.delivery.network.errors import DeliveryError
from drains.delivery.network.heard import Heard
from drains.delivery.network.tls import context_of
from drains.delivery.senders.http_connection import HttpConnection
from drains.destination import Destination
from drains.option_values import NO_TLS_OPTIONS
from drains.url_text import REDACTED

ANSWER_SECONDS = 10.0
_SECRET_PREFIX = "whsec_"  # noqa: S105 - how a secret begins, and none
_SECRET_BYTES = 32
_SECRET_PART_MIN = 6
"""Shorter parts of a path are words, such as `hooks`."""


def new_secret() -> str:
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def destination_of(url: str) -> Destination:
    """Raises ValueError, in a sentence for whoever wrote it."""
    destination = Destination.parse(url)
    if not destination.transport.has_path:
        raise ValueError("a webhook's URL begins with https:// or http://")
    return destination


def shown(destination: Destination) -> str:
    """Without what may be secret: many services tell whose a webhook is by its path alone."""
    host = f"[{destination.host}]" if ":" in destination.host else destination.host
    more = destination.path not in ("", "/") or destination.query
    return f"{destination.scheme}://{host}:{destination.port}/{REDACTED if more else ''}"


def body_of(kind: str, at: str, data: dict[str, Any]) -> bytes:
    """`at`: RFC 3339."""
    return json.dumps({"type": kind, "timestamp": at, "data": data}, ensure_ascii=False).encode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`timestamp`: epoch seconds of this try."""
    key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX))
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


async def post(
    dialer: Dialer, url: str, secret: str, message_id: str, timestamp: int, body: bytes
) -> None:
    """Returns when the receiver has answered with a 2xx. Raises DeliveryError, or ValueError for a
    URL that the rules refuse by now."""
    destination = destination_of(url)
    context = context_of(NO_TLS_OPTIONS) if destination.transport.has_tls else None
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Log shuttle",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }
    connection = HttpConnection(dialer, destination, (), context, Heard(url))
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await connection.open(await dialer.dial(destination))
            await connection.post(body, headers)
    except TimeoutError:
        raise DeliveryError("timed out: no answer") from None
    except DeliveryError as error:
        raise DeliveryError(_without_path(str(error), destination.path)) from error
    finally:
        await connection.close()


def _without_path(said: str, path: str) -> str:
    """What a receiver answers may repeat it."""
    for part in sorted(path.split("/"), key=len, reverse=True):
        if len(part) >= _SECRET_PART_MIN:
            said = said.replace(part, REDACTED)
    return said
