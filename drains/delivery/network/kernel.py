"""What the kernel knows of a connection."""

from __future__ import annotations

import fcntl
import struct
import sys
import termios
from typing import Protocol

CAN_ASK = sys.platform == "linux"


# Linux's numbers: whoever imports socket could open a connection past the one door out.
_IPPROTO_TCP, _TCP_INFO = 6, 11
_SND_WND_AT = 228
"""Of `struct tcp_info`, since Linux 5.4."""


class HasFileno(Protocol):
    def fileno(self) -> int: ...


class HasOptions(Protocol):
    def getsockopt(self, level: int, option: int, size: int, /) -> bytes: ...


def receive_window(connection: HasOptions) -> int | None:
    """How many bytes more the receiver's kernel would take now; None: no reading."""
    try:
        info = connection.getsockopt(_IPPROTO_TCP, _TCP_INFO, _SND_WND_AT + 4)
    except OSError:
        return None
    if len(info) < _SND_WND_AT + 4:
        return None
    window: int = struct.unpack_from("I", info, _SND_WND_AT)[0]
    return window


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


class HasReceive(Protocol):
    def recv(self, size: int, flags: int, /) -> bytes: ...


_MSG_PEEK = 2


def has_shut(connection: HasReceive) -> bool:
    """Whether the other side has shut its own direction. Takes nothing of what it has sent.

    Raises OSError for what the kernel has been told and has not said yet, such as a reset.
    """
    try:
        return connection.recv(1, _MSG_PEEK) == b""
    except BlockingIOError:
        return False
