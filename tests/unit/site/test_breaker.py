"""The breaker around a server that is shared: who waits, when it is left alone, what is said."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis.exceptions import ReadOnlyError

from logshuttle_site.shared_cache.breaker import REST_SECONDS, AwayError
from tests.support.breaker_stage import Stage, breaker_stage, figures
from tests.support.waiting import wait_until


@pytest.fixture
def stage() -> Iterator[Stage]:
    with breaker_stage() as made:
        yield made


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO)
    return lambda: [record.getMessage() for record in caplog.records]


def test_who_has_failed_is_left_alone_and_proves_itself_by_a_write(
    stage: Stage, said: Callable[[], list[str]]
) -> None:
    assert stage.ask() == "answer"
    stage.server.fault = ReadOnlyError("You can't write against a read only replica.")
    assert stage.away() == "it is read-only, as a replica is"
    assert figures(stage.breaker) == {"serves": 0.0, "faults": 1.0, "given_up": 0.0}
    asked = stage.server.asked

    for _ in range(20):
        assert "read-only" in stage.away()
    assert (stage.server.asked, stage.server.proved) == (asked, 0)
    for _ in range(3):
        stage.later += REST_SECONDS
        stage.away()
    assert (stage.server.asked, stage.server.proved) == (asked, 3)
    stage.server.fault = None
    assert "read-only" in stage.away()
    stage.later += REST_SECONDS
    assert stage.ask() == "answer"

    assert figures(stage.breaker) == {"serves": 1.0, "faults": 4.0, "given_up": 0.0}
    assert [line.split(":")[0] for line in said()] == [
        "The cache does not serve",
        "The cache serves again",
    ]


def test_each_change_of_the_reason_is_said(stage: Stage, said: Callable[[], list[str]]) -> None:
    for fault in (ConnectionRefusedError(111, "x"), ReadOnlyError("x"), ReadOnlyError("y")):
        stage.server.fault = fault
        stage.away()
        stage.later += REST_SECONDS

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


def test_who_finds_all_threads_taken_blames_nobody(stage: Stage) -> None:
    stage.server.silent = True
    waiting = [threading.Thread(target=lambda: stage.away()) for _ in range(4)]
    for one in waiting:
        one.start()
    wait_until(lambda: stage.server.asked == 4, 5, "all of its threads wait")

    assert stage.away() in ("too much is asked of it", "no answer in time")
    for one in waiting:
        one.join(2)
    assert stage.breaker.given_up <= 1
