"""A process that dies of a signal says where it was, and dies whoever reads its log."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from tests.support.full_pipe import full_pipe
from tests.support.processes import ROOT

LIMIT_SECONDS = 20.0
CRASH = """
import ctypes
from events.process.crash_traces import trace_crashes
def at_work():
    ctypes.string_at(0)
trace_crashes()
at_work()
"""


def crash(stderr: IO[bytes] | int | None) -> int:
    """The exit status of a process that crashes with this stderr. None: closed."""
    command: list[str] = [sys.executable, "-c", CRASH]
    if stderr is None:
        command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
    return subprocess.run(command, stderr=stderr, cwd=ROOT, timeout=LIMIT_SECONDS).returncode


def test_it_says_where_it_was(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        log.write(b"before\n")
        log.flush()
        assert crash(log) == -signal.SIGSEGV
    said = (tmp_path / "log").read_text()
    assert said.startswith("before\nFatal Python error: Segmentation fault")
    assert "in at_work" in said


def test_through_a_pipe_and_a_socket() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as pipe:
        assert crash(writing) == -signal.SIGSEGV
        os.close(writing)
        assert b"in at_work" in pipe.read()
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            assert crash(theirs.fileno()) == -signal.SIGSEGV
        assert b"in at_work" in b"".join(iter(lambda: ours.recv(65536), b""))


def test_nobody_has_to_read_it() -> None:
    with full_pipe() as pipe:
        assert crash(pipe.end) == -signal.SIGSEGV
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                theirs.send(b"." * 4096)
        theirs.setblocking(True)
        assert crash(theirs.fileno()) == -signal.SIGSEGV


def test_without_a_stderr_there_is_no_trace() -> None:
    assert crash(None) == -signal.SIGSEGV
