"""A database that is slow or away holds up nobody but who asked it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from events.database_faults import DatabaseFault
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


def fails(times: int, fault: DatabaseFault = DatabaseFault.AWAY) -> Callable[[Store], int]:
    """The number of the call that succeeds, after so many that do not."""
    calls: list[None] = []

    def work(_: Store) -> int:
        calls.append(None)
        if len(calls) <= times:
            raise StoreError(f"it {fault.value}", fault)
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


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [str(getattr(record, "action", None)) for record in caplog.records]


async def test_that_it_went_away_and_came_back_is_said_once_each(
    thread: StoreThread, caplog: pytest.LogCaptureFixture
) -> None:
    for times in (0, 3, 0, 2):
        await thread.insist(fails(times))
        await thread.insist(fails(0))
    assert said(caplog) == ["db_away", "db_back"] * 2


async def test_it_is_back_when_what_had_failed_is_answered(
    thread: StoreThread, caplog: pytest.LogCaptureFixture
) -> None:
    """One that takes no writes answers other questions all the time."""
    write = fails(3, DatabaseFault.READ_ONLY)
    for _ in range(3):
        with pytest.raises(StoreError):
            await thread.ask(write)
        assert await thread.read(lambda _: 7) == 7
        assert await thread.ask(lambda _: 8) == 8
    assert said(caplog) == ["db_away"]
    assert thread.is_away
    assert thread.fault is DatabaseFault.READ_ONLY

    await thread.ask(write)
    assert said(caplog) == ["db_away", "db_back"]
    assert caplog.messages[0] == "Waiting for the database: it takes no writes"
    assert not thread.is_away
    assert thread.fault is None


async def test_one_that_was_away_is_back_when_the_same_thread_has_any_answer(
    thread: StoreThread, caplog: pytest.LogCaptureFixture
) -> None:
    """The other one has a connection of its own, which may say nothing still."""
    with pytest.raises(StoreError):
        await thread.ask(fails(1))
    assert await thread.read(lambda _: 7) == 7
    assert said(caplog) == ["db_away"]
    assert await thread.ask(lambda _: 8) == 8
    assert said(caplog) == ["db_away", "db_back"]


async def test_what_is_left_is_shown_when_another_fault_is_over(thread: StoreThread) -> None:
    with pytest.raises(StoreError):
        await thread.ask(fails(1, DatabaseFault.READ_ONLY))
    reading = fails(1, DatabaseFault.AWAY)
    shown: list[DatabaseFault | None] = []

    def read(store: Store) -> int:
        shown.append(thread.fault)
        return reading(store)

    assert await thread.read(read) == 2
    assert shown == [DatabaseFault.READ_ONLY, DatabaseFault.AWAY]
    assert thread.fault is DatabaseFault.READ_ONLY


async def test_what_is_asked_no_more_is_not_waited_for(
    thread: StoreThread, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError):
        await thread.ask(fails(1, DatabaseFault.TOO_SLOW))
    await thread.ask(lambda _: 7)
    assert thread.is_away
    monkeypatch.setattr(module, "FORGET_SECONDS", 0.0)
    await thread.ask(lambda _: 7)
    assert not thread.is_away
    assert said(caplog) == ["db_away", "db_back"]


async def test_another_fault_is_said_once_while_it_is_away(
    thread: StoreThread, caplog: pytest.LogCaptureFixture
) -> None:
    away, full = DatabaseFault.AWAY, DatabaseFault.FULL
    faults = [away, full, away, full]

    def work(_: Store) -> None:
        if faults:
            raise StoreError("no", faults.pop())

    await thread.insist(work)
    assert said(caplog) == ["db_away", "db_away", "db_back"]


@pytest.mark.parametrize(("times", "is_answered"), [(2, True), (3, False)])
async def test_what_lost_against_others_is_tried_three_times(
    times: int, is_answered: bool, thread: StoreThread, caplog: pytest.LogCaptureFixture
) -> None:
    work = fails(times, DatabaseFault.CONFLICT)
    if is_answered:
        assert await thread.ask(work) == 3
        assert said(caplog) == []
    else:
        with pytest.raises(StoreError):
            await thread.ask(work)
        assert await thread.ask(work) == 4
