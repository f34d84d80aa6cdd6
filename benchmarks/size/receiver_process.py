"""`python -m benchmarks.size.receiver_process ORDERS`: receivers at many loopback addresses.

Every nth address of a plan, which may go away and come back. Judges lines as they come.
"""

from __future__ import annotations

import json
import re
import resource
import select
import socket
import sys
import time
from collections import Counter, defaultdict
from typing import Any

from benchmarks.size.plan import DRAINS_AN_APP, Plan
from benchmarks.size.program import answer_one

CHUNK_BYTES = 1 << 16
BUCKETS_A_SECOND = 10
_LINE = re.compile(rb"app=(\d+) seq=(\d+) at=(\d+\.\d+)\n")


class Judge:
    """What has come to the drains of some receivers."""

    def __init__(self, plan: Plan, receivers: set[int]) -> None:
        self._plan = plan
        mine = [n for n in plan.listeners() if n % plan.receivers in receivers]
        self._seen = {drain: bytearray() for drain in mine}
        self._lines = self._twice = 0
        self._newcomers: dict[int, float] = {}
        self._begin()

    def _begin(self) -> None:
        self._delays: dict[bool, Counter[int]] = defaultdict(Counter)
        self._buckets: Counter[int] = Counter()

    def hear(self, receiver: int, data: bytes) -> None:
        """Whole lines, of one connection."""
        now, delays = time.time(), self._delays[self._plan.is_away(receiver)]
        for app, seq, at in _LINE.findall(data):
            drain = self._drain_of(int(app), receiver)
            if drain is None:
                self._newcomers.setdefault(int(app), now - float(at))
                continue
            self._buckets[int(now * BUCKETS_A_SECOND)] += 1
            if self._is_new(self._seen[drain], int(seq)):
                delays[round((now - float(at)) * 1000)] += 1

    def _drain_of(self, app: int, receiver: int) -> int | None:
        """An app's drains lead to neighbouring receivers."""
        first = app * DRAINS_AN_APP
        drain = first + (receiver - first) % self._plan.receivers
        return drain if drain in self._seen and drain < first + DRAINS_AN_APP else None

    def _is_new(self, seen: bytearray, seq: int) -> bool:
        if seq >= len(seen):
            seen.extend(bytes(seq + 1 - len(seen)))
        self._lines += 1
        if seen[seq]:
            self._twice += 1
            return False
        seen[seq] = 1
        return True

    def missing(self, records: int) -> list[int]:
        """Of so many records, those that drains lack, and how many drains lack any."""
        lacks = [
            self._plan.written_by(drain // DRAINS_AN_APP, records)
            - seen.count(1, 0, self._plan.written_by(drain // DRAINS_AN_APP, records))
            for drain, seen in self._seen.items()
        ]
        return [sum(lacks), sum(map(bool, lacks))]

    def newcomer(self, app: int) -> float | None:
        """How late the first line of an app came that the plan does not know."""
        return self._newcomers.get(app)

    def take(self) -> dict[str, Any]:
        """Lines and repeats of all time; delays (milliseconds) of lines that came for the first
        time, and when any came, since this was asked last."""
        taken = {
            "lines": self._lines,
            "twice": self._twice,
            "near": list(self._delays[False].items()),
            "away": list(self._delays[True].items()),
            "buckets": list(self._buckets.items()),
        }
        self._begin()
        return taken


class Receivers:
    def __init__(self, plan: Plan, part: int, of: int) -> None:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self._plan = plan
        self._numbers = set(range(part, plan.receivers, of))
        self._judge = Judge(plan, self._numbers)
        self._poll = select.epoll()
        self._poll.register(sys.stdin, select.EPOLLIN)
        self._listeners: dict[int, tuple[socket.socket, int]] = {}
        self._connections: dict[int, tuple[socket.socket, int]] = {}
        self._begun: dict[int, bytes] = {}
        self._listen(self._numbers)

    def run(self) -> None:
        stdin = sys.stdin.fileno()
        while True:
            for number, _ in self._poll.poll():
                if number == stdin:
                    if not answer_one(self):
                        return
                elif number in self._listeners:
                    self._accept(*self._listeners[number])
                elif number in self._connections:  # else it has just been ended
                    self._read(number)

    # What may be asked.

    def take(self) -> dict[str, Any]:
        return self._judge.take() | {"connections": len(self._connections)}

    def missing(self, records: int) -> list[int]:
        return self._judge.missing(records)

    def newcomer(self, app: int) -> float | None:
        return self._judge.newcomer(app)

    def down(self) -> None:
        """The share that an outage is of: nobody listens there, and connections end."""
        for number, (listener, receiver) in list(self._listeners.items()):
            if self._plan.is_away(receiver):
                del self._listeners[number]
                listener.close()
        for number, (_, receiver) in list(self._connections.items()):
            if self._plan.is_away(receiver):
                self._end(number)

    def up(self) -> None:
        self._listen({n for n in self._numbers if self._plan.is_away(n)})

    def _listen(self, receivers: set[int]) -> None:
        for receiver in receivers:
            at = self._plan.address_of(receiver), self._plan.port
            listener = socket.create_server(at, backlog=4096)
            listener.setblocking(False)
            self._listeners[listener.fileno()] = listener, receiver
            self._poll.register(listener, select.EPOLLIN)

    def _accept(self, listener: socket.socket, receiver: int) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:  # it is gone again, or there are too many
            return
        self._connections[connection.fileno()] = connection, receiver
        self._begun[connection.fileno()] = b""
        self._poll.register(connection, select.EPOLLIN)

    def _read(self, number: int) -> None:
        connection, receiver = self._connections[number]
        try:
            data = connection.recv(CHUNK_BYTES)
        except OSError:
            data = b""
        if not data:
            self._end(number)
            return
        data = self._begun[number] + data
        end = data.rfind(b"\n") + 1
        self._begun[number] = data[end:]
        self._judge.hear(receiver, data[:end])

    def _end(self, number: int) -> None:
        connection, _ = self._connections.pop(number)
        del self._begun[number]
        connection.close()


if __name__ == "__main__":
    orders = json.loads(sys.argv[1])
    Receivers(Plan(**orders["plan"]), orders["part"], orders["of"]).run()
