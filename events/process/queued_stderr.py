"""What a process says on stderr is written by a thread of its own: nobody else waits for it.

A log that nobody reads is a pipe that fills up, and the next line of it would hold the event loop:
delivery, probes and the end. The queue is below `logging`, as warnings, tracebacks and commands
write to stderr too. (`logging.handlers.QueueListener` also writes each record by itself, which
beside a busy event loop is 200 a second, and it ends only once all of them are written.)
"""

from __future__ import annotations

import atexit
import io
import logging
import os
import select
import sys
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

logger = logging.getLogger(__name__)

QUEUE_BYTES = 4 * 1024 * 1024
PIECE_BYTES = select.PIPE_BUF
"""Processes that share a pipe do not cut each other's lines up to here."""
LOCK_SECONDS = 0.1
EXIT_SECONDS = 1.0
"""How long an end waits for a log that is read slowly, or not at all."""


class QueuedOutput(io.RawIOBase):
    """Owns what is still to be written to a file descriptor, and the thread that writes it.

    `write` never waits. What finds no room is dropped, and so is what comes after it until half of
    the queue has been written: then one line says how much.
    """

    def __init__(self, descriptor: int, queue_bytes: int = QUEUE_BYTES) -> None:
        self._descriptor = descriptor
        self._queue_bytes = queue_bytes
        self.forget()

    def forget(self) -> None:
        """Begin anew, as in a child that was forked: what is queued its parent writes, whose thread
        it does not have."""
        self.dropped_lines = 0
        self._changed = threading.Condition()
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        """That are not written yet."""
        self._untold = 0
        """Lines that were dropped since it was last said."""
        self._is_ending = False
        self._thread: threading.Thread | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: ReadableBuffer, /) -> int:
        text = bytes(data)
        if self._is_ending:
            self._write_now(text)
            return len(text)
        with self._changed:
            if self._untold or (self._bytes and self._bytes + len(text) > self._queue_bytes):
                self._drop(text)
            else:
                self._queue.append(text)
                self._bytes += len(text)
                self.start()
                self._changed.notify_all()
        return len(text)

    def close(self, lock_seconds: float = LOCK_SECONDS) -> None:
        """The thread ends once all is written."""
        super().close()
        # At the interpreter's end the thread stops wherever it is, and may hold this for ever; and
        # of this module's names, which are defaults for that, nothing is left.
        if self._changed.acquire(timeout=lock_seconds):
            self._changed.notify_all()
            self._changed.release()

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="stderr", daemon=True)
            self._thread.start()

    def drain(self, limit_seconds: float) -> bool:
        """Whether all is written, within the limit."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._bytes, limit_seconds)

    def end(self, limit_seconds: float) -> None:
        """Drains; of what comes from now on, without the thread, is written what is taken at
        once."""
        self.drain(limit_seconds)
        self._is_ending = True

    def _write_now(self, text: bytes) -> None:
        rest = memoryview(text)
        with suppress(OSError):
            while rest and select.select([], [self._descriptor], [], 0)[1]:
                rest = rest[os.write(self._descriptor, rest[:PIECE_BYTES]) :]

    def _drop(self, text: bytes) -> None:
        lines = text.count(b"\n") or 1
        self.dropped_lines += lines
        self._untold += lines

    # In the thread.

    def _run(self) -> None:
        while piece := self._next_piece():
            written = self._write_all(piece)
            with self._changed:
                self._bytes -= len(piece)
                if not written:
                    self.dropped_lines += piece.count(b"\n")
                untold = self._untold if self._bytes <= self._queue_bytes // 2 else 0
                self._untold -= untold
                self._changed.notify_all()
            if untold:
                logger.warning(
                    "%d lines of the log were dropped: nobody read it",
                    untold,
                    extra={"action": "log_dropped"},
                )

    def _next_piece(self) -> bytes:
        """The oldest lines, as many together as are not cut. Empty: all is written, and no more
        comes."""
        taken: list[bytes] = []
        size = 0
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self.closed)
            while self._queue and (not taken or size + len(self._queue[0]) <= PIECE_BYTES):
                taken.append(self._queue.popleft())
                size += len(taken[-1])
        return b"".join(taken)

    def _write_all(self, piece: bytes) -> bool:
        """False when there is nobody any more who could read it, or the disk is full."""
        rest = memoryview(piece)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:  # whoever shares it has made it so
                select.select([], [self._descriptor], [])
            except OSError:
                return False
        return True


STDERR = QueuedOutput(2)


def queue_stderr() -> None:
    """From now on nothing that this process writes to `sys.stderr` is waited for, but at its end,
    for a while. Call it before anything else has taken hold of `sys.stderr`."""
    if sys.stderr is None:  # closed by whoever started us: its number may be a socket's by now
        return
    sys.stderr = io.TextIOWrapper(
        STDERR, encoding=sys.stderr.encoding, errors=sys.stderr.errors, line_buffering=True
    )
    # gRPC's core writes by itself, and would wait: a line for each handshake that fails.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    STDERR.start()
    os.register_at_fork(after_in_child=STDERR.forget)
    atexit.register(_end)


def _end() -> None:
    sys.stderr.flush()
    STDERR.end(EXIT_SECONDS)
