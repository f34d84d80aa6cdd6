"""What others see during an attack: another app's lines, another client's API calls, memory."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

import httpx
import psutil
from confluent_kafka import Producer

from tests.support.broker import Broker
from tests.support.processes import RunningProcess
from tests.support.records import kubernetes_event
from tests.support.shuttle import AUTH_KEY, Shuttle
from tests.support.waiting import wait_until

LINE_EVERY_SECONDS = 0.02
CALL_EVERY_SECONDS = 0.1
CALL_LIMIT_SECONDS = 20.0
FIRST_LINE_SECONDS = 30.0
LINE_P99_SECONDS = 1.0
CALL_P99_SECONDS = 0.5
GROWTH_MIB = 64.0
MIB = 2**20


class Delays(NamedTuple):
    """In seconds."""

    p50: float
    p99: float
    most: float
    of: int

    def __str__(self) -> str:
        return f"p50 {self.p50:.3f}, p99 {self.p99:.3f}, most {self.most:.3f} s of {self.of}"


@dataclass(frozen=True)
class Seen:
    """Of some time. A line or a call that is still under way counts with its age."""

    lines: Delays
    calls: Delays
    grown_mib: float
    """The most that any process had above what it had when the looking began."""

    def __str__(self) -> str:
        return f"lines {self.lines}; calls {self.calls}; grown by {self.grown_mib:.0f} MiB"

    def is_unharmed(self, control: Seen) -> None:
        """Raises AssertionError otherwise. `control`: of the same minute, without the attack."""
        told = f"{self}; without the attack {control}"
        assert self.lines.p99 <= max(LINE_P99_SECONDS, control.lines.p99), told
        assert self.calls.p99 <= max(CALL_P99_SECONDS, control.calls.p99), told
        assert self.grown_mib <= GROWTH_MIB, told


class Others:
    """An app of its own with a drain, from entering on, and a client that asks for its drains.

    `processes`: whose memory is looked at, the children's too. `space`: one that is not there yet;
    by default one of its own.
    """

    def __init__(
        self,
        shuttle: Shuttle,
        kafka: Broker,
        processes: Iterable[RunningProcess],
        *,
        app: str = "other",
        space: str = "",
    ) -> None:
        self._shuttle, self._kafka = shuttle, kafka
        self._app, self._space = app, space or f"others-{uuid.uuid4().hex[:8]}"
        self._memory = [psutil.Process(process.pid) for process in processes]
        self._before: dict[int, int] = {}
        self._peak: dict[int, int] = {}
        self._sent: list[float] = []
        self._arrived: dict[int, float] = {}
        self._calls: list[tuple[float, float]] = []
        self._asked_at: float | None = None
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [
            threading.Thread(target=work, name=f"others-{work.__name__}")
            for work in (self._receive, self._write, self._call, self._weigh)
        ]

    def watch(self, seconds: float) -> Seen:
        """What is seen for so long."""
        with self.watched() as seen:
            time.sleep(seconds)
        return seen[0]

    @contextmanager
    def watched(self) -> Iterator[list[Seen]]:
        """What is seen during the block stands in the list after it."""
        found: list[Seen] = []
        first, calls = len(self._sent), len(self._calls)
        self._before = self._resident()
        self._peak = dict(self._before)
        yield found
        now = time.monotonic()
        sent = list(enumerate(self._sent))[first:]
        lines = [self._arrived.get(number, now) - at for number, at in sent]
        asked = [end - begin for begin, end in self._calls[calls:]]
        if (under_way := self._asked_at) is not None:
            asked.append(now - under_way)
        grown = max(self._peak[pid] - self._before.get(pid, 0) for pid in self._peak) / MIB
        found.append(Seen(_delays(lines), _delays(asked), grown))

    def memory_comes_back(self, limit_seconds: float = 60) -> None:
        """To what it was before the last watching, and `GROWTH_MIB` more."""

        def is_back() -> bool:
            now = self._resident()
            return all(now[pid] - self._before.get(pid, 0) <= GROWTH_MIB * MIB for pid in now)

        wait_until(is_back, limit_seconds, "memory comes back")

    def all_arrive(self, limit_seconds: float = 30) -> None:
        """Of those that were written by now."""
        count = len(self._sent)
        wait_until(
            lambda: all(number in self._arrived for number in range(count)),
            limit_seconds,
            f"all {count} lines of the others",
        )

    def __enter__(self) -> Self:
        self._kafka.create(self._space, 1)
        port = self._listener.getsockname()[1]
        self._shuttle.add_drain(f"{self._app}-{self._space}", f"syslog://127.0.0.1:{port}")
        for thread in self._threads:
            thread.start()
        wait_until(lambda: bool(self._arrived), FIRST_LINE_SECONDS, "the first line of the others")
        self.all_arrive()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _write(self) -> None:
        producer = Producer({"bootstrap.servers": self._kafka.bootstrap, "linger.ms": 1})
        while not self._over.wait(LINE_EVERY_SECONDS):
            event = kubernetes_event(
                f"number={len(self._sent)}", pod=f"{self._app}-1", container=self._app
            )
            self._sent.append(time.monotonic())
            producer.produce(self._space, event, partition=0)
            producer.poll(0)
        producer.flush(10)

    def _receive(self) -> None:
        self._listener.settimeout(0.2)
        readers: list[threading.Thread] = []
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            readers.append(threading.Thread(target=self._read, args=[connection]))
            readers[-1].start()
        for reader in readers:
            reader.join()

    def _read(self, connection: socket.socket) -> None:
        connection.settimeout(0.2)
        held = b""
        with connection:
            while not self._over.is_set():
                try:
                    data = connection.recv(65536)
                except TimeoutError:
                    continue
                if not data:
                    return
                now = time.monotonic()
                *lines, held = (held + data).split(b"\n")
                for line in lines:
                    number = int(line.rpartition(b"number=")[2])
                    self._arrived.setdefault(number, now)

    def _call(self) -> None:
        path = f"/apps/{self._app}-{self._space}/log-drains"
        headers = {"Authorization": AUTH_KEY}
        base = str(self._shuttle.api.base_url)
        with httpx.Client(base_url=base, headers=headers, timeout=CALL_LIMIT_SECONDS) as client:
            while not self._over.wait(CALL_EVERY_SECONDS):
                began = self._asked_at = time.monotonic()
                try:
                    client.get(path).raise_for_status()
                    ended = time.monotonic()
                except httpx.HTTPError:
                    ended = began + CALL_LIMIT_SECONDS  # no answer is as bad as the latest one
                self._calls.append((began, ended))
                self._asked_at = None

    def _weigh(self) -> None:
        while not self._over.wait(0.25):
            for pid, resident in self._resident().items():
                self._peak[pid] = max(resident, self._peak.get(pid, 0))

    def _resident(self) -> dict[int, int]:
        found = {}
        for process in self._memory:
            for each in [process, *process.children(recursive=True)]:
                try:
                    found[each.pid] = each.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
        return found


def _delays(seconds: list[float]) -> Delays:
    ordered = sorted(seconds) or [float("inf")]
    count = len(ordered)
    return Delays(ordered[count // 2], ordered[int(count * 0.99)], ordered[-1], count)
