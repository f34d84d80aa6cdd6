"""How much is sent again after one reset, and after the next."""

from __future__ import annotations

import pytest

from drains.delivery.checkpoints import NO_STEP_BACK, StepBack
from shuttle.distrust import GAIN, Distrust
from shuttle.marks import Mark
from tests.support.feed_bench import P0, P1, records


def mark(begin: int, size: int = 1000, *, confirmed: bool = True) -> Mark:
    made = Mark(1, 0.0, covered=True)
    made.add(records(begin), 1)
    made.add(records(begin, P1), 1)
    made.size, made.confirmed = size, confirmed
    return made


@pytest.fixture
def distrust() -> Distrust:
    made = Distrust()
    made.sent_again([mark(10)])
    return made


def test_less_and_less_is_sent_again(distrust: Distrust) -> None:
    assert distrust.step_back == StepBack().halved()
    distrust.sent_again([mark(9)])
    assert distrust.step_back == NO_STEP_BACK


def test_all_of_it_once_everything_that_was_sent_is_confirmed_again(distrust: Distrust) -> None:
    first, both = Mark(2, 0.0, covered=True), mark(10)
    first.add(records(10), 1)

    distrust.confirmed(first)
    assert distrust.step_back == StepBack().halved()
    distrust.confirmed(both)
    assert distrust.step_back == StepBack()


def test_all_of_it_for_a_connection_that_got_far_in_other_partitions(distrust: Distrust) -> None:
    distrust.progressed(int(1000 * GAIN))
    assert distrust.step_back == StepBack().halved()
    distrust.progressed(int(1000 * GAIN) + 1)
    assert distrust.step_back == StepBack()


def test_the_largest_of_several_resets_is_what_is_to_be_outdone(distrust: Distrust) -> None:
    distrust.sent_again([mark(9, 5000), mark(8, 1_000_000, confirmed=False)])
    distrust.sent_again([mark(9, 10)])

    distrust.progressed(int(5000 * GAIN))
    assert distrust.step_back == NO_STEP_BACK
    distrust.progressed(int(5000 * GAIN) + 1)
    assert distrust.step_back == StepBack()


def test_a_partition_that_is_anothers_is_waited_for_no_more(distrust: Distrust) -> None:
    distrust.forget(P0)
    assert distrust.step_back == StepBack().halved()
    distrust.forget(P1)
    assert distrust.step_back == StepBack()
