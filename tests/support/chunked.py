"""HTTP's chunks, as old clients see them."""

from __future__ import annotations


def chunks_of(data: bytes) -> list[bytes]:
    """Of a body, or of its beginning: a chunk that is not whole is left out. Raises ValueError."""
    chunks = []
    while b"\r\n" in data:
        size, _, rest = data.partition(b"\r\n")
        length = int(size, 16)
        if len(rest) < length + 2:
            break
        if rest[length : length + 2] != b"\r\n":
            raise ValueError(f"no end of a chunk: {rest[length : length + 2]!r}")
        chunks.append(rest[:length])
        data = rest[length + 2 :]
    return chunks
