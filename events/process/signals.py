"""How a process is told to end: in order by a first signal, at once by a second one."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

from events.process.queued_stderr import STDERR

LAST_WORDS_SECONDS = 0.2


def stop_on_signals(stop: Callable[[], None], at_once: Callable[[], None] | None = None) -> None:
    """The first SIGTERM or SIGINT calls `stop`; a second one ends the process with status 1.

    `at_once` is called before that end and has to be quick. Call this in the running loop.
    """
    stopping = False

    def on_signal() -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            stop()
            return
        try:
            if at_once is not None:
                at_once()
        finally:
            STDERR.drain(LAST_WORDS_SECONDS)
            os._exit(1)

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
