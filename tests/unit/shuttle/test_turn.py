"""How long a batch has kept the loop: by CPU, whatever others take of it."""

from __future__ import annotations

import pytest

from events.kafka.batch_size import WORK_SECONDS
from shuttle import turn
from shuttle.turn import SHORT_SECONDS, Turn


class Clocks:
    """`wall` goes on with `cpu`, and by itself."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.wall = self.cpu = 100.0
        self.asked = 0
        patch.setattr(turn, "perf_counter", lambda: self.wall)
        patch.setattr(turn, "thread_time", self._ask)

    def work(self, seconds: float) -> None:
        self.cpu += seconds
        self.wall += seconds

    def _ask(self) -> float:
        self.asked += 1
        return self.cpu


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


def test_it_is_over_when_its_time_is(clocks: Clocks) -> None:
    made = Turn()
    clocks.work(WORK_SECONDS * 0.9)
    assert not made.is_over
    clocks.work(WORK_SECONDS * 0.2)
    assert made.is_over
    assert made.seconds == pytest.approx(WORK_SECONDS * 1.1)
    assert made.is_over


def test_what_others_take_of_the_machine_is_not_its_time(clocks: Clocks) -> None:
    made = Turn()
    for _ in range(3):
        clocks.work(WORK_SECONDS * 0.3)
        clocks.wall += 1
        assert not made.is_over
    clocks.work(WORK_SECONDS * 0.2)
    assert made.is_over


def test_while_there_is_time_the_cpu_is_not_asked_for(clocks: Clocks) -> None:
    made = Turn()
    before = clocks.asked
    for _ in range(100):
        clocks.work(WORK_SECONDS / 1000)
        assert not made.is_over
        assert made.ours_of(SHORT_SECONDS / 2) == SHORT_SECONDS / 2
    assert clocks.asked == before


def test_one_that_is_held_up_is_charged_no_more_than_all_that_was_worked(clocks: Clocks) -> None:
    made = Turn()
    clocks.work(0.001)
    clocks.wall += 0.5
    assert made.ours_of(0.5) == pytest.approx(0.001)
    clocks.work(0.003)
    assert made.ours_of(0.003) == pytest.approx(0.003)
