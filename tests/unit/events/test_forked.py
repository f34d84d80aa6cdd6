"""A child tries what may end a process."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import psutil
import pytest

from events.process.forked import Trial, tried

LIMIT_SECONDS = 20.0

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def nothing(_: int) -> None:
    pass


def on_two(act: Callable[[], object]) -> Callable[[int], None]:
    def work(item: int) -> None:
        if item == 2:
            act()

    return work


def refuse() -> None:
    raise KeyError("what is in it is not told")


async def test_who_gets_through_all_says_so() -> None:
    assert await tried(range(5000), nothing, LIMIT_SECONDS) == Trial(5000, "")
    assert await tried([], nothing, LIMIT_SECONDS) == Trial(0, "")


@pytest.mark.parametrize(
    ("act", "ended"),
    [
        (refuse, "raises KeyError"),
        (sys.exit, "raises SystemExit"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "ends a process by signal 9"),
        (os.abort, "ends a process by signal 6"),
        (lambda: os._exit(0), "ends a process"),
    ],
)
async def test_who_does_not_says_what_it_met(act: Callable[[], object], ended: str) -> None:
    assert await tried(range(5), on_two(act), LIMIT_SECONDS) == Trial(2, ended)


async def test_who_stands_still_is_ended() -> None:
    before = time.monotonic()
    found = await tried(range(5), on_two(lambda: time.sleep(LIMIT_SECONDS)), 0.3)
    assert found == Trial(2, "takes longer than 0.3 s")
    assert time.monotonic() - before < LIMIT_SECONDS / 2


async def test_a_lock_that_another_thread_holds_is_no_ones_fault_but_shows() -> None:
    """Nothing that a child works on may want a lock of ours; if it does, it does not hang us."""
    lock = threading.Lock()
    with lock:
        found = await tried([2], on_two(lock.acquire), 0.3)
    assert found == Trial(0, "takes longer than 0.3 s")


async def test_without_a_child_nothing_is_said_of_any_item(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more() -> int:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(os, "fork", no_more)
    with pytest.raises(OSError, match="no more"):
        await tried([1], nothing, LIMIT_SECONDS)


async def test_it_has_no_collector_from_its_first_moment_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fork, seen = os.fork, list[bool]()

    def forked() -> int:
        seen.append(gc.isenabled())
        return fork()

    monkeypatch.setattr(os, "fork", forked)
    await tried([1], nothing, LIMIT_SECONDS)
    assert (seen, gc.isenabled()) == ([False], True)


async def test_it_leaves_nothing_behind() -> None:
    us = psutil.Process()
    before = us.num_fds(), us.children()
    for _ in range(3):
        await tried(range(3), on_two(refuse), LIMIT_SECONDS)
    assert (us.num_fds(), us.children()) == before


class WaitsForItsThread:
    """As a client of Kafka does at its end, which in a child never comes."""

    def __init__(self) -> None:
        self.itself = self
        self._pid = os.getpid()

    def __del__(self) -> None:
        if os.getpid() != self._pid:
            time.sleep(60)


async def test_what_ends_in_a_child_is_none_of_its_items_doing() -> None:
    """What the parent has left to its collector."""
    made = on_two(lambda: [[] for _ in range(100_000)])
    gc.collect()
    WaitsForItsThread()
    assert await tried(range(5), made, 5) == Trial(5, "")
