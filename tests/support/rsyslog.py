"""A real rsyslogd with its own configuration; the machine's own is never touched."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from events.parentage import TiedProcess
from tests.support.lines_file import LinesFile
from tests.support.ports import accepts, free_port
from tests.support.servers import requires
from tests.support.waiting import wait_until

_CONFIGURATION = """\
global(
  workDirectory="{folder}"
  maxMessageSize="128k"
  preserveFQDN="on"
  parser.escapeControlCharactersOnReceive="off"
)
module(load="imtcp")
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="fields" type="list") {{
  property(name="pri")
  constant(value=" ")
  property(name="timereported" dateFormat="rfc3339")
  constant(value=" ")
  property(name="hostname")
  constant(value=" ")
  property(name="app-name")
  constant(value=" ")
  property(name="msg")
  constant(value="\\n")
}}
action(type="omfile" file="{received}" template="fields" flushOnTXEnd="on" asyncWriting="off")
"""
_START_LIMIT_SECONDS = 20.0


@dataclass(frozen=True)
class Written:
    """One record as rsyslog understood it."""

    pri: int
    timestamp: str
    hostname: str
    app_name: str
    msg: bytes

    @classmethod
    def parse(cls, line: bytes) -> Written:
        pri, timestamp, hostname, app_name, msg = line.split(b" ", 4)
        return cls(int(pri), timestamp.decode(), hostname.decode(), app_name.decode(), msg)


class Rsyslog:
    """Takes newline and octet-counted framing. Keeps its port and lines over stop and start."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._received = LinesFile(folder / "received")
        self._process: TiedProcess | None = None

    @property
    def url(self) -> str:
        return f"syslog://127.0.0.1:{self.port}"

    def start(self) -> None:
        program = requires("rsyslogd", "rsyslog")
        configuration = self._folder / "rsyslog.conf"
        configuration.write_text(
            _CONFIGURATION.format(folder=self._folder, port=self.port, received=self._received.path)
        )
        pid_file = self._folder / "rsyslogd.pid"
        command: list[str | Path] = [program, "-n", "-f", configuration, "-i", pid_file]
        output = self._folder / "output"
        with output.open("ab") as file:
            process = self._process = TiedProcess(command, output=file)
        wait_until(
            lambda: process.ended() or accepts(self.port), _START_LIMIT_SECONDS, "rsyslogd listens"
        )
        assert not process.ended(), f"rsyslogd ended: {output.read_text()}"

    def stop(self) -> None:
        """Ends it cleanly: what it has taken is written."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def records(self) -> list[Written]:
        return [Written.parse(line) for line in self._received.lines()]

    def wait_for(self, count: int, limit_seconds: float = 20) -> list[Written]:
        """All records, once there are at least `count`."""
        self._received.wait_for(count, limit_seconds)
        return self.records()

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

    def _end(self, sig: signal.Signals) -> None:
        if self._process is not None:
            self._process.end(sig, 10)
            self._process = None
