"""A tail as bytes: what each media type makes of lines and of what is said about them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from events.cleaning import one_line
from events.keys import AppKey, Key
from sessions_app.tail.live.blocks import Block, LineSlice
from sessions_app.tail.live.mailbox import Earlier, Nothing, Skipped, StreamNotice
from sessions_app.tail.matching import stream_of
from sessions_app.tail.render import record_of, text_of
from sessions_app.tail.signer import UNSIGNED, Signer
from sessions_app.tail.tail import BacklogEnd, Bye, Event, Ping

WRITE_BYTES = 64 * 1024
RETRY_MS = (1000, 5000)
"""Browsers of a process that ends come again at different times."""

_json = msgspec.json.encode

_CUTS = {
    character.encode(): f"\\u{ord(character):04x}".encode()
    for character in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
}
"""Where Python's `splitlines`, and what is made like it, ends a line too → as JSON escapes it."""

Said = StreamNotice | Earlier | Nothing | Skipped | BacklogEnd | Ping | Bye


def overflow(skipped: Skipped) -> str:
    return f"Error L11 (tail buffer overflow): {skipped.lines} messages skipped"


_UNSIGNED = UNSIGNED.encode()


class StreamEncoder(Protocol):
    """`name` is of the encoder's lines: they are made once for all viewers, but for what `signer`
    puts into them where they have tokens."""

    name: str
    signer: Signer | None
    opening: bytes
    """Sent at once: headers go out with it."""
    joint: bytes
    escapes_cuts: bool
    """Many of its readers are libraries that end a line where we do not."""

    def line(self, block: Block, index: int) -> bytes: ...

    def frame(self, lines: Sequence[bytes]) -> bytes:
        """One write of lines."""

    def said(self, event: Said) -> bytes:
        """Empty: this encoder does not say it."""


class TextEncoder:
    name, opening, joint, escapes_cuts = "text", b"", b"", False
    signer: Signer | None = None

    def __init__(self, key: Key) -> None:
        self._key = key

    def line(self, block: Block, index: int) -> bytes:
        return text_of(block.lines[index]).encode(errors="replace") + b"\n"

    def frame(self, lines: Sequence[bytes]) -> bytes:
        return b"".join(lines)

    def said(self, event: Said) -> bytes:
        told = _told(event)
        return f"{_now()} {self._key} logshuttle: {told}\n".encode() if told else b""


class EventsEncoder:
    """Server-sent events."""

    name, joint, escapes_cuts = "events", b"", True

    def __init__(self, signer: Signer) -> None:
        self.signer: Signer | None = signer
        self.opening = b"retry: %d\n\n" % random.randint(*RETRY_MS)  # noqa: S311

    def line(self, block: Block, index: int) -> bytes:
        text = text_of(block.lines[index])
        return f"id: {block.token(index)}\ndata: {text}\n\n".encode(errors="replace")

    def frame(self, lines: Sequence[bytes]) -> bytes:
        return b"".join(lines)

    def said(self, event: Said) -> bytes:
        match event:
            case StreamNotice():
                place = f"id: {event.token}\n" if event.token else ""
                return f"{place}event: gap\ndata: {event.reason}\n\n".encode()
            case Skipped():
                return f"event: skipped\ndata: {overflow(event)}\n\n".encode()
            case Ping():
                # An id without data: nothing is shown, and the place to go on from is not lost
                # to retention where an app is silent.
                return b":\n" + (f"id: {event.token}\n".encode() if event.token else b"") + b"\n"
            case Bye():
                seen = f"id: {event.token}\n" if event.token else ""
                return f"{seen}event: bye\ndata: {event.reason}\n\n".encode()
        return b""


class RecordsEncoder:
    """NDJSON. What is said about lines is a record too, of source `logshuttle`."""

    name, opening, joint, escapes_cuts = "records", b"", b"", True
    signer: Signer | None = None

    def __init__(self, key: Key) -> None:
        app, space = key if isinstance(key, AppKey) else ("", "")
        self._told = {"time": "", "app": app, "space": space, "source": "logshuttle"}
        self._told |= {"process": "", "stream": "", "text": ""}
        self._told |= {} if isinstance(key, AppKey) else {"site": key.site}

    def line(self, block: Block, index: int) -> bytes:
        return _json(record_of(block.lines[index])) + b"\n"

    def frame(self, lines: Sequence[bytes]) -> bytes:
        return b"".join(lines)

    def said(self, event: Said) -> bytes:
        told = _told(event)
        return _json({**self._told, "time": _now(), "text": told}) + b"\n" if told else b""


class SocketEncoder:
    """Frames of a WebSocket: one JSON object each."""

    name, opening, joint, escapes_cuts = "socket", b"", b",", False

    def __init__(self, signer: Signer) -> None:
        self.signer: Signer | None = signer

    def line(self, block: Block, index: int) -> bytes:
        line = block.lines[index]
        origin = line.origin
        return _json(
            {
                "id": block.token(index),
                "time": line.time,
                "name": origin.name,
                "source": origin.source,
                "process": origin.process,
                "tag": origin.tag,
                "stream": stream_of(line),
                "text": one_line(line.text),
            }
        )

    def frame(self, lines: Sequence[bytes]) -> bytes:
        return b'{"type":"lines","lines":[' + b",".join(lines) + b"]}"

    def said(self, event: Said) -> bytes:
        match event:
            case Earlier():
                return _json({"type": "older", "place": event.token})
            case Nothing():
                return _json({"type": "nothing", "since": event.since_ms})
            case StreamNotice():
                place = {"id": event.token} if event.token else {}
                return _json({"type": "gap", "reason": event.reason} | place)
            case Skipped():
                return _json({"type": "skipped", "count": event.lines})
            case BacklogEnd():
                return b'{"type":"backlog-end"}'
            case Ping():
                return _json({"type": "ping"} | ({"id": event.token} if event.token else {}))
            case Bye():
                return _json({"type": "bye", "reason": event.reason})


def writes(encoder: StreamEncoder, events: Iterable[Event]) -> Iterator[bytes]:
    """What to write for these events: lines together, up to `WRITE_BYTES` a time."""
    lines: list[bytes] = []
    size = 0
    for event in events:
        if isinstance(event, LineSlice):
            for part in _parts(encoder, event):
                if lines and size + len(part) > WRITE_BYTES:
                    yield encoder.frame(lines)
                    lines, size = [], 0
                lines.append(part)
                size += len(part)
        else:
            if lines:
                yield encoder.frame(lines)
                lines, size = [], 0
            if said := encoder.said(event):
                yield said
    if lines:
        yield encoder.frame(lines)


def _parts(encoder: StreamEncoder, piece: LineSlice) -> Sequence[bytes]:
    """Lines, joined as far as a write takes them; those of a whole block are made only once."""
    block = piece.block
    made = block.made.get(encoder.name) if piece.is_whole else None
    if made is None:
        made = [part.split(_UNSIGNED) for part in _joined(encoder, block, piece.indices)]
        if piece.is_whole:
            block.made[encoder.name] = made
    signature = encoder.signer.signature(block.base_bytes) if encoder.signer else b""
    return [signature.join(between) for between in made]


def _joined(encoder: StreamEncoder, block: Block, indices: Iterable[int]) -> Iterator[bytes]:
    lines: list[bytes] = []
    size = 0
    for index in indices:
        line = encoder.line(block, index)
        if lines and size + len(line) > WRITE_BYTES:
            yield _one(encoder, lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line) + len(encoder.joint)
    if lines:
        yield _one(encoder, lines)


def _one(encoder: StreamEncoder, lines: Sequence[bytes]) -> bytes:
    joined = encoder.joint.join(lines)
    if encoder.escapes_cuts:
        for cut, escaped in _CUTS.items():
            joined = joined.replace(cut, escaped)  # copies nothing where there is none
    return joined


def _told(event: Said) -> str:
    match event:
        case StreamNotice():
            return f"{event.reason}; go on: after={event.token}" if event.token else event.reason
        case Skipped():
            return overflow(event)
    return ""


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
