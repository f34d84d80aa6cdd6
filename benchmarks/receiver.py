"""What an entry costs `runals`: from the first message of Envoys until Kafka has all entries."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import confluent_kafka as kafka

from benchmarks.bench import HERE, Bench, Cost, cpu_seconds, say
from benchmarks.envoys import OF_A_MESSAGE
from benchmarks.memory import peak_bytes
from benchmarks.scenarios import Scenario
from benchmarks.traffic import PARTITIONS, make_topic, topic_of

WAIT_SECONDS = 300.0
LOOK_SECONDS = 0.05


class ReceiverBench(Bench):
    def fill(self, scenario: Scenario) -> None:
        say(f"{scenario.name}: {self._count(scenario):,} entries")
        make_topic(self._bootstrap, "envoy")
        ends = time.monotonic() + WAIT_SECONDS
        while True:  # the partitions have no leaders at once
            try:
                self._written()
            except kafka.KafkaException:
                if time.monotonic() > ends:
                    raise
                time.sleep(LOOK_SECONDS)
            else:
                return

    def _count(self, scenario: Scenario) -> int:
        return super()._count(scenario) // OF_A_MESSAGE * OF_A_MESSAGE

    def _floor(self, scenario: Scenario) -> Cost:
        entries = self._count(scenario)
        command = [sys.executable, "-m", "benchmarks.envoys", "floor", self._bootstrap]
        said = subprocess.run(
            [*command, str(entries)], check=True, stdout=subprocess.PIPE, text=True
        )
        cpu, wall, peak = map(float, said.stdout.split())
        return Cost(cpu / entries * 1e6, entries / wall, peak / 2**20)

    def run(self, scenario: Scenario, tree: Path = HERE) -> Cost:
        entries, there = self._count(scenario), self._written()
        with self._receiver(tree) as (receiver, port), _envoys(port, entries) as envoys:
            before, began = cpu_seconds([receiver]), time.monotonic()
            assert envoys.stdin is not None
            envoys.stdin.write("\n")
            envoys.stdin.flush()
            while self._written() < there + entries:
                if time.monotonic() > began + WAIT_SECONDS:
                    raise RuntimeError("the entries do not get to Kafka")
                time.sleep(LOOK_SECONDS)
            cpu, wall = cpu_seconds([receiver]) - before, time.monotonic() - began
            return Cost(cpu / entries * 1e6, entries / wall, peak_bytes(receiver.pid) / 2**20)

    def _written(self) -> int:
        """Records of the topic."""
        topic = topic_of("envoy")
        asker = kafka.Consumer({"bootstrap.servers": self._bootstrap, "group.id": "bench"})
        try:
            parts = [kafka.TopicPartition(topic, number) for number in range(PARTITIONS)]
            return sum(asker.get_watermark_offsets(part, timeout=10)[1] for part in parts)
        finally:
            asker.close()

    @contextmanager
    def _receiver(self, tree: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """`runals` of a tree, and its port."""
        options = ("--host", "127.0.0.1", "--port", "0", "--metrics-port", "0")
        command = [sys.executable, str(tree / "manage.py"), "runals", *options]
        environment = self._environment(self._folder / "receiver.sqlite3")
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as made:
            assert made.stderr is not None
            try:
                for said in made.stderr:
                    if port := re.search(r"access logs on port (\d+)", said):
                        yield made, port[1]
                        break
            finally:
                made.terminate()


@contextmanager
def _envoys(port: str, entries: int) -> Iterator[subprocess.Popen[str]]:
    """They have what they will send."""
    command = [sys.executable, "-m", "benchmarks.envoys", "send", port, str(entries)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as envoys:
        assert envoys.stdout is not None
        try:
            envoys.stdout.readline()
            yield envoys
        finally:
            envoys.terminate()


class Benches:
    """One for workers and one for the receiver, with a broker and a folder of theirs."""

    def __init__(self, bootstrap: str, folder: Path, records: int) -> None:
        self._workers = Bench(bootstrap, folder, records)
        self._receiver = ReceiverBench(bootstrap, folder, records)

    def of(self, scenario: Scenario) -> Bench:
        return self._receiver if scenario.destination == "runals" else self._workers
