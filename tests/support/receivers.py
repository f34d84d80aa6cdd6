"""Programmable syslog receivers in processes of their own, which a test can stop or kill."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from tests.support.lines_file import LinesFile
from tests.support.receiver_program import ReceiverProgram, Tls

Framing = Literal["newline", "octet"]

NEWLINE = "␤".encode()
"""What is kept for a LF inside an octet-counted record or a datagram."""


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
    silent: bool = False  # accepts, and nothing more: no handshake
    shuts_after: float | None = None  # seconds: its own direction, for it only reads
    greeting: str | None = None  # writes this in place of a handshake, and keeps open
    record_limit: int | None = None  # bytes
    over_limit: Literal["close", "reset", "hang"] = "close"
    """What it does about a record that is longer: at once, with those before it kept."""


NORMAL = Mode()
NEVER_READ = Mode(read=False)
SILENT = Mode(silent=True)
ONLY_READS = Mode(shuts_after=0)
PLAIN_TEXT = Mode(greeting="hello\r\n")


def slow(bytes_per_second: int, *, receive_buffer: int | None = 4096) -> Mode:
    return Mode(bytes_per_second=bytes_per_second, receive_buffer=receive_buffer)


def reset_after(count: int, *, times: int | None = None) -> Mode:
    """Reads `count` bytes, then resets the connection; what came later is lost."""
    return Mode(end_after=count, reset=True, times=times)


def close_after(count: int, *, times: int | None = None) -> Mode:
    """Reads `count` bytes, then closes."""
    return Mode(end_after=count, times=times)


class Lines(ReceiverProgram):
    """A receiver that keeps lines."""

    module = "tests.support.receiver_process"

    def __init__(self, folder: Path, tls: Tls | None = None) -> None:
        super().__init__(folder, tls)
        self.received = LinesFile(folder / "received")

    def lines(self) -> list[bytes]:
        return self.received.lines()

    def wait_for(self, count: int, limit_seconds: float = 20) -> list[bytes]:
        """All lines, once there are at least `count`."""
        return self.received.wait_for(count, limit_seconds)


class Receiver(Lines):
    """Takes TCP, or TLS when it is given any, in one framing.

    Octet counting is taken strictly: a connection that breaks it is closed.
    """

    def __init__(
        self,
        folder: Path,
        mode: Mode = NORMAL,
        *,
        tls: Tls | None = None,
        framing: Framing = "newline",
    ) -> None:
        super().__init__(folder, tls)
        self._mode = mode
        self._framing = framing

    @property
    def url(self) -> str:
        if self.tls:
            return f"syslog+tls://localhost:{self.port}"
        return f"syslog://127.0.0.1:{self.port}"

    def start(self, mode: Mode | None = None) -> None:
        """Listens, on the same port as before; in a new mode when one is given."""
        self._mode = mode or self._mode
        super().start()

    def orders(self) -> dict[str, Any]:
        kind = {"lines": str(self.received.path), "framing": self._framing}
        return kind | asdict(self._mode)

    def malformed(self) -> list[str]:
        """What was there in place of a frame, over all connections."""
        return [event.partition(" ")[2] for event in self.events("malformed")]

    def cut_off(self) -> int:
        """How many senders ended TLS without close_notify."""
        return len(self.events("cut"))


class UdpReceiver(Lines):
    """Keeps one datagram a line."""

    @property
    def url(self) -> str:
        return f"syslog+udp://127.0.0.1:{self.port}"

    def orders(self) -> dict[str, Any]:
        return {"lines": str(self.received.path), "framing": "datagram"}
