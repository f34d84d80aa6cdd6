"""Large messages in pieces: a message of 4 MiB may hold two million entries, and takes its time.

A piece is a message of its own, with some of the entries. Only what is around entries is read here.
"""

from __future__ import annotations

from collections.abc import Iterator

from events.als.messages import IgnoredError

PIECE_BYTES = 256 * 1024
PIECE_ENTRIES = 8192

_LENGTH_DELIMITED = 2
_FIXED = {1: 8, 5: 4}
_GROUPS_OF_ENTRIES = (2, 3)
"""http_logs, tcp_logs."""


def pieces_of(data: bytes) -> Iterator[bytes]:
    """In their order; what is small is its own only piece. Raises IgnoredError at what is none."""
    if len(data) <= PIECE_BYTES:
        yield data
        return
    for number, start, begin, end in _fields(data, 0, len(data)):
        if number in _GROUPS_OF_ENTRIES:
            for first, last in _spans(data, begin, end):
                yield (
                    bytes([number << 3 | _LENGTH_DELIMITED])
                    + _length(last - first)
                    + data[first:last]
                )
        else:
            yield data[start:end]


def _spans(data: bytes, begin: int, end: int) -> Iterator[tuple[int, int]]:
    first, count = begin, 0
    for _, start, _, stop in _fields(data, begin, end):
        count += 1
        if stop - first > PIECE_BYTES and start > first:
            yield first, start
            first, count = start, 1
        if count >= PIECE_ENTRIES:
            yield first, stop
            first, count = stop, 0
    if first < end:
        yield first, end


def _fields(data: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, where it begins, where its value begins and ends."""
    at = begin
    while at < end:
        start = at
        tag, at = _varint(data, at, end)
        kind = tag & 7
        value = at
        if kind == _LENGTH_DELIMITED:
            length, value = _varint(data, at, end)
            at = value + length
        elif kind == 0:
            _, at = _varint(data, at, end)
        elif kind in _FIXED:
            at += _FIXED[kind]
        else:
            raise IgnoredError("unreadable")
        if at > end:
            raise IgnoredError("unreadable")
        yield tag >> 3, start, value, at


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A number, and what comes behind it."""
    number = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
    raise IgnoredError("unreadable")


def _length(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)
