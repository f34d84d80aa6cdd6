"""Connections to PostgreSQL that are open, and of which no answer comes any more: after a failover,
or past a router that forgot them. Nobody says so, and new ones work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.crew import Crew
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.outcome import all_arrive
from tests.support.postgres_faults import FaultyPostgres, faulty
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, numbered_events, served
from tests.support.steady_load import SteadyLoad
from tests.support.stores import Postgres
from tests.support.waiting import wait_until

NEW_DRAIN_SECONDS = 20
ALL_FLOW_SECONDS = 30
PER_SECOND = 500
DRAINS = 6
PARTITIONS = 6


@pytest.fixture
def database(postgres: Postgres, database_url: str) -> Iterator[FaultyPostgres]:
    with faulty(postgres, database_url) as made:
        yield made


@pytest.fixture
def installation(tmp_path: Path, kafka: Broker, database: FaultyPostgres) -> Iterator[Shuttle]:
    settings = {"DATABASE_URL": database.url}
    with served(tmp_path, kafka.bootstrap, settings, is_migrated=True) as made:
        yield made


def test_a_new_drain_has_its_lines_soon(
    database: FaultyPostgres,
    installation: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
) -> None:
    space, sink, new, run = kafka.create(topic(), 4), receiver(), receiver(), new_run()
    installation.add_drain(f"gold-{space}", sink.url)
    worker = installation.start_worker()
    kafka.produce(space, numbered_events("gold", run, 0, 10), partition=0)
    sink.wait_for(10)

    with database.silent():
        began = time.monotonic()
        installation.add_drain(f"silver-{space}", new.url)
        kafka.produce(space, numbered_events("silver", run, 0, 10), partition=0)
        new.wait_for(10, NEW_DRAIN_SECONDS - (time.monotonic() - began))
        print(f"a new drain delivers after {time.monotonic() - began:.1f} s")
        worker.wait_for_output("The database has said nothing for 12 s")
        worker.wait_for_output("Waiting for the database: it is away")
        worker.wait_for_output("The database is back")
    assert "Traceback" not in worker.output()
    assert worker.terminate() == 0


@pytest.mark.slow
def test_what_a_worker_leaves_meanwhile_flows_soon(
    database: FaultyPostgres,
    installation: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
) -> None:
    """The other one cannot take its partitions over before it has an answer."""
    space, run = kafka.create(topic(), PARTITIONS), new_run()
    sinks = [receiver() for _ in range(DRAINS)]
    for sink in sinks:
        installation.add_drain(f"gold-{space}", sink.url)
    with ExitStack() as stack:
        crew = stack.enter_context(closing(Crew(installation)))
        crew.join()
        wait_until(lambda: sum(crew.partitions()) >= PARTITIONS, 20, "a first worker with all")
        (everything,) = crew.partitions()
        crew.join()
        load = SteadyLoad(kafka.bootstrap, space, run, partitions=PARTITIONS, per_second=PER_SECOND)
        stack.enter_context(load)
        wait_until(lambda: all(crew.partitions()), 20, "both have some")
        sinks[0].wait_for(PER_SECOND)

        stack.enter_context(database.silent())
        began = time.monotonic()
        assert crew.leave() == 0
        ended_seconds = time.monotonic() - began
        wait_until(lambda: crew.partitions() == [everything], ALL_FLOW_SECONDS, "it has all")
        for sink in sinks:
            left = ALL_FLOW_SECONDS + ended_seconds - (time.monotonic() - began)
            sink.wait_for(load.acknowledged, left)
        print(f"all drains flow {time.monotonic() - began - ended_seconds:.1f} s after it ended")
        produced = load.stop()
        for sink in sinks:
            all_arrive(sink, run, produced)
        assert "Traceback" not in crew.output()
