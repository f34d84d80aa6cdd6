"""A database that is slow or away holds up nobody but who asked it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from shuttle.commit import store_thread as module
from shuttle.commit.store import Store, StoreError
from shuttle.commit.store_thread import StoreThread
from tests.support.memory_store import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def thread(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreThread]:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    made = StoreThread(store)
    yield made
    made.close()


def fails(times: int) -> Callable[[Store], int]:
    """The number of the call that succeeds, after so many that do not."""
    calls: list[None] = []

    def work(_: Store) -> int:
        calls.append(None)
        if len(calls) <= times:
            raise StoreError("away")
        return len(calls)

    return work


async def test_the_store_answers_from_a_thread_of_its_own(
    thread: StoreThread, store: MemoryStore
) -> None:
    threads = [await thread.ask(lambda _: threading.current_thread()) for _ in range(2)]
    assert await thread.ask(lambda asked: asked is store)
    assert threads[0] is threads[1] is not threading.current_thread()


async def test_the_event_loop_goes_on_while_the_database_hangs(thread: StoreThread) -> None:
    goes_on = threading.Event()
    asking = asyncio.create_task(thread.ask(lambda _: goes_on.wait(timeout=10)))
    await asyncio.sleep(0)
    assert not asking.done()
    goes_on.set()
    assert await asking


async def test_questions_are_answered_one_after_the_other(thread: StoreThread) -> None:
    goes_on = threading.Event()
    order: list[int] = []

    def first(_: Store) -> None:
        goes_on.wait(timeout=10)
        order.append(1)

    asking = [asyncio.create_task(thread.ask(first))]
    asking.append(asyncio.create_task(thread.ask(lambda _: order.append(2))))
    await asyncio.sleep(0)
    goes_on.set()
    await asyncio.gather(*asking)
    assert order == [1, 2]


async def test_what_is_read_does_not_wait_for_what_is_written(thread: StoreThread) -> None:
    goes_on = threading.Event()
    writing = asyncio.create_task(thread.ask(lambda _: goes_on.wait(timeout=10)))
    await asyncio.sleep(0)
    assert await thread.read(fails(2)) == 3
    assert not writing.done()
    goes_on.set()
    assert await writing


async def test_who_asks_hears_that_it_is_away(thread: StoreThread) -> None:
    with pytest.raises(StoreError, match="away"):
        await thread.ask(fails(1))


async def test_who_insists_is_answered_in_the_end(thread: StoreThread) -> None:
    assert await thread.insist(fails(3)) == 4


async def test_a_fault_of_ours_is_not_asked_again(thread: StoreThread) -> None:
    def broken(_: Store) -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError, match="ours"):
        await thread.insist(broken)


async def test_that_it_went_away_and_came_back_is_said_once_each(
    thread: StoreThread, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for times in (0, 3, 0, 2):
        await thread.insist(fails(times))
        await thread.insist(fails(0))
    said = [getattr(record, "action", None) for record in caplog.records]
    assert said == ["db_away", "db_back"] * 2
