"""What a process says is written by a thread: nobody waits, and what is dropped is told."""

from __future__ import annotations

import io
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, cast

import pytest

from events.process import queued_stderr
from events.process.queued_stderr import PIECE_BYTES, QueuedOutput
from tests.support.full_pipe import FILLER, full_pipe
from tests.support.processes import ROOT

DRAINED_SECONDS = 10.0


@contextmanager
def logging_to(output: QueuedOutput) -> Iterator[None]:
    """What the queue says of itself goes where all goes."""
    text = io.TextIOWrapper(cast(Any, output), line_buffering=True)
    handler = logging.StreamHandler(text)
    queued_stderr.logger.addHandler(handler)
    try:
        yield
    finally:
        queued_stderr.logger.removeHandler(handler)


def line(number: int) -> str:
    return f"{number:099}\n"


def lines(*numbers: int) -> str:
    return "".join(map(line, numbers))


def test_a_log_that_nobody_reads_holds_up_nobody() -> None:
    with full_pipe() as pipe, closing(QueuedOutput(pipe.end.fileno())) as output:
        for number in range(100):
            output.write(line(number).encode())
        assert not output.drain(0.0)

        assert pipe.read(lines(99)) == lines(*range(100))
        assert output.drain(DRAINED_SECONDS)
        assert output.dropped_lines == 0


def test_what_finds_no_room_is_dropped_and_told_in_its_place() -> None:
    with (
        full_pipe() as pipe,
        closing(QueuedOutput(pipe.end.fileno(), queue_bytes=1050)) as output,
        logging_to(output),
    ):
        for number in range(20):
            output.write(line(number).encode())
        output.write(b"has room, but not in the order in which it was said\n")
        assert output.dropped_lines == 11

        said = pipe.read("nobody read it\n")
        output.write(b"after\n")
        said += pipe.read("after\n")

    told = "11 lines of the log were dropped: nobody read it\n"
    assert said == f"{lines(*range(10))}{told}after\n"


def test_a_line_that_is_longer_than_the_queue_is_written() -> None:
    with full_pipe() as pipe, closing(QueuedOutput(pipe.end.fileno(), queue_bytes=10)) as output:
        output.write(line(1).encode())
        assert pipe.read(line(1)) == line(1)


def test_lines_are_written_together_but_never_cut() -> None:
    """Processes that share a pipe would cut each other's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    texts = [b"x" * size + b"\n" for size in (1500, 1500, 1500, 5000, 7, 8)]
    pieces: list[bytes] = []
    with closing(ours), closing(theirs), closing(QueuedOutput(theirs.fileno())) as output:
        fill(theirs)
        for text in texts:
            output.write(text)
        while b"".join(pieces) != b"".join(texts):
            pieces += [piece for piece in [ours.recv(65536)] if piece != FILLER]

    assert len(pieces) < len(texts)
    assert all(piece.endswith(b"\n") for piece in pieces)
    assert all(len(piece) <= PIECE_BYTES or piece == texts[3] for piece in pieces)


def fill(end: socket.socket) -> None:
    """Until it takes no more."""
    end.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            end.send(FILLER)
    end.setblocking(True)


def test_when_nobody_can_read_it_any_more_it_is_counted_and_nothing_else() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with (
        os.fdopen(writing, "wb"),
        closing(QueuedOutput(writing)) as output,
        logging_to(output),
    ):
        for number in range(2):
            output.write(line(number).encode())
            assert output.drain(DRAINED_SECONDS)
        assert output.dropped_lines == 2


def test_a_descriptor_that_does_not_block_is_waited_for() -> None:
    with full_pipe() as pipe, closing(QueuedOutput(pipe.end.fileno())) as output:
        os.set_blocking(pipe.end.fileno(), False)
        output.write(b"here\n")
        assert pipe.read("here\n") == "here\n"


# As a process has it.

PROGRAM = """
import os, sys
from events.process.queued_stderr import STDERR, queue_stderr
queue_stderr()
"""

ENDS = {
    "in order": "",
    "with a traceback": "raise SystemError('the last word')",
    "with a message": "sys.exit('the last word')",
    "within a line": "sys.stderr.write('the last word')",
}


def start(program: str, stderr: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM + program], cwd=ROOT, stderr=stderr)


@pytest.mark.parametrize("end", ENDS)
def test_nothing_of_an_end_is_lost(end: str) -> None:
    program = f"for n in range(1000): print('line', n, file=sys.stderr)\n{ENDS[end]}"

    with start(program, subprocess.PIPE) as process:
        _, said = process.communicate(timeout=20)

    lines = said.decode().splitlines()
    assert lines[:1000] == [f"line {number}" for number in range(1000)]
    assert "the last word" in lines[-1] or end == "in order"


def test_a_log_that_nobody_reads_holds_up_no_end() -> None:
    with full_pipe() as pipe, start("print('never read', file=sys.stderr)", pipe.end.fileno()) as p:
        assert p.wait(timeout=20) == 0


def test_what_is_said_after_the_end_is_written_too() -> None:
    """By what ends later: exit handlers that came before ours, and what Python itself complains of
    when it takes everything apart."""
    later = """
import atexit, sys
class Complains:
    def __del__(self):
        raise SystemError("the last word")
kept = Complains()
@atexit.register
def later():
    for n in range(1000): print("later", n, file=sys.stderr)
"""
    command = [sys.executable, "-c", later + PROGRAM]
    said = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, timeout=20, check=True).stderr
    lines = said.decode().splitlines()
    assert lines[:1000] == [f"later {number}" for number in range(1000)]
    assert lines[-1] == "SystemError: the last word"


def test_what_is_said_after_the_end_is_waited_for_by_nobody() -> None:
    with full_pipe() as pipe, closing(QueuedOutput(pipe.end.fileno())) as output:
        output.write(line(1).encode())
        output.end(0.0)
        output.write(b"nobody reads it\n")  # returns
        assert pipe.read(line(1)) == line(1)
        output.write(line(2).encode())
        assert pipe.read(line(2)) == line(2)


def test_closing_waits_for_no_lock_that_nobody_lets_go() -> None:
    """As of a thread that the interpreter has stopped."""
    output = QueuedOutput(2)
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with output._changed:
            held.set()
            let_go.wait(DRAINED_SECONDS)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    output.close()
    assert holder.is_alive()
    let_go.set()
    holder.join()


def test_who_is_forked_has_dropped_nothing_yet() -> None:
    output = QueuedOutput(2)
    output.dropped_lines = 3
    output.forget()
    assert output.dropped_lines == 0


def test_who_is_forked_writes_its_own_lines_and_no_others() -> None:
    program = (
        "import warnings; warnings.simplefilter('ignore')\n"  # newer Pythons warn of the fork
        "print('ours', file=sys.stderr); os.fork(); print('of each', file=sys.stderr)"
    )
    with start(program, subprocess.PIPE) as process:
        _, said = process.communicate(timeout=20)
    assert sorted(said.decode().splitlines()) == ["of each", "of each", "ours"]


def test_children_get_the_descriptor_itself() -> None:
    program = "import subprocess; subprocess.run(['echo', 'child'], stdout=sys.stderr.buffer)"
    with start(program, subprocess.PIPE) as process:
        assert process.communicate(timeout=20)[1] == b"child\n"


def test_a_closed_stderr_is_left_alone() -> None:
    """The number may be a socket's by now."""
    command = ["sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, PROGRAM + "print(sys.stderr)"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout == b"None\n"
