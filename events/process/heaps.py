"""What the C library is told of memory."""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_ARENA_MAX = -8
"""glibc's number for it (malloc.h). Others have no such call, and no such heaps."""


def share_heaps(count: int) -> None:
    """All threads share so many heaps from now on. By itself glibc gives each thread one of its
    own, which keeps what is freed: with bodies of 250 kB some 9 MiB a thread that answers."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, count)
