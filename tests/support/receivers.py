"""A programmable TCP syslog receiver in a process of its own, which a test can stop or kill."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from events.parentage import TiedProcess
from tests.support.lines_file import LinesFile
from tests.support.waiting import wait_until

_PROGRAM = Path(__file__).with_name("receiver_process.py")
_START_LIMIT_SECONDS = 20.0


@dataclass(frozen=True)
class Mode:
    """How to treat connections: the first `times` since the start, or all of them (None).

    `receive_buffer` is SO_RCVBUF in bytes (the kernel doubles it) and holds for every connection.
    """

    read: bool = True
    bytes_per_second: int | None = None
    end_after: int | None = None  # bytes
    reset: bool = False  # how it ends
    times: int | None = None
    receive_buffer: int | None = None


NORMAL = Mode()
NEVER_READ = Mode(read=False)


def slow(bytes_per_second: int, *, receive_buffer: int | None = 4096) -> Mode:
    return Mode(bytes_per_second=bytes_per_second, receive_buffer=receive_buffer)


def reset_after(count: int, *, times: int | None = None) -> Mode:
    """Reads `count` bytes, then resets the connection; what came later is lost."""
    return Mode(end_after=count, reset=True, times=times)


def close_after(count: int, *, times: int | None = None) -> Mode:
    """Reads `count` bytes, then closes."""
    return Mode(end_after=count, times=times)


class Receiver:
    """Keeps its port and its lines over stop, kill and start."""

    def __init__(self, folder: Path, mode: Mode = NORMAL) -> None:
        self.port = 0
        self.received = LinesFile(folder / "received")
        self._events = LinesFile(folder / "events")
        self._output = folder / "output"
        self._mode = mode
        self._process: TiedProcess | None = None

    @property
    def url(self) -> str:
        return f"syslog://127.0.0.1:{self.port}"

    def start(self, mode: Mode | None = None) -> None:
        """Listens, on the same port as before; in a new mode when one is given."""
        assert self._process is None, "it is running already"
        self._mode = mode or self._mode
        starts = len(self._listening())
        files = {"lines": str(self.received.path), "events": str(self._events.path)}
        orders = json.dumps({"port": self.port} | files | asdict(self._mode))
        with self._output.open("ab") as output:
            self._process = TiedProcess([sys.executable, "-I", _PROGRAM, orders], output=output)
        wait_until(
            lambda: len(self._listening()) > starts or self._ended(),
            _START_LIMIT_SECONDS,
            "the receiver listens",
        )
        assert not self._ended(), self._output.read_text()
        self.port = int(self._listening()[-1].split()[1])

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def lines(self) -> list[bytes]:
        return self.received.lines()

    def wait_for(self, count: int, limit_seconds: float = 20) -> list[bytes]:
        """All lines, once there are at least `count`."""
        return self.received.wait_for(count, limit_seconds)

    def connections(self) -> int:
        """How many it has accepted, over all starts."""
        return sum(event.startswith(b"open") for event in self._events.lines())

    def ended_connections(self) -> int:
        return sum(event.startswith(b"end") for event in self._events.lines())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _listening(self) -> list[bytes]:
        return [event for event in self._events.lines() if event.startswith(b"listening")]

    def _ended(self) -> bool:
        return self._process is None or self._process.ended()

    def _end(self, sig: signal.Signals) -> None:
        if self._process is not None:
            self._process.end(sig, 10)
            self._process = None
