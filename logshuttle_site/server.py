"""daphne with flow control: a client that reads slowly is waited for, one that never reads is cut.

daphne's own `send` never waits, so a silent client grew the process by 12 MiB a second. Here an
answer's next piece waits until the last ones have left (ecosystem.md section 1.2).
"""

from __future__ import annotations

import asyncio
from typing import Any

from daphne.server import Server

BUFFER_BYTES = 1024 * 1024
CUT_AFTER_SECONDS = 3.0
_LOOK_SECONDS = 0.02


class PatientServer(Server):  # type: ignore[misc]
    """`refused` says why it could not listen, once `run` has returned."""

    refused: str | None = None

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        await super().handle_reply(protocol, message)
        transport = _transport_of(protocol)
        if transport is None or _waiting_bytes(transport) <= BUFFER_BYTES:
            return
        try:
            async with asyncio.timeout(CUT_AFTER_SECONDS):
                while _waiting_bytes(transport) > BUFFER_BYTES:
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            transport.abortConnection()

    def listen_error(self, failure: Any) -> None:
        self.refused = str(getattr(failure.value, "socketError", failure.value))
        self.stop()


def _transport_of(protocol: Any) -> Any | None:
    """Twisted's TCP transport under an HTTP request or a WebSocket."""
    channel = getattr(protocol, "channel", None)
    transport = getattr(channel or protocol, "transport", None)
    return transport if hasattr(transport, "dataBuffer") else None


def _waiting_bytes(transport: Any) -> int:
    """What the kernel has not taken yet."""
    waiting: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
    return waiting
