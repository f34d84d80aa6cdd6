"""PostgreSQL in trouble: lines go on, it is said in words, and all is well when it is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.outcome import all_arrive
from tests.support.pgbouncer import Pgbouncer
from tests.support.postgres_faults import FaultyPostgres, faulty, on_small_disk
from tests.support.receiving import Receivers
from tests.support.rest_calls import RestCalls
from tests.support.shuttle import Shuttle, numbered_events, served
from tests.support.steady_load import SteadyLoad
from tests.support.stores import Postgres, postgres_server
from tests.support.waiting import throughout, wait_until
from tests.support.workers import by_worker

PER_SECOND = 500
SAID_SECONDS = 20
"""Until a connection that is silent is given up, 12 s, and until that is asked anything."""
WELL_SECONDS = 20
BACK_SECONDS = 45
"""Locks of a connection that has fallen silent are held for 30 s."""
AWAY = "is away"
BACK = "The database is back"
SHOWN = 4000


@dataclass(frozen=True)
class Fault:
    make: Callable[[FaultyPostgres], AbstractContextManager[None]]
    says: str
    """Of the worker's log, behind "Waiting for the database: it"; empty: lines do without."""
    seconds: float = 20
    said_seconds: float = SAID_SECONDS
    lines: int = 1
    """That say so: it may be two things, one after the other."""
    small_disk: bool = False
    workers: int = 1


FAULTS = {
    "read-only": Fault(FaultyPostgres.read_only, "takes no writes"),
    "read-only, two workers": Fault(FaultyPostgres.read_only, "takes no writes", workers=2),
    "refuses": Fault(FaultyPostgres.refuses, AWAY),
    "black hole": Fault(FaultyPostgres.black_hole, AWAY, seconds=30),
    "black hole, two workers": Fault(FaultyPostgres.black_hole, AWAY, seconds=30, workers=2),
    "silent again and again": Fault(
        FaultyPostgres.silent_again, AWAY, seconds=40, lines=8, workers=2
    ),
    "stopped": Fault(FaultyPostgres.stopped, AWAY),
    "killed": Fault(FaultyPostgres.killed, AWAY, workers=2),
    "slow": Fault(FaultyPostgres.slow, ""),
    "locked": Fault(FaultyPostgres.locked, "takes too long, or somebody holds what is asked for"),
    "full": Fault(FaultyPostgres.full, "has no room left", said_seconds=90, small_disk=True),
    "no connections": Fault(
        FaultyPostgres.without_connections, "has no connection left for us", lines=2, workers=2
    ),
}


@pytest.fixture(scope="module")
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with postgres_server(tmp_path_factory.mktemp("run")) as server:
        yield server


class Stage:
    """An installation whose database a test makes trouble for."""

    def __init__(self, stack: ExitStack, server: Postgres, folder: Path, kafka: Broker) -> None:
        self._stack, self._server, self._folder, self._kafka = stack, server, folder, kafka

    def served(self, *, small_disk: bool = False) -> tuple[FaultyPostgres, Shuttle]:
        stack = self._stack
        if small_disk:
            url = stack.enter_context(on_small_disk(self._server))
        else:
            url = self._server.create()
            stack.callback(self._server.drop, url)
        database = stack.enter_context(faulty(self._server, url))
        settings = {"DATABASE_URL": database.url, "RATE_LIMITS": "off"}
        shuttle = stack.enter_context(served(self._folder, self._kafka.bootstrap, settings))
        stack.callback(lambda: print((self._folder / "runshuttle.log").read_text()[-SHOWN:]))
        return database, shuttle


@pytest.fixture
def stage(own_postgres: Postgres, tmp_path: Path, kafka: Broker) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(stack, own_postgres, tmp_path, kafka)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_lines_go_on_and_all_is_well_when_it_is_over(
    name: str, stage: Stage, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    fault = FAULTS[name]
    space, sink, run = kafka.create(topic(), 4), receiver(), new_run()
    database, shuttle = stage.served(small_disk=fault.small_disk)
    shuttle.add_drain(f"gold-{space}", sink.url)
    worker = shuttle.start_worker(workers=fault.workers)
    wait_until(lambda: all_share(shuttle, fault.workers), 60, "all workers have partitions")

    said_seconds = 0.0
    load = SteadyLoad(kafka.bootstrap, space, run, per_second=PER_SECOND)
    with load, RestCalls(shuttle, f"lead-{space}") as rest:
        sink.wait_for(PER_SECOND)
        began = time.monotonic()
        with fault.make(database):
            if fault.says:
                says = f"Waiting for the database: it {fault.says}"
                worker.wait_for_output(says, fault.said_seconds)
                said_seconds = time.monotonic() - began
            left = fault.seconds - (time.monotonic() - began)
            throughout(lambda: shuttle.is_ready(worker), left, "the worker is ready")
            sink.wait_for(load.acknowledged, 3)
        well_seconds = seconds_until_well(shuttle, kafka, space, receiver)
        said, workers = worker.output, fault.workers if fault.says else 0
        wait_until(lambda: said().count(BACK) >= workers, BACK_SECONDS, "each says it is back")
        produced = load.stop()

    all_arrive(sink, run, produced, duplicates=0)
    codes = ", ".join(map(str, sorted(rest.codes)))
    print(f"| {name} | {said_seconds:.0f} s | {codes}; {rest.longest_seconds:.0f} s at most |"
          f" 0 | {well_seconds:.0f} s |")  # fmt: skip
    assert not rest.unexplained, rest.unexplained[0]
    assert set(rest.codes) <= {200, 201, 204, 404, 503}
    assert said().count("Waiting for the database") <= fault.lines * workers
    assert said().count(BACK) <= fault.lines * workers
    assert "Traceback" not in said()
    assert worker.terminate() == 0


def all_share(shuttle: Shuttle, workers: int) -> bool:
    """While partitions move, lines of a young drain may come twice where nothing can be written."""
    if workers == 1:
        return True
    shares = by_worker(shuttle, "logshuttle_partitions_assigned")
    return len(shares) == workers and all(shares.values())


def seconds_until_well(shuttle: Shuttle, kafka: Broker, space: str, receiver: Receivers) -> float:
    """Until a new drain can be made, and has its first line."""
    began, sink, drains = time.monotonic(), receiver(), f"/apps/silver-{space}/log-drains"

    def is_made() -> bool:
        answer = shuttle.api.post(drains, json={"url": sink.url}, timeout=30)
        assert answer.status_code in (201, 503), answer.text
        return answer.status_code == 201

    wait_until(is_made, WELL_SECONDS, "a drain can be made")
    kafka.produce(space, numbered_events("silver", new_run(), 0, 10), partition=0)
    sink.wait_for(10, WELL_SECONDS)
    return time.monotonic() - began


def test_a_worker_that_starts_while_nothing_can_be_written_says_what_it_waits_for(
    postgres: Postgres,
    database_url: str,
    tmp_path: Path,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
) -> None:
    space, sink, run = kafka.create(topic(), 4), receiver(), new_run()
    with ExitStack() as stack:
        database = stack.enter_context(faulty(postgres, database_url))
        settings = {"DATABASE_URL": database.url}
        made = served(tmp_path, kafka.bootstrap, settings, is_migrated=True)
        shuttle = stack.enter_context(made)
        shuttle.add_drain(f"gold-{space}", sink.url)
        worker = shuttle.start_worker()
        with SteadyLoad(kafka.bootstrap, space, run, per_second=PER_SECOND) as load:
            with database.read_only():
                worker.wait_for_output("Waiting for the database: it takes no writes", SAID_SECONDS)
                sink.wait_for(load.acknowledged, 3)
                assert worker.terminate() == 0
                worker = shuttle.start_worker(consuming=False)
                wait_until(lambda: "cursors_of" in waits_of(shuttle), 15, "it is told")
                assert waits_of(shuttle)["cursors_of"][space] == "0-3"
                assert waits_of(shuttle)["database"] == "it takes no writes"
                assert not shuttle.is_ready(worker)
            wait_until(lambda: shuttle.is_ready(worker), 5, "it is ready")
            assert waits_of(shuttle).keys() <= {"database"}  # until all that had failed is answered
            produced = load.stop()

        all_arrive(sink, run, produced)  # a young drain's first cursors may still be there
        worker.wait_for_output(BACK, BACK_SECONDS)
        assert worker.terminate() == 0


@pytest.mark.slow
def test_a_pooler_that_ends_and_comes_back_loses_no_line(
    database_url: str, tmp_path: Path, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, run = kafka.create(topic(), 4), receiver(), new_run()
    with ExitStack() as stack:
        pooler = stack.enter_context(Pgbouncer(tmp_path / "pgbouncer", database_url, pool=4))
        settings = {"DATABASE_URL": pooler.url, "RATE_LIMITS": "off"}
        made = served(tmp_path, kafka.bootstrap, settings, is_migrated=True)
        shuttle = stack.enter_context(made)
        shuttle.add_drain(f"gold-{space}", sink.url)
        worker = shuttle.start_worker(workers=2)
        wait_until(lambda: all_share(shuttle, 2), 60, "all workers have partitions")
        load = SteadyLoad(kafka.bootstrap, space, run, per_second=PER_SECOND)
        with load, RestCalls(shuttle, f"lead-{space}") as rest:
            sink.wait_for(PER_SECOND)
            for _ in range(3):
                before = worker.output().count(AWAY)
                pooler.kill()
                wait_until(lambda: worker.output().count(AWAY) > before, SAID_SECONDS, "it is said")  # noqa: B023
                throughout(lambda: shuttle.is_ready(worker), 3, "the worker is ready")
                pooler.start()
                well_seconds = seconds_until_well(shuttle, kafka, space, receiver)
                print(f"well again after {well_seconds:.1f} s, {dict(rest.codes)}")
            produced = load.stop()
        all_arrive(sink, run, produced, duplicates=0)
        assert not rest.unexplained, rest.unexplained[0]
        assert "Traceback" not in worker.output()
        assert worker.terminate() == 0


def waits_of(shuttle: Shuttle) -> dict[str, Any]:
    with suppress(httpx.TransportError):
        told = get(f"http://127.0.0.1:{shuttle.metrics_port}/readyz").json()
        found: dict[str, Any] = told.get("waits_for", {})
        return found
    return {}
