"""What a client has not read, of what has been written to it."""

from __future__ import annotations

from typing import Any

from drains.delivery.network.kernel import unacknowledged_bytes


def unread_bytes(transport: Any) -> int:
    """That its kernel has not acknowledged. `transport`: Twisted's, over TCP."""
    connection = getattr(transport, "socket", None)  # Twisted lets go of it at its end
    return unsent_bytes(transport) + (unacknowledged_bytes(connection) or 0 if connection else 0)


def unsent_bytes(transport: Any) -> int:
    """That our kernel has not taken yet."""
    unsent: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
    return unsent
