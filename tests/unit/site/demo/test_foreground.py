"""Who hears Ctrl-C: the demo, and not what waits for it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

from tests.support.processes import ROOT

WAITS = """
import signal
from logshuttle_site.demo.foreground import alone_in_front
with alone_in_front():
    try:
        print("READY", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        print("HEARD", flush=True)
"""
PARENT = 'exec <>%s >&0 2>&1; trap \'echo PARENT\' INT; "$0" -c "$1"; echo ended $?'


def test_the_terminals_keys_are_its_own_until_it_ends() -> None:
    ours, theirs = pty.openpty()
    # The first terminal that the leader of a new session opens is its own.
    command = ["sh", "-c", PARENT % os.ttyname(theirs), sys.executable, WAITS]
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True):
        seen = _read_until(ours, b"READY")
        os.write(ours, b"\x03")
        seen += _read_until(ours, b"ended 0")
    os.close(ours)
    os.close(theirs)

    assert b"HEARD" in seen
    assert b"PARENT" not in seen


def _read_until(terminal: int, wanted: bytes) -> bytes:
    seen = b""
    while wanted not in seen:
        seen += os.read(terminal, 4096)
    return seen
