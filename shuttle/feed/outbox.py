"""Lines that wait to become one write."""

from __future__ import annotations

from events.kafka.records import PartitionRecords
from shuttle.feed.writes import Pieces, Write


class Outbox:
    """Gathers the lines of many batches: a write a line would cost more than all the rest."""

    __slots__ = ("_pieces", "size", "write")

    def __init__(self, connections: int) -> None:
        self._pieces: tuple[list[bytes], ...] = tuple([] for _ in range(connections))
        self.write: Write | None = None
        """What is gathered; None: nothing is."""
        self.size = 0
        """Bytes gathered."""

    def add(self, records: PartitionRecords, data: Pieces, lines: int) -> None:
        """`data`: a piece for each connection. Raises RuntimeError when no write has begun: lines
        that are not in one would be lost without a word."""
        if self.write is None:
            raise RuntimeError("lines without a write")
        self.write.add(records, lines)
        for chunks, piece in zip(self._pieces, data, strict=True):
            chunks.append(piece)
            self.size += len(piece)

    def add_notice(self, data: bytes) -> None:
        """Over the first connection."""
        self._pieces[0].append(data)
        self.size += len(data)

    def take(self) -> Pieces:
        """All of it, as one piece for each connection."""
        pieces = tuple(b"".join(chunks) for chunks in self._pieces)
        self.clear()
        return pieces

    def clear(self) -> None:
        for chunks in self._pieces:
            chunks.clear()
        self.write = None
        self.size = 0
