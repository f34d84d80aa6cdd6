import asyncio

import pytest

from tests.support.waiting import until, wait_until


def test_gives_the_first_true_answer() -> None:
    answers = iter([0, None, "yes"])
    assert wait_until(lambda: next(answers), 5, "an answer") == "yes"


def test_fails_after_the_limit_with_what_and_the_last_answer() -> None:
    with pytest.raises(AssertionError, match=r"not within 0.05 s: rain \(last answer: 0\)"):
        wait_until(lambda: 0, 0.05, "rain")


async def test_lets_the_event_loop_run_meanwhile() -> None:
    happened = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, happened.set)
    assert await until(happened.is_set, 5, "the event")


async def test_fails_after_the_limit_on_a_loop_too() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.05 s: rain"):
        await until(lambda: False, 0.05, "rain")
