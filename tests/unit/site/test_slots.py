"""So many connections at a time: given in turn, given back by whoever ends."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from logshuttle_site.database.slots import Slots
from tests.support.waiting import wait_until


def nothing() -> None: ...


def test_no_more_are_given_than_there_are() -> None:
    slots = Slots(2)
    assert [slots.take(0.0, nothing) for _ in range(3)] == [True, True, False]
    slots.give_back()
    assert slots.take(0.0, nothing)


def test_who_waits_gets_the_next_one_in_turn() -> None:
    slots, order, waiting = Slots(1), list[int](), list[threading.Thread]()
    assert slots.take(0.0, nothing)

    def wait(number: int) -> None:
        assert slots.take(10.0, nothing)
        order.append(number)

    for number in range(3):
        waiting.append(threading.Thread(target=wait, args=(number,)))
        waiting[-1].start()
        wait_until(lambda: len(slots._waiting) == number + 1, 5, "in line")  # noqa: B023
    for number in range(3):
        slots.give_back()
        wait_until(lambda: len(order) == number + 1, 5, "its turn")  # noqa: B023
    for each in waiting:
        each.join()
    assert order == [0, 1, 2]


def test_who_waits_too_long_leaves_the_line() -> None:
    slots = Slots(1)
    assert slots.take(0.0, nothing)
    began = time.monotonic()
    assert not slots.take(0.1, nothing)
    assert time.monotonic() - began < 2
    slots.give_back()
    assert slots.take(0.0, nothing)


def test_what_somebody_has_forgotten_is_found_by_who_waits() -> None:
    slots = Slots(1)
    assert slots.take(0.0, nothing)
    assert slots.take(10.0, slots.give_back)


class Collecting(deque[Any]):
    """Python destroys an object, once, in the middle of what is done with this."""

    collect: Callable[[], None] | None = None

    def _once(self) -> None:
        collect, self.collect = self.collect, None
        if collect:
            collect()

    def pop(self) -> Any:  # type: ignore[override]
        found = super().pop()
        self._once()
        return found

    def popleft(self) -> Any:
        found = super().popleft()
        self._once()
        return found

    def remove(self, value: Any) -> None:
        self._once()
        super().remove(value)


def test_one_may_be_given_back_while_another_one_is_given() -> None:
    slots = Slots(2)
    assert slots.take(0.0, nothing)
    slots._free = free = Collecting(slots._free)
    free.collect = slots.give_back
    assert slots.take(0.0, nothing)
    assert len(slots._free) == 1
    assert not slots._waiting


def test_who_waits_goes_on_waiting_where_others_got_what_it_was_to_have() -> None:
    slots = Slots(1)
    assert slots.take(0.0, nothing)
    first, second, third = (threading.Lock() for _ in range(3))
    for each in (first, second, third):
        each.acquire()
    slots._waiting = waiting = Collecting([first, second, third])
    waiting.collect = slots.give_back
    slots.give_back()
    assert [each.locked() for each in (first, second, third)] == [True, False, False]
    assert list(waiting) == [first]
    slots.give_back()
    assert not first.locked()


def test_one_may_be_given_back_to_who_is_just_leaving() -> None:
    slots = Slots(1)
    assert slots.take(0.0, nothing)
    slots._waiting = waiting = Collecting()
    waiting.collect = slots.give_back
    assert slots.take(0.0, nothing)
    assert not slots._free


def test_many_threads_leave_as_many_as_there_were() -> None:
    slots, held, most = Slots(3), list[None](), list[int]()

    def work(_: int) -> None:
        for _ in range(200):
            assert slots.take(30.0, nothing)
            held.append(None)
            most.append(len(held))
            held.pop()
            slots.give_back()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert max(most) <= 3
    assert len(slots._free) == 3
