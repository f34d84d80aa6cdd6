"""Whose password is looked at: two at once, a line with an end, a share for each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from logshuttle_site.login.turns import BusyError, Turns
from tests.support.waiting import wait_until


class Line:
    """Log-ins that last until the test lets them go."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.running = 0
        self.most = 0
        self._lock = threading.Lock()
        self._go = threading.Event()
        self._pool = ThreadPoolExecutor(30)
        self._tries: list[Future[None]] = []

    def add(self, whose: str, *, is_known: bool = False) -> Future[None]:
        tries = self._pool.submit(self._login, whose, is_known)
        self._tries.append(tries)
        wait_until(lambda: tries.done() or self.turns._here[whose], 5, "it is in line")
        return tries

    def _login(self, whose: str, is_known: bool) -> None:
        with self.turns.taken(whose, is_known=is_known):
            with self._lock:
                self.running += 1
                self.most = max(self.most, self.running)
            self._go.wait(10)
            with self._lock:
                self.running -= 1

    def let_go(self) -> None:
        self._go.set()
        self._pool.shutdown()


@contextmanager
def line(**options: float) -> Iterator[Line]:
    made = Line(Turns(**options))  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.let_go()


def test_two_run_and_the_others_follow() -> None:
    with line() as tried:
        all_of_them = [tried.add(f"peer {number}") for number in range(8)]
        wait_until(lambda: tried.running == 2, 5, "two run")
        tried.let_go()

        assert [one.result(5) for one in all_of_them] == [None] * 8
        assert tried.most == 2
        assert not tried.turns._here


def test_one_peer_has_a_share_and_is_told() -> None:
    with line(of_one_max=4) as tried:
        for _ in range(4):
            tried.add("greedy")
        refused = tried.add("greedy")
        other = tried.add("other")

        with pytest.raises(BusyError, match="your address"):
            refused.result(5)
        tried.let_go()
        other.result(5)


def test_strangers_that_fill_the_line_leave_room_for_who_is_known() -> None:
    with line(waiting_max=3) as tried:
        for number in range(5):
            tried.add(f"stranger {number}")
        refused, known = tried.add("one more"), tried.add("operator", is_known=True)

        with pytest.raises(BusyError, match="at this moment"):
            refused.result(5)
        tried.let_go()
        known.result(5)


def test_nobody_waits_longer_than_that() -> None:
    with line(at_once=1, wait_seconds=0.05) as tried:
        tried.add("one")
        waited = tried.add("two")

        with pytest.raises(BusyError):
            waited.result(5)
        assert tried.turns._here == {"one": 1}
