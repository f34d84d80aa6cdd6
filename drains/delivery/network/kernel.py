"""What the kernel knows of a connection."""

from __future__ import annotations

import ctypes
import fcntl
import os
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


class HasOptions(Protocol):
    def getsockopt(self, level: int, option: int, /) -> int: ...


# Linux's numbers: whoever imports socket could open a connection past the one door out.
_SOL_SOCKET, _SO_ERROR = 1, 4


def error_of(connection: HasOptions) -> OSError | None:
    """What has happened to it, such as a reset, where nobody was waiting to read or write."""
    number = connection.getsockopt(_SOL_SOCKET, _SO_ERROR)
    return OSError(number, os.strerror(number)) if number else None


class HasWideOptions(Protocol):
    def getsockopt(self, level: int, option: int, size: int, /) -> bytes: ...


_IPPROTO_TCP, _TCP_INFO, _RTT_AT = 6, 11, 68


def round_trip_seconds(connection: HasWideOptions) -> float:
    """Of a TCP connection, as smoothed by the kernel: tcpi_rtt in Linux's struct tcp_info; 0 where
    it cannot be asked."""
    if not CAN_ASK:
        return 0.0
    info = connection.getsockopt(_IPPROTO_TCP, _TCP_INFO, _RTT_AT + 4)
    microseconds: int = struct.unpack_from("I", info, _RTT_AT)[0]
    return microseconds / 1e6


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


class HasWideOptionsToSet(Protocol):
    def setsockopt(self, level: int, option: int, value: bytes, /) -> None: ...


_SO_ATTACH_FILTER = 26
_RETURN_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)
"""A program of one instruction for the kernel's packet filter: BPF_RET | BPF_K with 0."""


def take_nothing(connection: HasWideOptionsToSet) -> None:
    """Have the kernel drop what is sent to it, at no cost to us; errors are told all the same.

    Does nothing but on Linux.
    """
    if CAN_ASK:
        program = ctypes.create_string_buffer(_RETURN_NOTHING, len(_RETURN_NOTHING))
        named = struct.pack("HP", 1, ctypes.addressof(program))  # struct sock_fprog
        connection.setsockopt(_SOL_SOCKET, _SO_ATTACH_FILTER, named)
