"""Lines that wait to become one write."""

from __future__ import annotations

from drains.transports import BatchLimits
from events.kafka.records import PartitionRecords
from shuttle.feed.writes import Pieces, Write


class _Piece:
    """What is to go over one connection."""

    __slots__ = ("chunks", "lines", "size")

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.lines = self.size = 0


class Outbox:
    """Gathers the lines of many batches: a write a line would cost more than all the rest."""

    __slots__ = ("_limits", "_pieces", "is_full", "size", "write")

    def __init__(self, connections: int, limits: BatchLimits) -> None:
        """`limits`: of what goes over one connection."""
        self._limits = limits
        self._pieces = tuple(_Piece() for _ in range(connections))
        self.write: Write | None = None
        """What is gathered; None: nothing is."""
        self.size = 0
        """Bytes gathered."""
        self.is_full = False
        """Whether one connection has as much as makes a write."""

    def add(self, records: PartitionRecords, data: Pieces, lines: int) -> None:
        """`data`: a piece for each connection. Raises RuntimeError when no write has begun: lines
        that are not in one would be lost without a word."""
        if self.write is None:
            raise RuntimeError("lines without a write")
        self.write.add(records, lines)
        if len(data) == 1:
            self._add(self._pieces[0], data[0], lines)
            return
        for piece, chunk in zip(self._pieces, data, strict=True):
            if chunk:  # in HTTP, where lines count, a record has one LF
                self._add(piece, chunk, chunk.count(b"\n"))

    def add_notice(self, data: bytes) -> None:
        """Over the first connection."""
        self._add(self._pieces[0], data, 1)

    def take(self) -> Pieces:
        """All of it, as one piece for each connection."""
        pieces = tuple(b"".join(piece.chunks) for piece in self._pieces)
        self.clear()
        return pieces

    def clear(self) -> None:
        self._pieces = tuple(_Piece() for _ in self._pieces)
        self.write = None
        self.size = 0
        self.is_full = False

    def _add(self, piece: _Piece, chunk: bytes, lines: int) -> None:
        piece.chunks.append(chunk)
        piece.size += len(chunk)
        piece.lines += lines
        self.size += len(chunk)
        if piece.size >= self._limits.bytes or piece.lines >= self._limits.lines:
            self.is_full = True
