"""Several workers in one group: each that comes or goes moves partitions, and no line is lost."""

from __future__ import annotations

import pytest

from tests.support.broker import Broker
from tests.support.crew import Crew
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.outcome import all_arrive
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle
from tests.support.steady_load import SteadyLoad
from tests.support.waiting import wait_until

PARTITIONS = 6
PER_SECOND = 1_000
ALLOWED_DUPLICATES = 0.05


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
