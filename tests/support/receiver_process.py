"""A receiver of syslog lines that can behave badly. Run by tests.support.receivers.

Standard library only, so that it is up at once. Its one argument is JSON:
`{"port", "lines", "events", "framing"}`, and for TCP also `{"tls", "read", "bytes_per_second",
"end_after", "reset", "times", "receive_buffer", "silent", "shuts_after", "greeting",
"record_limit", "over_limit"}`. It appends whole lines to the file `lines`, and to the file
`events` what listener.Listener tells.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
import time
from functools import partial
from typing import Any

from tests.support.listener import (
    TURNS_PER_SECOND,
    EventsFile,
    Listener,
    append_to,
    bind,
    hold,
    reset,
)

_CHUNK_BYTES = 65536
_DATAGRAMS_BUFFER_BYTES = 8 << 20  # as much of it as the kernel allows
_VISIBLE_NEWLINE = "␤".encode()
_COUNT = re.compile(rb"([1-9][0-9]{0,8}) ")
_COUNT_BEGUN = re.compile(rb"([1-9][0-9]{0,8})?")


class Receiver(Listener):
    def __init__(self, orders: dict[str, Any]) -> None:
        super().__init__(orders)
        self._lines = append_to(orders["lines"])

    def turns_away(self, connection: socket.socket, number: int) -> bool:
        if not self._behaves_badly(number):
            return False
        if self.orders["silent"]:
            threading.Event().wait()
        if self.orders["greeting"]:
            connection.sendall(self.orders["greeting"].encode())
            hold(connection)
        return bool(self.orders["greeting"])

    def converse(self, connection: socket.socket, number: int) -> None:
        badly = self._behaves_badly(number)
        if badly and not self.orders["read"]:
            threading.Event().wait()  # open, and nobody reads
        if badly and self.orders["shuts_after"] is not None:
            shut = partial(connection.shutdown, socket.SHUT_WR)
            threading.Timer(self.orders["shuts_after"], shut).start()
        self._read(connection, badly)

    def _behaves_badly(self, number: int) -> bool:
        times = self.orders["times"]
        return times is None or number <= times

    def _read(self, connection: socket.socket, behave_badly: bool) -> None:
        limit = self.orders["end_after"] if behave_badly else None
        rate = self.orders["bytes_per_second"] if behave_badly else None
        begun, taken = b"", 0
        while limit is None or taken < limit:
            size = _CHUNK_BYTES if rate is None else max(1, rate // TURNS_PER_SECOND)
            data = connection.recv(size if limit is None else min(size, limit - taken))
            if not data:
                return
            taken += len(data)
            begun = self._keep_complete(begun + data)
            if self._has_no_room_for(begun):
                self._break_off(connection)
                return
            if rate is not None:
                time.sleep(len(data) / rate)
        if self.orders["reset"]:
            reset(connection)

    def _has_no_room_for(self, begun: bytes) -> bool:
        limit = self.orders["record_limit"]
        return limit is not None and len(begun) > limit

    def _break_off(self, connection: socket.socket) -> None:
        if self.orders["over_limit"] == "hang":
            threading.Event().wait()  # open, and nobody reads
        elif self.orders["over_limit"] == "reset":
            reset(connection)

    def _keep_complete(self, data: bytes) -> bytes:
        """Returns what is left: less than a record, or one that is too long and all behind it."""
        if self.orders["framing"] == "octet":
            return self._keep_counted(data)
        end = 0
        for line in data.splitlines(keepends=True) if self.orders["record_limit"] else ():
            if self._has_no_room_for(line) or not line.endswith(b"\n"):
                break
            end += len(line)
        else:
            end = data.rfind(b"\n") + 1
        if end:
            os.write(self._lines, data[:end])
        return data[end:]

    def _keep_counted(self, data: bytes) -> bytes:
        place, lines = 0, []
        try:
            while (count := _COUNT.match(data, place)) is not None:
                end = count.end() + int(count.group(1))
                if end > len(data) or self._has_no_room_for(data[count.end() : end]):
                    return data[place:]
                lines.append(_one_line(data[count.end() : end]))
                place = end
            if _COUNT_BEGUN.fullmatch(data, place) is None:
                raise ValueError(repr(data[place : place + 60]))
            return data[place:]
        finally:
            os.write(self._lines, b"".join(lines))


def receive_datagrams(orders: dict[str, Any]) -> None:
    """One a line."""
    lines, events = append_to(orders["lines"]), EventsFile(orders["events"])
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _DATAGRAMS_BUFFER_BYTES)
    bind(receiver, orders["port"])
    events.tell(f"listening {receiver.getsockname()[1]}")
    while True:
        os.write(lines, _one_line(receiver.recv(_CHUNK_BYTES)))


def _one_line(record: bytes) -> bytes:
    return record.replace(b"\n", _VISIBLE_NEWLINE) + b"\n"


if __name__ == "__main__":
    ordered = json.loads(sys.argv[1])
    if ordered["framing"] == "datagram":
        receive_datagrams(ordered)
    else:
        Receiver(ordered).run()
