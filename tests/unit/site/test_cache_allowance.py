"""What a request may wait for the cache: over all of its calls, and whichever threads it shares."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from redis.exceptions import ReadOnlyError

from logshuttle_site import asgi
from logshuttle_site.shared_cache import breaker
from logshuttle_site.shared_cache.allowance import begin_request
from logshuttle_site.shared_cache.breaker import REST_SECONDS, THREADS
from tests.support.breaker_stage import Stage, breaker_stage, figures
from tests.support.waiting import wait_until


@pytest.fixture
def stage() -> Iterator[Stage]:
    with breaker_stage() as made:
        yield made


def in_a_request(call: Callable[[], Any]) -> Any:
    """In this thread, which other requests have had."""

    def run() -> Any:
        begin_request()
        return call()

    return copy_context().run(run)


def test_a_request_waits_so_long_over_all_that_it_asks(stage: Stage) -> None:
    """Each call is quick enough for itself; the server is not left alone for what they take."""

    def asks() -> str:
        assert [stage.ask_slowly(0.3) for _ in range(2)] == ["late", "late"]
        return stage.away()

    assert [in_a_request(asks) for _ in range(2)] == ["no answer in time"] * 2
    assert stage.server.asked == 0
    assert figures(stage.breaker) == {"serves": 1.0, "faults": 0.0, "given_up": 2.0}


def test_requests_that_share_a_thread_share_no_allowance(stage: Stage) -> None:
    for _ in range(40):
        assert in_a_request(lambda: stage.ask_slowly(0.012)) == "late"
    for _ in range(40):  # outside of a request
        assert stage.ask_slowly(0.012) == "late"

    assert figures(stage.breaker) == {"serves": 1.0, "faults": 0.0, "given_up": 0.0}


def test_who_had_little_time_left_blames_nobody(stage: Stage) -> None:
    def asks() -> str:
        stage.ask_slowly(0.4)
        stage.server.silent = True
        return stage.away()

    assert in_a_request(asks) == "no answer in time"
    assert stage.server.asked == 1
    assert figures(stage.breaker) == {"serves": 1.0, "faults": 0.0, "given_up": 1.0}
    assert in_a_request(stage.away) == "no answer in time"
    assert figures(stage.breaker) == {"serves": 0.0, "faults": 1.0, "given_up": 1.0}


def test_who_had_little_time_left_is_not_the_one_that_asks_again(stage: Stage) -> None:
    def asks() -> str:
        stage.ask_slowly(0.4)
        stage.server.fault = ReadOnlyError("x")
        stage.away()
        stage.server.fault = None
        stage.later += REST_SECONDS
        return stage.away()

    assert "read-only" in in_a_request(asks)
    assert stage.server.proved == 0
    assert in_a_request(stage.ask) == "answer"


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_each_connection_to_the_site_is_a_request(
    kind: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever thread its calls run in: these are all in asgiref's one."""
    told: list[str] = []

    def looks_up() -> None:
        told.append(stage.ask_slowly(0.5))
        told.append(stage.away())

    async def served(*_: Any) -> None:
        await sync_to_async(looks_up)()

    async def serve_two() -> None:
        for _ in range(2):
            await asgi.application({"type": kind}, None, None)

    monkeypatch.setattr(asgi, "tell_of_tails", lambda: None)
    monkeypatch.setattr(asgi, "_served", served)
    asyncio.run(serve_two())

    assert told == ["late", "no answer in time"] * 2
    assert stage.breaker.serves


def test_a_wait_for_a_turn_is_no_silence_of_the_server(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other calls have all threads for most of the time: it was asked for a moment."""

    def waits(*_: Any) -> None:
        stage.later += 0.3
        others_end.set()
        wait_until(lambda: stage.server.asked == 1, 5, "it is asked")
        stage.later += 0.15

    others_end = threading.Event()
    for _ in range(THREADS):
        stage.breaker._calls.submit(others_end.wait, 10)
    stage.server.silent = True
    monkeypatch.setattr(breaker, "wait", waits)

    assert stage.away() == "no answer in time"
    assert figures(stage.breaker) == {"serves": 1.0, "faults": 0.0, "given_up": 1.0}
