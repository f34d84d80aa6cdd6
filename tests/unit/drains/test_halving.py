"""A batch that is taken apart, with a receiver that is a function."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drains.delivery.network.errors import DeliveryError, UnansweredError
from drains.delivery.senders.halving import ENDS_MAX, ENDS_OF_A_LINE, REFUSALS_MAX, Halving

ENDS = UnansweredError("connection reset by the receiver")
REFUSES = DeliveryError("HTTP 400")
AWAY = DeliveryError("connection refused")


class Receiver:
    """`answer`: its error for so many requests and these lines; None: it takes them."""

    def __init__(self, answer: Callable[[int, list[int]], DeliveryError | None]) -> None:
        self._answer = answer
        self.asked: list[list[int]] = []
        self.taken: list[int] = []

    async def post(self, part: range) -> None:
        lines = list(part)
        self.asked.append(lines)
        error = self._answer(len(self.asked), lines)
        if error is not None:
            raise error
        self.taken += lines

    async def deliver(self, lines: int, *requests: range) -> int:
        """Of one request, if no others are given. Returns how many lines are refused."""
        halving = Halving(self.post, lambda error: error is not AWAY)
        return await halving.deliver(requests or [range(lines)])

    def distinct(self) -> list[int]:
        return list(dict.fromkeys(self.taken))


def poisoned(error: DeliveryError, *poison: int) -> Receiver:
    return Receiver(lambda _, lines: error if set(poison).intersection(lines) else None)


def larger_than(size: int, error: DeliveryError) -> Receiver:
    return Receiver(lambda _, lines: error if len(lines) > size else None)


async def test_what_is_taken_as_a_whole_is_asked_for_once() -> None:
    receiver = poisoned(REFUSES)
    assert await receiver.deliver(20, range(10), range(10, 20)) == 0
    assert receiver.asked == [list(range(10)), list(range(10, 20))]


@pytest.mark.parametrize("error", [ENDS, REFUSES])
async def test_a_receiver_that_takes_only_small_requests_gets_them_in_order(
    error: DeliveryError,
) -> None:
    receiver = larger_than(60, error)
    assert await receiver.deliver(1000) == 0
    assert receiver.taken == list(range(1000))


@pytest.mark.parametrize("error", [ENDS, REFUSES])
@pytest.mark.parametrize("poison", [(0,), (7,), (99,), (0, 1, 2, 40, 41, 98, 99)])
async def test_only_what_is_refused_by_itself_is_given_up(
    error: DeliveryError, poison: tuple[int, ...]
) -> None:
    receiver = poisoned(error, *poison)
    assert await receiver.deliver(100) == len(poison)
    assert receiver.distinct() == [line for line in range(100) if line not in poison]


async def test_a_line_is_refused_that_ends_three_connections_while_another_is_taken() -> None:
    receiver = poisoned(ENDS, 1)
    assert await receiver.deliver(2) == 1
    assert receiver.asked == [[0, 1], [0], *[[1], [0]] * ENDS_OF_A_LINE]


async def test_a_line_that_is_taken_when_it_comes_again_is_not_refused() -> None:
    receiver = Receiver(lambda count, lines: ENDS if lines in ([0, 1], [1]) and count < 5 else None)
    assert await receiver.deliver(2) == 0
    assert receiver.distinct() == [0, 1]


async def test_a_receiver_that_takes_nothing_any_more_refuses_no_line() -> None:
    receiver = Receiver(lambda count, lines: ENDS if count > 4 or 1 in lines else None)
    with pytest.raises(UnansweredError):
        await receiver.deliver(2)


@pytest.mark.parametrize(("error", "at_most"), [(ENDS, ENDS_MAX), (REFUSES, REFUSALS_MAX)])
@pytest.mark.parametrize("lines", [1, 2, 1000])
async def test_one_that_takes_nothing_at_all_is_soon_left_alone(
    error: DeliveryError, at_most: int, lines: int
) -> None:
    receiver = Receiver(lambda *_: error)
    with pytest.raises(type(error), match=str(error)):
        await receiver.deliver(lines)
    assert len(receiver.asked) == min(2 * lines - 1, at_most)
    assert receiver.taken == []


@pytest.mark.parametrize("error", [ENDS, REFUSES])
async def test_lines_at_the_start_hide_no_others_however_many_they_are(
    error: DeliveryError,
) -> None:
    poison = range(300)
    receiver = poisoned(error, *poison)
    assert await receiver.deliver(1000) == 300
    assert sorted(receiver.distinct()) == list(range(300, 1000))


async def test_where_smaller_requests_do_not_help_there_are_none() -> None:
    receiver = Receiver(lambda count, _: AWAY if count == 3 else REFUSES)
    with pytest.raises(DeliveryError, match="connection refused"):
        await receiver.deliver(100)
    assert [len(lines) for lines in receiver.asked] == [100, 50, 25]
