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
from pathlib import Path
from statistics import median

import psutil
from confluent_kafka.admin import AdminClient

from benchmarks.memory import peak_bytes
from benchmarks.traffic import fill
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
    name: str
    drains: int
    aim_us: float


SCENARIOS = (
    Scenario("1 app, 1 drain", 1, 3.0),
    Scenario("100 apps, 100 drains", 100, 3.5),
)


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder, _kafka(options.kafka, Path(folder)) as bootstrap:
        floors, costs = _measure(bootstrap, Path(folder), options.lines, options.runs)
    _print(floors, costs, options.lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3, help="of each; the median is shown")
    parser.add_argument("--kafka", help="host:port of a broker to use; default: one of our own")
    return parser.parse_args()


@contextmanager
def _kafka(outside: str | None, folder: Path) -> Iterator[str]:
    if outside:
        yield outside
        return
    with DevKafka(data_dir=folder / "kafka", progress=_say) as broker:
        yield broker.bootstrap


def _measure(
    bootstrap: str, folder: Path, lines: int, runs: int
) -> tuple[list[Cost], dict[Scenario, list[Cost]]]:
    """The floor and each scenario in turn, so that a slow minute hits all of them."""
    topics = {}
    for scenario in SCENARIOS:
        topics[scenario] = topic = f"bench{scenario.drains}-{os.getpid()}"
        _say(f"writing {lines:,} events for {scenario.name}")
        fill(bootstrap, topic, scenario.drains, lines)
    floors: list[Cost] = []
    costs: dict[Scenario, list[Cost]] = {scenario: [] for scenario in SCENARIOS}
    for run in range(1, runs + 1):
        _say(f"run {run} of {runs}")
        floors.append(_floor(bootstrap, topics[SCENARIOS[0]], lines))
        for scenario, topic in topics.items():
            database = folder / f"{topic}-{run}.sqlite3"
            costs[scenario].append(_worker(bootstrap, topic, scenario.drains, lines, database))
    return floors, costs


def _floor(bootstrap: str, topic: str, records: int) -> Cost:
    answer = subprocess.check_output(
        [sys.executable, "-m", "benchmarks.floor", bootstrap, topic, str(records)], text=True
    )
    cpu, wall, peak = map(float, answer.split())
    return Cost(cpu / records * 1e6, records / wall, peak / 2**20)


def _worker(bootstrap: str, topic: str, drains: int, lines: int, database: Path) -> Cost:
    """A real worker, from the topic's beginning, until the sink has every line."""
    _forget_group(bootstrap)
    environment = os.environ | {
        "KAFKA_HOSTS": bootstrap,
        "AUTH_KEY": "bench",
        "DEBUG": "1",
        "DATABASE_URL": f"sqlite:///{database}",
    }
    sink = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink", str(lines)], stdout=subprocess.PIPE, text=True
    )
    assert sink.stdout is not None
    port = sink.stdout.readline().strip()
    setup = [sys.executable, "-m", "benchmarks.drains", topic, str(drains), port]
    subprocess.run(setup, env=environment, check=True)
    command = [sys.executable, str(MANAGE), "runshuttle", "--metrics-port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as worker:
        try:
            return _watch(worker, sink, lines)
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


def _print(floors: list[Cost], costs: dict[Scenario, list[Cost]], lines: int) -> None:
    floor = median(cost.cpu_us for cost in floors)
    print(f"\n{lines:,} lines, median of {len(floors)}")
    print(f"{'':24}{'CPU µs/line':>12}{'x floor':>9}{'aim µs':>8}{'lines/s':>12}{'peak MiB':>10}")
    _row("consume only (floor)", floors, floor, "")
    for scenario, found in costs.items():
        _row(scenario.name, found, floor, f"{scenario.aim_us:.1f}")


def _row(name: str, found: list[Cost], floor: float, aim: str) -> None:
    cpu = median(cost.cpu_us for cost in found)
    rate = median(cost.lines_per_second for cost in found)
    peak = max(cost.peak_mib for cost in found)
    print(f"{name:24}{cpu:12.2f}{cpu / floor:9.2f}{aim:>8}{rate:12,.0f}{peak:10.0f}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
