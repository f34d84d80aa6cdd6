"""A programmable HTTP or HTTPS receiver in a process of its own, which a test can stop or kill."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.support.lines_file import LinesFile
from tests.support.receiver_program import ReceiverProgram, Tls
from tests.support.waiting import wait_until

Ending = Literal["keep", "close", "close_unannounced", "hang", "drop", "reset", "endless"]


@dataclass(frozen=True)
class Answer:
    """One answer, and what becomes of the connection.

    `hang`: never answers, keeps open; `drop`: closes without an answer; `reset`: so with RST;
    `endless`: a body without end. `raw` is written as it is, in place of an answer (latin-1);
    `headers` also replace those that it would send by itself, such as Content-Length.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    body_bytes: int = 0  # of a body of that many x
    delay_seconds: float = 0
    ending: Ending = "keep"
    raw: str | None = None


OK = Answer()
HANG = Answer(ending="hang")
DROP = Answer(ending="drop")
RESET = Answer(ending="reset")
ENDLESS = Answer(ending="endless")


@dataclass(frozen=True)
class Refusal:
    """Answers so when the body holds these bytes, or more bytes or frames than that."""

    answer: Answer
    containing: bytes | None = None
    bytes_over: int | None = None
    frames_over: int | None = None


@dataclass(frozen=True)
class Script:
    """The first requests get `first`; later ones the first refusal that fits, or else `then`.

    `bytes_per_second` is how fast bodies are read.
    """

    first: Sequence[Answer] = ()
    then: Answer = OK
    refusing: Sequence[Refusal] = ()
    bytes_per_second: int | None = None

    def orders(self) -> dict[str, Any]:
        refusing = [
            {**asdict(refusal), "containing": _text_or_none(refusal.containing)}
            for refusal in self.refusing
        ]
        return asdict(self) | {"refusing": refusing}


@dataclass(frozen=True)
class Request:
    """`status` is what it was answered with: None when it got no answer, or a raw one."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    connection: int
    """Its number since the start of the receiver."""
    time: float
    """When it was whole, by time.monotonic()."""
    status: int | None

    @classmethod
    def parse(cls, line: bytes) -> Request:
        kept = json.loads(line)
        headers = {name.lower(): value for name, value in kept["headers"]}
        assert len(headers) == len(kept["headers"]), f"a header twice: {kept['headers']}"
        return cls(**kept | {"headers": headers, "body": base64.b64decode(kept["body"])})

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class HttpReceiver(ReceiverProgram):
    """Takes HTTP, or HTTPS when it is given TLS. Its script may be changed while it runs."""

    module = "tests.support.http_receiver_process"

    def __init__(
        self,
        folder: Path,
        script: Script | None = None,
        *,
        tls: Tls | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        super().__init__(folder, tls)
        self._kept = LinesFile(folder / "requests")
        self._parsed: list[Request] = []
        self._receive_buffer = receive_buffer
        self._script_file = folder / "script.json"
        self._version = 0
        self.follow(script or Script())

    @property
    def url(self) -> str:
        if self.tls:
            return f"https://localhost:{self.port}/"
        return f"http://127.0.0.1:{self.port}/"

    def orders(self) -> dict[str, Any]:
        return {
            "requests": str(self._kept.path),
            "script": str(self._script_file),
            "receive_buffer": self._receive_buffer,
        }

    def follow(self, script: Script) -> None:
        """From the next answer on."""
        self._version += 1
        new = self._script_file.with_suffix(".new")
        new.write_text(json.dumps(script.orders() | {"version": self._version}))
        new.replace(self._script_file)

    def answer(self, *first: Answer, then: Answer = OK) -> None:
        """Follows a script of these answers alone."""
        self.follow(Script(first, then))

    def requests(self) -> list[Request]:
        """Those that came whole, over all starts."""
        self._parsed += map(Request.parse, self._kept.lines()[len(self._parsed) :])
        return list(self._parsed)

    def accepted(self) -> list[Request]:
        """Those that were answered 2xx, or are about to be."""
        return [request for request in self.requests() if request.accepted]

    def wait_for(self, count: int, limit_seconds: float = 20) -> list[Request]:
        """All requests, once there are at least `count`."""
        return self._wait(self.requests, count, limit_seconds)

    def wait_for_accepted(self, count: int, limit_seconds: float = 20) -> list[Request]:
        return self._wait(self.accepted, count, limit_seconds)

    def _wait(
        self, asked: Callable[[], list[Request]], count: int, limit_seconds: float
    ) -> list[Request]:
        wait_until(lambda: len(asked()) >= count, limit_seconds, f"{count} requests")
        return asked()


def _text_or_none(data: bytes | None) -> str | None:
    return None if data is None else data.decode("latin-1")
