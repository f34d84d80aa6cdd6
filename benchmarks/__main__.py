"""`make bench`: what a line costs, beside what consuming alone costs in the same run.

CPU is user and system time of the worker's process only, from its first batch to the last
line's arrival. Compare ratios: machines differ, and this one may be busy.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

import psutil
import trustme
from confluent_kafka.admin import AdminClient

from benchmarks.memory import peak_bytes
from benchmarks.traffic import fill, remove_topics
from events.devkafka import DevKafka
from shuttle.config import GROUP

MANAGE = Path(__file__).parents[1] / "manage.py"


@dataclass(frozen=True)
class Cost:
    cpu_us: float
    """Microseconds of CPU a line."""
    lines_per_second: float
    peak_mib: float


@dataclass(frozen=True)
class Scenario:
    source: str
    """One of benchmarks.traffic.SOURCES."""
    destination: str
    """tcp, octet (TCP with octet counting), tls or https."""
    drains: int = 1
    aim_us: float | None = None
    aim_floors: float | None = None

    @property
    def name(self) -> str:
        drains = "1 drain" if self.drains == 1 else f"{self.drains} drains"
        return f"{self.source} → {drains}, {self.destination}"


SCENARIOS = (
    Scenario("kubernetes", "tcp", aim_us=3.0),
    Scenario("kubernetes", "tcp", drains=100, aim_us=3.5),
    Scenario("kubernetes", "octet"),
    Scenario("kubernetes", "tls", aim_floors=3),
    Scenario("kubernetes", "https", aim_floors=4),
    Scenario("router text", "tcp", aim_floors=4),
    Scenario("istio", "tcp", aim_floors=4),
    Scenario("envoy", "tcp", aim_floors=4),
    Scenario("build", "tcp"),
)


def main() -> None:
    options = _options()
    chosen = [scenario for scenario in SCENARIOS if options.only in scenario.name]
    print(f"{options.lines:,} lines, median of {options.runs}; floor: consuming the same records")
    print(
        f"{'':34}{'floor µs':>9}{'CPU µs/line':>12}{'x floor':>9}{'aim':>8}"
        f"{'lines/s':>12}{'peak MiB':>10}"
    )
    with tempfile.TemporaryDirectory() as folder, _kafka(options.kafka, Path(folder)) as bootstrap:
        bench = Bench(bootstrap, Path(folder), options.lines)
        for scenario in chosen:
            _print(scenario, *bench.measure(scenario, options.runs))
        remove_topics(bootstrap)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3, help="of each; the median is shown")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--kafka", help="host:port of a broker to use; default: one of our own")
    return parser.parse_args()


@contextmanager
def _kafka(outside: str | None, folder: Path) -> Iterator[str]:
    if outside:
        yield outside
        return
    with DevKafka(data_dir=folder / "kafka", progress=_say) as broker:
        yield broker.bootstrap


class Bench:
    def __init__(self, bootstrap: str, folder: Path, lines: int) -> None:
        self._bootstrap = bootstrap
        self._folder = folder
        self._lines = lines
        self._databases = count()
        self._authority = trustme.CA()
        self._ca, self._server = folder / "ca.pem", folder / "server.pem"
        self._authority.cert_pem.write_to_path(str(self._ca))
        issued = self._authority.issue_cert("localhost")
        issued.private_key_and_cert_chain_pem.write_to_path(str(self._server))

    def measure(self, scenario: Scenario, runs: int) -> tuple[list[Cost], list[Cost]]:
        """The floor and the worker in turn, so that a slow minute hits both."""
        _say(f"{scenario.name}: writing {self._lines:,} records")
        topic = fill(self._bootstrap, scenario.source, scenario.drains, self._lines)
        floors, costs = [], []
        for run in range(1, runs + 1):
            _say(f"{scenario.name}: run {run} of {runs}")
            floors.append(self._floor(topic))
            costs.append(self._worker(scenario))
        return floors, costs

    def _floor(self, topic: str) -> Cost:
        arguments = [self._bootstrap, topic, str(self._lines)]
        command = [sys.executable, "-m", "benchmarks.floor", *arguments]
        cpu, wall, peak = map(float, subprocess.check_output(command, text=True).split())
        return Cost(cpu / self._lines * 1e6, self._lines / wall, peak / 2**20)

    def _worker(self, scenario: Scenario) -> Cost:
        """A real worker, from the topic's beginning, until the sink has every line."""
        _forget_group(self._bootstrap)
        database = self._folder / f"{next(self._databases)}.sqlite3"
        environment = os.environ | {
            "KAFKA_HOSTS": self._bootstrap,
            "AUTH_KEY": "bench",
            "DEBUG": "1",
            "DATABASE_URL": f"sqlite:///{database}",
        }
        kind = {"octet": "tcp"}.get(scenario.destination, scenario.destination)
        sink_command = [sys.executable, "-m", "benchmarks.sink", kind, str(self._lines)]
        sink = subprocess.Popen(
            [*sink_command, str(self._server)], stdout=subprocess.PIPE, text=True
        )
        assert sink.stdout is not None
        port = sink.stdout.readline().strip()
        setup = [sys.executable, "-m", "benchmarks.drains", scenario.destination, port]
        subprocess.run([*setup, str(scenario.drains), str(self._ca)], env=environment, check=True)
        command = [sys.executable, str(MANAGE), "runshuttle", "--metrics-port", "0"]
        with subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, text=True
        ) as worker:
            try:
                return _watch(worker, sink, self._lines)
            finally:
                worker.terminate()
                sink.terminate()
                sink.wait()


def _watch(worker: subprocess.Popen[str], sink: subprocess.Popen[str], lines: int) -> Cost:
    assert worker.stderr is not None
    assert sink.stdout is not None
    for said in worker.stderr:
        if "Took over" in said:
            break
    process = psutil.Process(worker.pid)
    before, times = process.cpu_times(), time.monotonic()
    sink.stdout.readline()
    after, wall = process.cpu_times(), time.monotonic() - times
    cpu = after.user + after.system - before.user - before.system
    return Cost(cpu / lines * 1e6, lines / wall, peak_bytes(worker.pid) / 2**20)


def _forget_group(bootstrap: str) -> None:
    """The next worker is to begin where the drains do."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for answer in admin.delete_consumer_groups([GROUP]).values():
        answer.exception()


def _print(scenario: Scenario, floors: list[Cost], costs: list[Cost]) -> None:
    floor = median(cost.cpu_us for cost in floors)
    cpu = median(cost.cpu_us for cost in costs)
    rate = median(cost.lines_per_second for cost in costs)
    peak = max(cost.peak_mib for cost in costs)
    aim = f"{scenario.aim_us} µs" if scenario.aim_us else ""
    if scenario.aim_floors:
        aim = f"{scenario.aim_floors:g} x"
    print(
        f"{scenario.name:34}{floor:9.2f}{cpu:12.2f}{cpu / floor:9.2f}{aim:>8}"
        f"{rate:12,.0f}{peak:10.0f}",
        flush=True,
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
