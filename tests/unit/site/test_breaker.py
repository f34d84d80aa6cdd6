"""The breaker around a server that is shared: who waits, when it is left alone, what is said."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis.exceptions import ReadOnlyError

from logshuttle_site.shared_cache.breaker import REST_SECONDS, AwayError, Breaker
from logshuttle_site.shared_cache.metrics import CacheCollector
from tests.support.waiting import wait_until


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
        self.now = 100.0
        self.server = Server()
        self.breaker = Breaker(self.server.prove, clock=lambda: self.now)

    def ask(self) -> str:
        return self.breaker.ask(self.server.ask)

    def away(self) -> str:
        with pytest.raises(AwayError) as caught:
            self.ask()
        return str(caught.value)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.server.go.set()
    made.breaker.close()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO)
    return lambda: [record.getMessage() for record in caplog.records]


def figures(breaker: Breaker) -> dict[str, float]:
    found = CacheCollector(breaker).collect()
    return {one.name.removeprefix("logshuttle_web_cache_"): one.samples[0].value for one in found}


def test_who_has_failed_is_left_alone_and_proves_itself_by_a_write(
    stage: Stage, said: Callable[[], list[str]]
) -> None:
    assert stage.ask() == "answer"
    stage.server.fault = ReadOnlyError("You can't write against a read only replica.")
    assert stage.away() == "it is read-only, as a replica is"
    assert figures(stage.breaker) == {"serves": 0.0, "faults": 1.0}
    asked = stage.server.asked

    for _ in range(20):
        assert "read-only" in stage.away()
    assert (stage.server.asked, stage.server.proved) == (asked, 0)
    for _ in range(3):
        stage.now += REST_SECONDS
        stage.away()
    assert (stage.server.asked, stage.server.proved) == (asked, 3)
    stage.server.fault = None
    assert "read-only" in stage.away()
    stage.now += REST_SECONDS
    assert stage.ask() == "answer"

    assert figures(stage.breaker) == {"serves": 1.0, "faults": 4.0}
    assert [line.split(":")[0] for line in said()] == [
        "The cache does not serve",
        "The cache serves again",
    ]


def test_each_change_of_the_reason_is_said(stage: Stage, said: Callable[[], list[str]]) -> None:
    for fault in (ConnectionRefusedError(111, "x"), ReadOnlyError("x"), ReadOnlyError("y")):
        stage.server.fault = fault
        stage.away()
        stage.now += REST_SECONDS

    assert len(said()) == 2


def test_a_health_check_asks_for_a_write_but_not_while_it_is_left_alone(stage: Stage) -> None:
    stage.breaker.prove()
    stage.server.fault = ReadOnlyError("x")
    for _ in range(5):
        with pytest.raises(AwayError, match="read-only"):
            stage.breaker.prove()

    assert stage.server.proved == 2


def test_who_is_silent_is_waited_for_once_and_by_nobody_for_long(stage: Stage) -> None:
    stage.server.silent = True
    assert stage.away() == "no answer in time"

    tries = [threading.Thread(target=stage.away) for _ in range(30)]
    for one in tries:
        one.start()
    for one in tries:
        one.join(1)
    assert stage.server.asked == 1


def test_what_is_no_fault_of_the_server_is_the_callers(stage: Stage) -> None:
    def wrong() -> Any:
        raise ValueError("no number")

    with pytest.raises(ValueError, match="no number"):
        stage.breaker.ask(wrong)
    assert stage.ask() == "answer"


def test_a_request_waits_so_long_over_all_that_it_asks(stage: Stage) -> None:
    """Each call is quick enough for itself: the clock says that it took 0.3 s."""

    def slow() -> str:
        stage.now += 0.3
        return "late"

    assert [stage.breaker.ask(slow) for _ in range(2)] == ["late", "late"]
    assert "no answer" in stage.away()
    assert stage.server.asked == 0
    stage.now += REST_SECONDS
    assert stage.ask() == "answer"


def test_who_finds_all_threads_taken_blames_nobody(stage: Stage) -> None:
    stage.server.silent = True
    waiting = [threading.Thread(target=lambda: stage.away()) for _ in range(4)]
    for one in waiting:
        one.start()
    wait_until(lambda: stage.server.asked == 4, 5, "all of its threads wait")

    assert stage.away() in ("too much is asked of it", "no answer in time")
    for one in waiting:
        one.join(2)
