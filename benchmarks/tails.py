"""`python -m benchmarks.tails`: what live tails cost a web process, and how late lines are.

CPU is the web process's, while lines flow; a line that 100 sessions read is delivered 100 times.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.arguments import chosen, parser_of
from benchmarks.bench import HERE, broker, say
from benchmarks.figures import WEB, figures_cpu_seconds
from benchmarks.memory import peak_bytes

PARTITIONS = 4
KEY = "bench"
START_SECONDS = 60.0


@dataclass(frozen=True)
class TailScenario:
    sessions: int
    rate: int
    """Lines a second, of all apps together."""
    apps: int = 1
    output: str = "text"
    """text, events or socket."""

    @property
    def name(self) -> str:
        return f"{self.output} → {self.sessions} sessions, {self.apps} apps, {self.rate:,} lines/s"


TAILS = (
    TailScenario(sessions=1, rate=5_000),
    TailScenario(sessions=100, rate=5_000),
    TailScenario(sessions=50, rate=5_000, apps=10),
    TailScenario(sessions=1_000, rate=500, apps=20),
    TailScenario(sessions=1_000, rate=500, apps=20, output="events"),
    TailScenario(sessions=1_000, rate=500, apps=20, output="socket"),
)


def main() -> None:
    options = _options()
    scenarios = chosen(TAILS, options.only)
    print(
        f"{'':46}{'CPU µs/line':>12}{'µs/delivered':>13}{'CPU %/session':>14}"
        f"{'median ms':>10}{'p99 ms':>8}{'skipped':>9}{'peak MiB':>9}{'figures ms/s':>14}"
    )
    with tempfile.TemporaryDirectory() as folder, broker(options.kafka, Path(folder)) as bootstrap:
        for scenario in scenarios:
            _print(scenario, measure(scenario, bootstrap, Path(folder), options.seconds))


def _options() -> argparse.Namespace:
    parser = parser_of("benchmarks.tails", __doc__)
    parser.add_argument("--seconds", type=float, default=15, help="how long lines flow")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--kafka", help="host:port of a broker to use; default: one of our own")
    return parser.parse_args()


def _print(scenario: TailScenario, found: dict[str, Any]) -> None:
    cpu_us = found["cpu"] * 1e6
    share = found["cpu"] / found["wall"] / scenario.sessions * 100
    print(
        f"{scenario.name:46}{cpu_us / found['written']:12.1f}"
        f"{cpu_us / max(found['read'], 1):13.2f}{share:14.3f}"
        f"{found['median'] * 1e3:10.0f}{found['p99'] * 1e3:8.0f}{found['skipped']:9,}"
        f"{found['peak'] / 2**20:9.0f}{found['figures'] * 1e3:14.2f}",
        flush=True,
    )


def measure(scenario: TailScenario, bootstrap: str, folder: Path, seconds: float) -> dict[str, Any]:
    """Lines written, read and skipped; delays in seconds; CPU seconds; peak bytes; what figures for
    operators took, in CPU seconds a second of the process's life."""
    topic = f"bench-tail-{time.time_ns()}"
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, PARTITIONS)])[topic].result()
    try:
        database, began = folder / f"{topic}.sqlite3", time.monotonic()
        with _web(bootstrap, database) as (web, port):
            paths = [_session(port, topic, n % scenario.apps) for n in range(scenario.sessions)]
            orders = {
                "bootstrap": bootstrap,
                "topic": topic,
                "partitions": PARTITIONS,
                "host": "127.0.0.1",
                "port": port,
                "paths": paths,
                "rate": scenario.rate,
                "seconds": seconds,
                "apps": scenario.apps,
                "output": scenario.output,
            }
            found = _run(orders, psutil.Process(web.pid))
        cost = figures_cpu_seconds(database, WEB) or 0.0
        return found | {"figures": cost / (time.monotonic() - began)}
    finally:
        admin.delete_topics([topic])[topic].result()


def _run(orders: dict[str, Any], web: psutil.Process) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.tail_clients", json.dumps(orders)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as clients:
        assert clients.stdin is not None
        assert clients.stdout is not None
        clients.stdout.readline()
        _wait_until_calm(web)
        before, began = _cpu_seconds(web), time.monotonic()
        clients.stdin.write("\n")
        clients.stdin.flush()
        found: dict[str, Any] = json.loads(clients.stdout.readline())
        found["cpu"] = _cpu_seconds(web) - before
        found["wall"] = time.monotonic() - began
        found["peak"] = peak_bytes(web.pid)
    return found


def _wait_until_calm(web: psutil.Process) -> None:
    """All sessions have been opened and are live."""
    while web.cpu_percent(1.0) > 20:
        say("waiting for the sessions to be live")


def _cpu_seconds(web: psutil.Process) -> float:
    times = web.cpu_times()
    return float(times.user + times.system)


def _session(port: int, space: str, app: int) -> str:
    body = json.dumps({"app": f"app{app}", "space": space}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/log-sessions", body, {"Authorization": KEY}
    )
    with urllib.request.urlopen(request) as answer:
        return f"/log-sessions/{json.load(answer)['id']}"


@contextmanager
def _web(bootstrap: str, database: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {
        "KAFKA_HOSTS": bootstrap,
        "AUTH_KEY": KEY,
        "DEBUG": "1",
        "DATABASE_URL": f"sqlite:///{database}",
        "MAX_SESSIONS_PER_APP": "100000",
        "SESSION_IDLE_SECONDS": "600",
    }
    subprocess.run(
        [sys.executable, HERE / "manage.py", "migrate", "-v0"], env=environment, check=True
    )
    command = [
        sys.executable,
        str(HERE / "manage.py"),
        "runweb",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, env=environment, text=True) as web:
        try:
            _wait_until_it_answers(port)
            yield web, port
        finally:
            web.terminate()


def _wait_until_it_answers(port: int) -> None:
    ends = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/livez").close()
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
        else:
            return


if __name__ == "__main__":
    main()
