"""On a program's path, this tells the kernel the names of its threads: /proc has them then.

Python does so by itself from 3.14 on.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Any

_PR_SET_NAME = 15
_prctl = ctypes.CDLL(None).prctl
_start = threading.Thread.start


def _start_named(thread: threading.Thread) -> None:
    run = thread.run

    def run_named(*args: Any) -> None:
        _prctl(_PR_SET_NAME, thread.name.encode()[:15], 0, 0, 0)
        run()

    thread.run = run_named  # type: ignore[method-assign]
    _start(thread)


threading.Thread.start = _start_named  # type: ignore[method-assign, assignment]
