"""One scenario, measured: the floor and the workers of a tree, in turn."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import psutil
import trustme

from benchmarks.figures import WORKERS, figures_cpu_seconds
from benchmarks.group import Group
from benchmarks.memory import peak_bytes
from benchmarks.scenarios import Scenario
from benchmarks.traffic import fill, make_topic, topic_of
from events.devkafka.broker import DevKafka

HERE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cost:
    cpu_us: float
    """Microseconds of CPU a record."""
    records_per_second: float
    peak_mib: float
    """Of the largest process."""
    figures_ms: float | None = None
    """Milliseconds of CPU a second that figures for operators took, from a worker's start to its
    end; None: it does not say so."""
    figures_ns: float | None = None
    """The same in nanoseconds a record."""


class Bench:
    """Owns a broker with records, and measures what one worker needs for them."""

    def __init__(self, bootstrap: str, folder: Path, records: int) -> None:
        self._bootstrap = bootstrap
        self._folder = folder
        self._records = records
        self._databases = count()
        self._group = Group(bootstrap)
        authority = trustme.CA()
        self._ca, self._server = folder / "ca.pem", folder / "server.pem"
        authority.cert_pem.write_to_path(str(self._ca))
        issued = authority.issue_cert("localhost")
        issued.private_key_and_cert_chain_pem.write_to_path(str(self._server))

    def measure(self, scenario: Scenario, runs: int) -> tuple[list[Cost], list[Cost]]:
        """The floor and the workers in turn, so that a slow minute hits both."""
        self.fill(scenario)
        floors, costs = [], []
        for run in range(1, runs + 1):
            say(f"{scenario.name}: run {run} of {runs}")
            floors.append(self._floor(scenario))
            costs.append(self.run(scenario))
        return floors, costs

    def fill(self, scenario: Scenario) -> None:
        records = self._count(scenario)
        say(f"{scenario.name}: writing {records:,} records")
        make_topic(self._bootstrap, scenario.source)
        fill(self._bootstrap, scenario.source, scenario.apps, records)

    def _count(self, scenario: Scenario) -> int:
        return scenario.records_of(self._records)

    def _floor(self, scenario: Scenario) -> Cost:
        """With as many processes: they share caches and cores."""
        of = str(scenario.workers)
        command = [sys.executable, "-m", "benchmarks.floor", self._bootstrap, scenario.source]
        readers = [
            subprocess.Popen([*command, str(part), of], stdout=subprocess.PIPE, text=True)
            for part in range(scenario.workers)
        ]
        cpus, walls, peaks = zip(
            *(map(float, reader.communicate()[0].split()) for reader in readers), strict=True
        )
        records = self._count(scenario)
        return Cost(sum(cpus) / records * 1e6, records / max(walls), max(peaks) / 2**20)

    def run(self, scenario: Scenario, tree: Path = HERE) -> Cost:
        """Real workers, from the topic's beginning, until the sink has every line.

        `tree`: the checkout whose programs are run.
        """
        self._group.forget()
        records, database = self._count(scenario), self._new_database()
        environment = self._environment(database)
        late = scenario.workers > 1  # the drains are made when all workers are there
        with ExitStack() as stack:
            sink, port = stack.enter_context(self._sink(scenario, records))
            drains = scenario.with_drains, scenario.fan_out, int(scenario.replayed), self._ca
            made = (0, *drains[1:]) if late else drains
            _drains(tree, environment, scenario.destination, port, *made)
            begun = "Consuming" if late else "Took over"
            started = time.monotonic()
            workers = [
                stack.enter_context(_worker(tree, environment, begun))
                for _ in range(scenario.workers)
            ]
            if scenario.replayed:
                self._group.wait_until_committed(topic_of(scenario.source), records)
            before, began = cpu_seconds(workers), time.monotonic()
            if scenario.replayed:
                _drains(tree, environment, "resume")
            if late:
                _drains(tree, environment, scenario.destination, port, *drains)
            assert sink.stdout is not None
            sink.stdout.readline()
            cpu, wall = cpu_seconds(workers) - before, time.monotonic() - began
            peak = max(peak_bytes(worker.pid) for worker in workers)
        lived = (time.monotonic() - started) * scenario.workers
        figures = figures_cpu_seconds(database, WORKERS)
        cost = Cost(cpu / records * 1e6, records / wall, peak / 2**20)
        if figures is None:
            return cost
        return replace(cost, figures_ms=figures / lived * 1e3, figures_ns=figures / records * 1e9)

    def _new_database(self) -> Path:
        return self._folder / f"{next(self._databases)}.sqlite3"

    def _environment(self, database: Path) -> dict[str, str]:
        return os.environ | {
            "KAFKA_HOSTS": self._bootstrap,
            "AUTH_KEY": "bench",
            "DEBUG": "1",
            "DATABASE_URL": f"sqlite:///{database}",
        }

    @contextmanager
    def _sink(
        self, scenario: Scenario, records: int
    ) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """A receiver, and its port."""
        kind = "tcp" if scenario.destination == "octet" else scenario.destination
        numbers = str(scenario.lines_of(records)), str(scenario.hosts)
        command = [sys.executable, "-m", "benchmarks.sink", kind, *numbers, str(self._server)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sink:
            assert sink.stdout is not None
            try:
                yield sink, sink.stdout.readline().strip()
            finally:
                sink.terminate()


def _drains(tree: Path, environment: dict[str, str], *arguments: object) -> None:
    """Our own, whatever the tree has: trees are measured with the same ones."""
    command = [sys.executable, "-P", str(HERE / "benchmarks" / "drains.py"), *map(str, arguments)]
    of_tree = environment | {"PYTHONPATH": str(tree)}
    subprocess.run(command, cwd=tree, env=of_tree, check=True)


@contextmanager
def _worker(tree: Path, environment: dict[str, str], begun: str) -> Iterator[subprocess.Popen[str]]:
    """One that has said that."""
    command = [sys.executable, str(tree / "manage.py"), "runshuttle", "--metrics-port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as worker:
        assert worker.stderr is not None
        try:
            for said in worker.stderr:
                if begun in said:
                    break
            yield worker
        finally:
            worker.terminate()


def cpu_seconds(workers: Sequence[subprocess.Popen[str]]) -> float:
    used = [psutil.Process(worker.pid).cpu_times() for worker in workers]
    return float(sum(times.user + times.system for times in used))


@contextmanager
def broker(outside: str | None, folder: Path) -> Iterator[str]:
    """The address of a broker of our own, unless there is one already."""
    if outside:
        yield outside
        return
    with DevKafka(data_dir=folder / "kafka", progress=say) as own:
        yield own.bootstrap


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
