"""Random histories: each drain gets exactly the lines from its start on, in order, or is told."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.broker import Broker
from tests.support.histories import SLOTS, Faults, History, Inbox
from tests.support.kafka import TopicNames
from tests.support.processes import RunningProcess
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until

SEED = os.environ.get("HISTORIES_SEED") or str(random.SystemRandom().randrange(1_000_000))
"""All that a batch does is drawn from this; HISTORIES_SEED tells it again."""
BATCHES, HISTORIES, ROUNDS = 10, 20, 10
SETTLE_SECONDS = 60.0
AT_ONCE = 4


class Batch:
    """Histories that share an installation, and what befalls its worker."""

    def __init__(
        self,
        seed: str,
        count: int,
        shuttle: Shuttle,
        kafka: Broker,
        topic: TopicNames,
        receiver: Receivers,
    ) -> None:
        begun = time.monotonic()
        self._clock: Callable[[], float] = lambda: time.monotonic() - begun
        self._seed = seed
        self._random = random.Random(seed)
        self._shuttle = shuttle
        self._inbox = Inbox([(receiver(), receiver()) for _ in range(SLOTS)])
        self._worker: RunningProcess | None = None
        self._starts = 0
        self._histories = [
            History(
                f"{number} of seed {seed}",
                f"{seed}/{number}",
                topic(),
                shuttle,
                kafka,
                self._inbox,
                self._clock,
            )
            for number in range(count)
        ]

    def run(self, rounds: int) -> None:
        plan = self._plan(rounds)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for number, befalls in enumerate(plan):
                for act in befalls:
                    act()
                list(pool.map(lambda history: history.step(number), self._histories))  # noqa: B023
                if self._worker is not None:
                    self._settle([history for history in self._histories if history.settles])
            if self._worker is None:
                self._start()
            list(pool.map(History.finish, self._histories))
        self._settle(self._histories)
        self._judge()
        self._stop()
        self._judge()

    def _plan(self, rounds: int) -> list[list[Callable[[], None]]]:
        """What befalls the worker before each round; at least one kill and one restart."""
        plan: list[list[Callable[[], None]]] = [[] for _ in range(rounds)]
        begin = self._random.choice([0, 1])
        plan[begin].append(self._start)
        at = self._random.sample(range(begin + 1, rounds - 1), 2)
        ends = {at[0]: self._kill, at[1]: self._stop}
        for number in range(begin + 1, rounds - 1):
            if number not in ends and self._random.random() < 0.15:
                ends[number] = self._random.choice([self._kill, self._stop])
        for number, end in ends.items():
            plan[number].append(end)
            away = self._random.random() < 0.5 and number + 1 not in ends
            plan[number + away].append(self._start)
        return plan

    def _start(self) -> None:
        consuming = self._random.random() < 0.4
        self._note(f"worker starts{', and is ready' if consuming else ''}")
        self._worker = self._shuttle.start_worker(consuming=consuming)
        self._starts += 1

    def _kill(self) -> None:
        self._note("kill -9")
        assert self._worker is not None
        self._worker.kill()
        self._worker = None

    def _stop(self) -> None:
        self._note("worker is told to stop")
        assert self._worker is not None
        worker, self._worker = self._worker, None
        listens = self._shuttle.is_ready(worker)
        status = worker.terminate()
        # One that has only just been started does not listen for signals yet.
        assert status == 0 or (status == -signal.SIGTERM and not listens), worker.output()

    def _note(self, what: str) -> None:
        for history in self._histories:
            history.note(what)

    def _settle(self, histories: Iterable[History]) -> None:
        waiting = list(histories)

        def served() -> bool:
            worker = self._worker
            assert worker is not None
            assert worker.running, f"the worker has ended:\n{worker.output()[-4000:]}"
            self._inbox.look()
            waiting[:] = [history for history in waiting if not history.is_served()]
            return not waiting

        for history in waiting:
            history.note("settle")
        try:
            wait_until(served, SETTLE_SECONDS, f"all lines, HISTORIES_SEED={SEED}")
        except AssertionError as error:
            self._judge(f"{error}\n\n")
            raise
        for history in histories:
            history.note("settled")

    def _judge(self, why: str = "") -> None:
        self._inbox.look()
        reports = []
        for history in self._histories:
            try:
                history.judge(self._starts)
            except Faults as faults:
                reports.append(str(faults))
        if reports:
            again = f"HISTORIES_SEED={SEED} tells it again (batch {self._seed})"
            pytest.fail(why + "\n\n".join([again, *reports]), pytrace=False)


@pytest.fixture
def batch(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> Callable[[str, int], Batch]:
    return lambda seed, count: Batch(seed, count, shuttle, kafka, topic, receiver)


def test_six_random_histories(batch: Callable[[str, int], Batch]) -> None:
    batch(f"{SEED}/few", 6).run(5)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(BATCHES))
def test_two_hundred_random_histories(number: int, batch: Callable[[str, int], Batch]) -> None:
    batch(f"{SEED}/{number}", HISTORIES).run(ROUNDS)
