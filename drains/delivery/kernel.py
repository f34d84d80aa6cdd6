"""What the kernel knows of a connection."""

from __future__ import annotations

import fcntl
import struct
import sys
import termios
from typing import Protocol

CAN_ASK = sys.platform == "linux"


class HasFileno(Protocol):
    def fileno(self) -> int: ...


def unacknowledged_bytes(connection: HasFileno) -> int | None:
    """Written, and not yet acknowledged by the receiver's kernel; None: no reading.

    Still answers after a reset, with what was never acknowledged. Linux only (TIOCOUTQ).
    """
    try:  # ValueError: it is closed by now
        answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except (OSError, ValueError):
        return None
    found: int = struct.unpack("i", answer)[0]
    return found
