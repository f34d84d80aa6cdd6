"""Four Envoys of one address that send what costs most; another one's entries arrive."""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from confluent_kafka import Consumer, TopicPartition

from events.als.streams import TOPIC
from tests.support.als import entry, message, parsed, stub
from tests.support.broker import Broker
from tests.support.ports import free_port
from tests.support.processes import run_process
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until

SPACE = "an-envoys-space"


class Envoy:
    """One that is nobody's enemy: an entry every 50 ms, over IPv6, and when it was on Kafka."""

    def __init__(self, port: int, kafka: Broker) -> None:
        self._port, self._kafka = port, kafka
        self._name = f"/{uuid.uuid4()}"
        self.sent: list[float] = []
        self.arrived: dict[int, float] = {}
        self._over = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._send, self._read)]

    def delays(self) -> list[float]:
        """Of all so far, in order of length; those under way with their age."""
        now = time.monotonic()
        return sorted(self.arrived.get(n, now) - at for n, at in enumerate(list(self.sent)))

    def __enter__(self) -> Envoy:
        for thread in self._threads:
            thread.start()
        wait_until(lambda: self.arrived, 30, "its first entry")
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _messages(self) -> Iterator[Any]:
        while not self._over.wait(0.05):
            self.sent.append(time.monotonic())
            yield parsed(
                message(entry(SPACE, path=f"{self._name}/{len(self.sent) - 1}"), node="kind")
            )

    def _send(self) -> None:
        with grpc.insecure_channel(f"[::1]:{self._port}") as channel:
            stub(channel).StreamAccessLogs(self._messages(), timeout=120)

    def _read(self) -> None:
        conf = {"bootstrap.servers": self._kafka.bootstrap, "group.id": "of-the-envoys-test"}
        with closing(Consumer(conf)) as consumer:
            ends = self._kafka.end_offsets(TOPIC)
            consumer.assign([TopicPartition(TOPIC, n, end) for n, end in ends.items()])
            while not self._over.is_set():
                record = consumer.poll(0.2)
                if record is None or self._name.encode() not in (value := record.value() or b""):
                    continue
                number = json.loads(value)["request"]["path"].rpartition("/")[2]
                self.arrived.setdefault(int(number), time.monotonic())


@contextmanager
def flood(port: int, log: Path) -> Iterator[None]:
    args = [sys.executable, "-m", "tests.support.flooding_envoy", str(port)]
    with run_process(args, log=log) as process:
        process.wait_for_output("flooding")
        yield


@pytest.mark.slow
def test_another_envoys_entries_arrive(tmp_path: Path, kafka: Broker) -> None:
    kafka.ensure(TOPIC)
    with ExitStack() as stack:
        shuttle = stack.enter_context(closing(Shuttle(tmp_path, kafka.bootstrap)))
        port = free_port()
        als = stack.enter_context(shuttle.run("runals", "--host", "::", "--port", str(port)))
        als.wait_for_output("Taking access logs")
        memory = psutil.Process(als.pid).memory_info
        with Envoy(port, kafka) as other:
            wait_until(lambda: len(other.arrived) > 60, 30, "some entries")
            control = other.delays()
        before = memory().rss
        with Envoy(port, kafka) as other, flood(port, tmp_path / "flood"):
            most, end = 0, time.monotonic() + 10
            while time.monotonic() < end:
                most = max(most, memory().rss - before)
                time.sleep(0.2)
            seen = other.delays()

    p99, calm = (found[int(len(found) * 0.99)] for found in (seen, control))
    print(f"p99 {p99:.3f} s of {len(seen)}; before {calm:.3f} s; grown by {most >> 20} MiB")
    assert len(seen) > 20
    assert p99 <= max(1.0, calm)
