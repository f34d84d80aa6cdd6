"""Where each thread was when a process dies of a signal such as SIGSEGV: on stderr, as text.

It is written in the signal's handler, where nothing else runs, so it may not wait either: a log
that nobody reads would keep a dead process. What does not fit is left out.
"""

from __future__ import annotations

import faulthandler
import os
import socket
import stat
import struct
import sys
from functools import cache

_STDERR = 2
_SEND_SECONDS = struct.pack("ll", 0, 1000)
"""A timeval: the least that the kernel knows."""


def trace_crashes() -> None:
    """From now on."""
    faulthandler.enable(trace_file())


@cache
def trace_file() -> int:
    """A descriptor of stderr on which no write waits, open for good. Where stderr cannot be had so,
    nothing is told: the end is worth more."""
    try:
        return _patient_stderr()
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)


def _patient_stderr() -> int:
    if sys.stderr is None:  # closed by whoever started us: its number may be a socket's by now
        raise FileNotFoundError
    if stat.S_ISSOCK(os.fstat(_STDERR).st_mode):  # as systemd has it: it cannot be opened anew
        with socket.socket(fileno=os.dup(_STDERR)) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_SECONDS)
            return same.detach()
    # O_NONBLOCK is of an open file, which others share with us: so one of our own.
    return os.open(f"/proc/self/fd/{_STDERR}", os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK)
