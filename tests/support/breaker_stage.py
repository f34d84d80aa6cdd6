"""A breaker, the server behind it, and a clock of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from logshuttle_site.shared_cache.breaker import AwayError, Breaker
from logshuttle_site.shared_cache.metrics import CacheCollector


class Server:
    """What is asked. `fault`: what it raises; `silent`: it answers when the test lets it."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.proved = 0
        self.asked = 0
        self.silent = False
        self.go = threading.Event()

    def prove(self) -> None:
        self.proved += 1
        self.answer()

    def ask(self) -> str:
        self.asked += 1
        return self.answer()

    def answer(self) -> str:
        if self.silent:
            self.go.wait(10)
        if self.fault is not None:
            raise self.fault
        return "answer"


class Stage:
    def __init__(self) -> None:
        self.later = 0.0
        """Seconds that only the clock says have passed."""
        self.server = Server()
        self.breaker = Breaker(self.server.prove, clock=lambda: time.monotonic() + self.later)

    def ask(self) -> str:
        return self.breaker.ask(self.server.ask)

    def ask_slowly(self, seconds: float) -> str:
        """It answers, and the clock says after how long."""

        def slow() -> str:
            self.later += seconds
            return "late"

        return self.breaker.ask(slow)

    def away(self) -> str:
        with pytest.raises(AwayError) as caught:
            self.ask()
        return str(caught.value)


@contextmanager
def breaker_stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.server.go.set()
    made.breaker.close()


def figures(breaker: Breaker) -> dict[str, float]:
    found = CacheCollector(breaker).collect()
    return {one.name.removeprefix("logshuttle_web_cache_"): one.samples[0].value for one in found}
