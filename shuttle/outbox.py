"""Lines that wait to become one write."""

from __future__ import annotations

from events.records import Run
from shuttle.marks import Mark


class Outbox:
    """Gathers the lines of many batches: a write a line would cost more than all the rest."""

    __slots__ = ("_chunks", "mark", "size")

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self.mark: Mark | None = None
        """What is gathered; None: nothing is."""
        self.size = 0
        """Bytes gathered."""

    def begin(self, mark: Mark) -> Mark:
        self.mark = mark
        return mark

    def add(self, run: Run, data: bytes, lines: int) -> None:
        if self.mark is not None:
            self.mark.add(run.source, run.begin, run.end, lines)
            self._chunks.append(data)
            self.size += len(data)

    def take(self) -> bytes:
        """All of it, as one piece."""
        data = b"".join(self._chunks)
        self.clear()
        return data

    def clear(self) -> None:
        self._chunks.clear()
        self.mark = None
        self.size = 0
