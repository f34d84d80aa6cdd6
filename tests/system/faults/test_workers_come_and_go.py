"""Several workers in one group: each that comes or goes moves partitions, and no line is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.outcome import all_arrive
from tests.support.ports import free_port
from tests.support.processes import RunningProcess
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle
from tests.support.steady_load import SteadyLoad
from tests.support.waiting import wait_until

PARTITIONS = 6
PER_SECOND = 1_000
ALLOWED_DUPLICATES = 0.05


class Crew:
    """Workers of one installation beside each other, each with a metrics port of its own."""

    def __init__(self, shuttle: Shuttle) -> None:
        self._shuttle = shuttle
        self._stacks: list[tuple[ExitStack, RunningProcess, int]] = []

    def __len__(self) -> int:
        return len(self._stacks)

    def join(self) -> None:
        port, stack = free_port(), ExitStack()
        command = self._shuttle.run("runshuttle", "--metrics-port", str(port))
        self._stacks.append((stack, stack.enter_context(command), port))

    def leave(self) -> int:
        """The oldest goes. Its exit status."""
        stack, worker, _ = self._stacks.pop(0)
        status = worker.terminate(limit_seconds=15)
        stack.close()
        return status

    def partitions(self) -> list[int]:
        """How many each has; none while it starts."""
        return [self._partitions_of(port) for _, _, port in self._stacks]

    def output(self) -> str:
        return self._stacks[0][1].output()

    def close(self) -> None:
        for stack, _, _ in self._stacks:
            stack.close()

    @staticmethod
    def _partitions_of(port: int) -> int:
        try:
            metrics = get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
        except httpx.TransportError:
            return 0
        found = re.search(r"^logshuttle_partitions_assigned (\S+)$", metrics, re.MULTILINE)
        return int(float(found[1])) if found else 0


@pytest.fixture
def crew(shuttle: Shuttle) -> Iterator[Crew]:
    made = Crew(shuttle)
    yield made
    made.close()


@pytest.mark.parametrize(
    "rounds", [pytest.param(3, id="small"), pytest.param(20, id="full", marks=pytest.mark.slow)]
)
def test_a_storm_of_them_loses_nothing(
    rounds: int,
    crew: Crew,
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
) -> None:
    space, sink, run = kafka.create(topic(), PARTITIONS), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    crew.join()
    wait_until(lambda: sum(crew.partitions()) >= PARTITIONS, 20, "a first worker with all")
    (everything,) = crew.partitions()  # with those of router topics, where the broker has any

    load = SteadyLoad(kafka.bootstrap, space, run, partitions=PARTITIONS, per_second=PER_SECOND)
    with load:
        # Until then a new drain begins, for whoever comes, where it was made.
        wait_until(
            lambda: sum(kafka.committed(shuttle.group, space).values()) > 0, 20, "a first commit"
        )
        for _ in range(rounds):
            crew.join()
            wait_until(lambda: all(crew.partitions()), 15, "the new one has its part")
            if len(crew) > 2:
                assert crew.leave() == 0
        wait_until(lambda: sum(crew.partitions()) == everything, 15, "each partition has a worker")
        sink.wait_for(load.acknowledged, 10)
        produced = load.stop()

    allowed = int(sum(produced.values()) * ALLOWED_DUPLICATES)
    all_arrive(sink, run, produced, duplicates=allowed)
    assert "Traceback" not in crew.output()
