"""Work that may end the process which does it, tried by a child: a copy of this one, as of now.

The child has no thread but its own, none of our files and no log: it works in memory, says how far
it has got, and is gone.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn, TypeVar

from events.process.child_process import die_with

_READY, _DONE, _RAISED = b"r", b".", b"!"
_STANDARD_FILES = 3
_FILES_MAX = 1 << 20

T = TypeVar("T")


class Trial(NamedTuple):
    """How a child got on."""

    passed: int
    """So many of the items, from the first on."""
    ended: str
    """What it met then, in words; empty: it is through."""


async def tried(items: Sequence[T], work: Callable[[T], object], limit_seconds: float) -> Trial:
    """Works on one item after the other; none may take longer than the limit.

    Raises OSError when no child could be made, or it could not begin: that tells of no item.
    """
    reading, writing = os.pipe()
    not_to_outlive_us = die_with(os.getpid()) if sys.platform == "linux" else _nothing
    try:
        child = _fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        raise
    if not child:
        _work(items, work, writing, not_to_outlive_us)
    os.close(writing)
    said, hung = b"", False
    try:
        said, hung = await _listen(reading, limit_seconds)
    finally:
        status = await _ended(child, at_once=hung or not said)
    if not said.startswith(_READY):
        raise OSError("a child could not begin")
    done, _, error = said.removeprefix(_READY).partition(_RAISED)
    if len(done) == len(items):
        return Trial(len(done), "")
    if hung:
        return Trial(len(done), f"takes longer than {limit_seconds:g} s")
    killed = f"ends a process by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else ""
    raised = f"raises {error.decode()}" if error else "ends a process"
    return Trial(len(done), killed or raised)


def _fork() -> int:
    """The child is without a collector from its first moment on: the end of a client of Kafka waits
    for threads that are not there."""
    collects = gc.isenabled()
    gc.disable()
    child = -1
    try:
        child = _forked()
    finally:
        if collects and child:
            gc.enable()
    return child


def _forked() -> int:
    with warnings.catch_warnings():  # newer Pythons warn of threads: the child leaves theirs alone
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _nothing() -> None:
    pass


async def _listen(reading: int, limit_seconds: float) -> tuple[bytes, bool]:
    """All that it says, and whether it fell silent."""
    said, reader = b"", asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", 0)
    )
    try:
        while more := await asyncio.wait_for(reader.read(1 << 16), limit_seconds):
            said += more
    except TimeoutError:
        return said, True
    finally:
        transport.close()
    return said, False


async def _ended(child: int, *, at_once: bool) -> int:
    """How, as the system has it."""
    if at_once:
        os.kill(child, signal.SIGKILL)
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    return status


def _work(
    items: Sequence[T],
    work: Callable[[T], object],
    writing: int,
    prepare: Callable[[], None],
) -> NoReturn:
    try:
        logging.disable()  # the thread that writes it is not here
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        prepare()
        os.closerange(_STANDARD_FILES, writing)
        os.closerange(writing + 1, _FILES_MAX)
        os.write(writing, _READY)
        for item in items:
            work(item)
            os.write(writing, _DONE)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        os.write(writing, _RAISED + type(error).__name__.encode())
    finally:
        os._exit(0)
