"""Ctrl-C is for the demo alone: `make`, which waits for it, would else end as one interrupted."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def alone_in_front() -> Iterator[None]:
    """Has the terminal's keys in a process group of its own; nothing where there is no terminal,
    and in the background. A shell takes its terminal back whatever becomes of us."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        yield
        return
    before = os.tcgetpgrp(terminal)
    if before != os.getpgrp() or os.getpgrp() == os.getpid():
        os.close(terminal)
        yield
        return
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # or it would stop who gives the terminal away
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # who waits for us would not be stopped
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpid())
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # it was closed
            os.tcsetpgrp(terminal, before)
        os.close(terminal)
