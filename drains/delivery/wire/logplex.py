"""Bodies of Logplex requests: octet-counted frames, each record with a LF inside its count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from drains.transports import REQUEST_BYTES_MAX, REQUEST_LINES_MAX


class Frames:
    """The frames of data in which a LF stands at each frame's end and nowhere else.

    Taken apart only when it has to be: most of the time all of it is one request.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.count = data.count(b"\n")

    def bodies(self) -> Iterator[range]:
        """Which frames go into a request each: as many as its limits allow, always the same."""
        if len(self.data) <= REQUEST_BYTES_MAX and self.count <= REQUEST_LINES_MAX:
            return iter((range(self.count),))
        return _bodies_of(self._each)

    def body(self, part: range) -> bytes:
        if len(part) == self.count:
            return self.data
        return b"".join(self._each[part.start : part.stop])

    @cached_property
    def _each(self) -> list[bytes]:
        return frames_of(self.data)


def frames_of(data: bytes) -> list[bytes]:
    frames = data.split(b"\n")
    frames.pop()
    return [frame + b"\n" for frame in frames]


def _bodies_of(frames: Sequence[bytes]) -> Iterator[range]:
    start = size = 0
    for index, frame in enumerate(frames):
        full = size + len(frame) > REQUEST_BYTES_MAX or index - start == REQUEST_LINES_MAX
        if full and index > start:
            yield range(start, index)
            start, size = index, 0
        size += len(frame)
    yield range(start, len(frames))
