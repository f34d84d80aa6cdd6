"""Bodies of Logplex requests: octet-counted frames, each record with a LF inside its count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

BODY_BYTES_MAX = 256 * 1024
BODY_LINES_MAX = 1000


def frames_of(data: bytes) -> list[bytes]:
    """The frames of data in which a LF stands at each frame's end and nowhere else."""
    frames = data.split(b"\n")
    frames.pop()
    return [frame + b"\n" for frame in frames]


def bodies_of(frames: Sequence[bytes]) -> Iterator[range]:
    """Which frames go into a request each: as many as its limits allow, always the same."""
    start = size = 0
    for index, frame in enumerate(frames):
        full = size + len(frame) > BODY_BYTES_MAX or index - start == BODY_LINES_MAX
        if full and index > start:
            yield range(start, index)
            start, size = index, 0
        size += len(frame)
    yield range(start, len(frames))
