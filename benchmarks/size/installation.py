"""A platform in one machine: PostgreSQL, Kafka with its topics, web, workers, receivers, lines."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.bench import say
from benchmarks.size.database import Database
from benchmarks.size.plan import PARTITIONS, Plan
from benchmarks.size.program import Program
from benchmarks.size.receivers import Receivers
from events.devkafka.broker import DevKafka
from tests.support.ports import free_port
from tests.support.processes import RunningProcess, manage, run_process
from tests.support.shuttle import Shuttle
from tests.support.stores import postgres_server
from tests.support.workers import workers_of

INSERT_SECONDS = 300.0
TOPICS_AT_ONCE = 500
"""Kafka refuses to make thousands in one request."""
TOPICS_SECONDS = 300.0
STOP_SECONDS = 60.0
WARM_SECONDS = 20.0
"""Until lines have their connections, and states what has come of them."""
HEAP_MIB = 1536
_PATIENT = {
    "broker.session.timeout.ms": "120000",
    "broker.heartbeat.interval.ms": "2000",
    "metadata.max.idle.interval.ms": "0",
}
"""A broker of thousands of partitions on a full machine stays its controller's."""
_NAMED_THREADS = Path(__file__).parent / "named_threads"
_TOOK_OVER = re.compile(r"Took over (\d+) partitions")


class RunningWorker:
    """One by itself, or several under a supervisor."""

    def __init__(self, process: RunningProcess, port: int, stack: ExitStack, workers: int) -> None:
        self.process, self.port, self.workers = process, port, workers
        self._stack = stack

    @property
    def pids(self) -> list[int]:
        """Of workers; not their supervisor's."""
        if self.workers == 1:
            return [self.process.pid]
        return [worker.pid for worker in workers_of(self.process)]

    @property
    def taken_over(self) -> int:
        """Partitions, each as often as it was taken over."""
        return sum(map(int, _TOOK_OVER.findall(self.process.output())))

    def stop(self) -> float:
        """Seconds from SIGTERM to its end; at least STOP_SECONDS: it was killed then."""
        began = time.monotonic()
        self.process.terminate(STOP_SECONDS)
        taken = time.monotonic() - began
        self._stack.close()
        return taken


class Installation:
    """Owns all of it, from entering `built` to its end."""

    def __init__(self, plan: Plan, folder: Path, stack: ExitStack) -> None:
        self.plan, self._folder, self._stack = plan, folder, stack
        runtime = folder / "run"
        runtime.mkdir()
        postgres = stack.enter_context(postgres_server(runtime))
        say("PostgreSQL is there; starting Kafka")
        broker = DevKafka(
            data_dir=folder / "kafka", properties=_PATIENT, heap_mib=HEAP_MIB, progress=say
        )
        kafka = stack.enter_context(broker)
        self.admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
        url = postgres.create()
        given = {name: of for name, of in os.environ.items() if name.startswith("KAFKA_CONF_")}
        environment = {**given, "DATABASE_URL": url, "PYTHONPATH": str(_NAMED_THREADS)}
        self.shuttle = stack.enter_context(closing(Shuttle(folder, kafka.bootstrap, environment)))
        self._make_topics()
        self.shuttle.migrate()
        self.shuttle.start_web()
        self.database = stack.enter_context(closing(Database(url)))
        self.receivers = stack.enter_context(Receivers(plan))
        about = dataclasses.asdict(plan)
        self._lines = stack.enter_context(
            Program("benchmarks.size.producer_process", plan=about, bootstrap=kafka.bootstrap)
        )
        self._flows = False
        self.workers: list[RunningWorker] = []
        stack.callback(self.stop_workers)

    def _make_topics(self) -> None:
        topics = self.plan.topics
        say(f"making {len(topics)} topics of {PARTITIONS} partitions")
        new = [NewTopic(topic, PARTITIONS, 1) for topic in topics]
        for begin in range(0, len(new), TOPICS_AT_ONCE):
            some = new[begin : begin + TOPICS_AT_ONCE]
            answers = self.admin.create_topics(
                some, operation_timeout=TOPICS_SECONDS, request_timeout=TOPICS_SECONDS
            )
            for answer in answers.values():
                answer.result()

    def insert(self) -> None:
        orders = json.dumps(dataclasses.asdict(self.plan))
        command = [sys.executable, "-m", "benchmarks.size.insert", orders]
        log, env = self._folder / "insert.log", self.shuttle.environment
        with run_process(command, log=log, env=env) as inserting:
            assert inserting.wait(INSERT_SECONDS) == 0, inserting.output()

    def start_worker(self, workers: int = 1) -> RunningWorker:
        """Returns at once."""
        port, stack = free_port(), ExitStack()
        command = manage("runshuttle", "--metrics-port", str(port), "--workers", str(workers))
        log = self._folder / f"worker-{port}.log"
        running = run_process(command, log=log, env=self.shuttle.environment)
        worker = RunningWorker(stack.enter_context(running), port, stack, workers)
        self.workers.append(worker)
        return worker

    def stop_workers(self) -> list[float]:
        """Seconds, of each."""
        taken = [worker.stop() for worker in self.workers]
        self.workers = []
        return taken

    @property
    def flows(self) -> bool:
        return self._flows

    def write_lines(self) -> None:
        """From now on."""
        self._lines.ask("start")
        self._flows = True

    def written(self) -> int:
        """Records so far."""
        return int(self._lines.ask("sent"))

    def write_newcomer(self, app: int, name: str, space: str) -> None:
        self._lines.ask("newcomer", app=app, name=name, space=space)
