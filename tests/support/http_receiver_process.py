"""A receiver of HTTP requests that answers by a script. Run by tests.support.http_receiver.

Standard library only, so that it is up at once. Its one argument is JSON: `{"port", "requests",
"events", "script", "tls", "receive_buffer"}`. It appends each whole request to the file `requests`,
one JSON object a line, before it answers, and to the file `events` what listener.Listener tells.

The file `script` is read again at each request; its fields are those of http_receiver.Script.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import sys
import threading
import time
from http.client import NO_CONTENT, responses
from pathlib import Path
from typing import IO, Any, NamedTuple

from tests.support.listener import (
    TURNS_PER_SECOND,
    Listener,
    append_to,
    hold,
    reset,
)

_CHUNK_BYTES = 65536
_LINE_BYTES = 65536
_ENDLESS_PAUSE_SECONDS = 0.01  # a client that reads for ever shall not take the machine
_COUNT = re.compile(rb"([1-9][0-9]{0,8}) ")


class Request(NamedTuple):
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes


class Script:
    """What to answer. A new script begins with its first answer."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._version = -1
        self._given = 0
        self._lock = threading.Lock()

    def bytes_per_second(self) -> int | None:
        rate: int | None = self._read()["bytes_per_second"]
        return rate

    def answer(self, body: bytes) -> dict[str, Any]:
        with self._lock:
            script = self._read()
            if script["version"] != self._version:
                self._version, self._given = script["version"], 0
            self._given += 1
            answers = script["first"][self._given - 1 :]
        answers += [refusal["answer"] for refusal in script["refusing"] if _meets(body, refusal)]
        answer: dict[str, Any] = [*answers, script["then"]][0]
        return answer

    def _read(self) -> dict[str, Any]:
        script: dict[str, Any] = json.loads(self._path.read_bytes())
        return script


class HttpReceiver(Listener):
    def __init__(self, orders: dict[str, Any]) -> None:
        super().__init__(orders)
        self._requests = append_to(orders["requests"])
        self._script = Script(orders["script"])

    def converse(self, connection: socket.socket, number: int) -> None:
        with connection.makefile("rb") as stream:
            while (request := _read_request(stream, self._script)) is not None:
                answer = self._script.answer(request.body)
                self._keep(request, answer, number)
                time.sleep(answer["delay_seconds"])
                if not give(connection, answer, request.method):
                    break

    def _keep(self, request: Request, answer: dict[str, Any], number: int) -> None:
        kept = request._asdict() | {
            "body": base64.b64encode(request.body).decode(),
            "connection": number,
            "time": time.monotonic(),
            "status": answer["status"] if _is_given(answer) else None,
        }
        os.write(self._requests, json.dumps(kept).encode() + b"\n")


def give(connection: socket.socket, answer: dict[str, Any], method: str) -> bool:
    """Returns whether the connection goes on."""
    ending = answer["ending"]
    if ending == "hang":
        hold(connection)
    elif ending == "reset":
        reset(connection)
    elif answer["raw"] is not None:
        connection.sendall(answer["raw"].encode("latin-1"))
    elif _is_given(answer):
        body = answer["body"].encode() or b"x" * answer["body_bytes"]
        connection.sendall(_head(answer, len(body)) + (b"" if method == "HEAD" else body))
    if ending == "endless":
        _write_without_end(connection)
    return bool(ending == "keep")


def _is_given(answer: dict[str, Any]) -> bool:
    return answer["raw"] is None and answer["ending"] not in ("hang", "reset", "drop")


def _head(answer: dict[str, Any], length: int) -> bytes:
    status, headers = answer["status"], {}
    if answer["ending"] == "endless":
        headers["Transfer-Encoding"] = "chunked"
    elif status != NO_CONTENT:
        headers["Content-Length"] = str(length)
    if answer["ending"] == "close":
        headers["Connection"] = "close"
    lines = [f"{name}: {value}\r\n" for name, value in (headers | answer["headers"]).items()]
    first = f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}\r\n"
    return "".join([first, *lines, "\r\n"]).encode("latin-1")


def _write_without_end(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"%x\r\n%s\r\n" % (_CHUNK_BYTES, b"x" * _CHUNK_BYTES))
        time.sleep(_ENDLESS_PAUSE_SECONDS)


def _read_request(stream: IO[bytes], script: Script) -> Request | None:
    """None when the client has gone, between requests or within one."""
    first = stream.readline(_LINE_BYTES)
    if not first:
        return None
    method, path, version = first.decode("latin-1").split(" ")
    if version != "HTTP/1.1\r\n":
        raise ValueError(repr(first[:80]))
    headers = []
    while (line := stream.readline(_LINE_BYTES)) != b"\r\n":
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not line.endswith(b"\r\n"):
            raise ValueError(repr(line[:80]))
        headers.append((name, value.strip()))
    lengths = [int(value) for name, value in headers if name.lower() == "content-length"]
    body = _read_body(stream, sum(lengths), script.bytes_per_second())
    return None if body is None else Request(method, path, headers, body)


def _read_body(stream: IO[bytes], length: int, rate: int | None) -> bytes | None:
    size, parts = _CHUNK_BYTES if rate is None else max(1, rate // TURNS_PER_SECOND), []
    while length:
        part = stream.read(min(size, length))
        if not part:
            return None
        length -= len(part)
        parts.append(part)
        if rate is not None:
            time.sleep(len(part) / rate)
    return b"".join(parts)


def _meets(body: bytes, refusal: dict[str, Any]) -> bool:
    limits = (
        (refusal["bytes_over"], len(body)),
        (refusal["frames_over"], _count_frames(body)),
    )
    text = refusal["containing"]
    return any(limit is not None and found > limit for limit, found in limits) or (
        text is not None and text.encode("latin-1") in body
    )


def _count_frames(body: bytes) -> int:
    place = count = 0
    while (found := _COUNT.match(body, place)) is not None:
        place = found.end() + int(found.group(1))
        count += 1
    return count


if __name__ == "__main__":
    HttpReceiver(json.loads(sys.argv[1])).run()
