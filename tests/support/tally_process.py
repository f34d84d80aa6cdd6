"""A receiver that judges stamped lines as they come. Run by tests.support.tally.

For loads that would be too large to keep. It listens on every loopback address, so that one process
is the receiver of thousands of drains: 127.0.0.1:PORT, 127.0.0.2:PORT, … A frame that begins with
digits is an octet-counted one. Its one argument is JSON: `{"port", "report", "events"}`. At SIGUSR1
it writes what it knows to the file `report`; see tests.support.tally.
"""

from __future__ import annotations

import json
import re
import resource
import select
import signal
import socket
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.support.listener import EventsFile

_CHUNK_BYTES = 1 << 18
_COUNT = re.compile(rb"([1-9][0-9]{0,8}) ")
_LINE = re.compile(
    rb"(?:\d+ )?<14>1 \S+ \S+ (\S+) - - - run=(\S+) partition=(\d+) seq=(\d+) at=(\d+\.\d{3}) "
)
_DELAY_OF_EVERY = 20
# Who waits for lines asks without a pause; what is told shall not cost more than what is counted.
_REPORT_EVERY_SECONDS = 0.2
_TIMES_ITS_COST = 20


class Sequence:
    """One tag's lines of one run and partition, at one address."""

    def __init__(self) -> None:
        self.seen = bytearray()
        self.last = -1
        self.received = self.distinct = self.out_of_order = 0

    def add(self, seq: int) -> None:
        self.received += 1
        if seq >= len(self.seen):
            self.seen.extend(bytes(seq + 1024 - len(self.seen)))
        if self.seen[seq]:
            return
        self.seen[seq] = 1
        self.distinct += 1
        if seq < self.last:
            self.out_of_order += 1
        else:
            self.last = seq

    def report(self) -> list[int]:
        return [self.received, self.distinct, self.last, self.out_of_order]


class Tally:
    def __init__(self, orders: dict[str, Any]) -> None:
        self._report = Path(orders["report"])
        self._sequences: dict[str, dict[tuple[bytes, bytes, bytes], Sequence]] = defaultdict(
            lambda: defaultdict(Sequence)
        )
        self._seconds: dict[str, dict[int, list[Any]]] = defaultdict(dict)
        self._foreign: list[str] = []
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self._listener = socket.create_server(("0.0.0.0", orders["port"]), backlog=4096)
        self._events = EventsFile(orders["events"])
        self._events.tell(f"listening {self._listener.getsockname()[1]}")
        self._connections: dict[int, tuple[socket.socket, str]] = {}
        self._begun: dict[int, bytes] = {}
        self._asked = self._version = 0
        self._next_report_at = 0.0
        signal.signal(signal.SIGUSR1, self._on_signal)

    def run(self) -> None:
        poll = select.epoll()
        poll.register(self._listener, select.EPOLLIN)
        while True:
            for number, _ in poll.poll(0.05):
                if number == self._listener.fileno():
                    connection, _ = self._listener.accept()
                    address = connection.getsockname()[0]
                    self._events.tell(f"open {address}")
                    self._connections[connection.fileno()] = connection, address
                    self._begun[connection.fileno()] = b""
                    poll.register(connection, select.EPOLLIN)
                elif not self._read(number):
                    poll.unregister(number)
                    self._connections.pop(number)[0].close()
                    del self._begun[number]
            if self._asked > self._version and time.monotonic() > self._next_report_at:
                self._write_report()

    def _on_signal(self, *_: object) -> None:
        self._asked += 1

    def _read(self, number: int) -> bool:
        connection, address = self._connections[number]
        try:
            data = connection.recv(_CHUNK_BYTES)
        except OSError:
            return False
        if data:
            self._begun[number] = self._take(address, self._begun[number] + data)
        return bool(data)

    def _take(self, address: str, data: bytes) -> bytes:
        place, now, taken, delays = 0, time.time(), 0, []
        sequences = self._sequences[address]
        while end := _frame_end(data, place):
            line = _LINE.match(data, place, end)
            if line is None:
                self._foreign.append(repr(data[place:end][:200]))
            else:
                tag, run, partition, seq, sent_at = line.groups()
                sequences[tag, run, partition].add(int(seq))
                if taken % _DELAY_OF_EVERY == 0:
                    delays.append(round(now - float(sent_at), 3))
            taken += 1
            place = end
        known = self._seconds[address].setdefault(int(now), [0, []])
        known[0] += taken
        known[1] += delays
        return data[place:]

    def _write_report(self) -> None:
        self._version, begun = self._asked, time.monotonic()
        sequences = [
            [address, tag.decode(), run.decode(), int(partition), *sequence.report()]
            for address, of_address in self._sequences.items()
            for (tag, run, partition), sequence in of_address.items()
        ]
        report = {
            "version": self._version,
            "sequences": sequences,
            "seconds": self._seconds,
            "foreign": self._foreign,
        }
        new = self._report.with_suffix(".new")
        new.write_text(json.dumps(report))
        new.replace(self._report)
        now = time.monotonic()
        self._next_report_at = now + max(_REPORT_EVERY_SECONDS, (now - begun) * _TIMES_ITS_COST)


def _frame_end(data: bytes, place: int) -> int:
    """0 when it is not there yet."""
    counted = _COUNT.match(data, place)
    if counted is not None:
        end = counted.end() + int(counted[1])
        return end if end <= len(data) else 0
    return data.find(b"\n", place) + 1


if __name__ == "__main__":
    Tally(json.loads(sys.argv[1])).run()
