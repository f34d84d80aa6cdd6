"""Neighbouring lines of one app, and who wants which of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from events.kafka.records import TopicPartition
from events.lines import LogLine
from sessions_app.tail.signer import UNSIGNED
from sessions_app.tail.tokens import base_of

_LINE_BYTES = 100
"""What a line takes beside its text."""


class Block:
    """Neighbouring lines of one app. Made once for all viewers, with what they make of it."""

    __slots__ = ("_base", "_base_bytes", "lines", "made", "size", "sizes", "suffix")

    def __init__(
        self, lines: Sequence[LogLine], base: str | Callable[[], str], suffix: str
    ) -> None:
        self.lines = lines
        self.made: dict[str, list[list[bytes]]] = {}
        """Name of an encoder → all lines as it has made them, cut where a signature comes in."""
        self.suffix = suffix
        self.sizes = [len(line.text) + _LINE_BYTES for line in lines]
        self.size = sum(self.sizes)
        self._base = base
        self._base_bytes: bytes | None = None

    def token(self, index: int) -> str:
        """Where a viewer who has seen this line goes on; each one's signature is put in later."""
        return f"{self.base}.{UNSIGNED}{self.suffix}{self.number(index)}"

    def number(self, index: int) -> int:
        """A line's, in its token."""
        return index

    def only(self, indices: Sequence[int]) -> Block:
        """Some of its lines. Who waits for a few does not keep the others in memory."""
        return _SomeLines(self, indices)

    @property
    def base(self) -> str:
        """Worked out when it is first asked for: not every encoder has tokens."""
        if not isinstance(self._base, str):
            self._base = self._base()
        return self._base

    @property
    def base_bytes(self) -> bytes:
        if self._base_bytes is None:
            self._base_bytes = self.base.encode()
        return self._base_bytes


class BacklogBlock(Block):
    """Lines by their times, before `ends`. Who has seen some of them reads the rest of the same
    backlog, or of the window that `suffix` names."""

    def __init__(
        self,
        lines: Sequence[LogLine],
        topics: Sequence[str],
        ends: Mapping[TopicPartition, int],
        suffix: str = ".b",
    ) -> None:
        super().__init__(lines, lambda: base_of(topics, ends), suffix)

    def number(self, index: int) -> int:
        return len(self.lines) - 1 - index


class _SomeLines(Block):
    __slots__ = ("_numbers",)

    def __init__(self, block: Block, indices: Sequence[int]) -> None:
        super().__init__([block.lines[index] for index in indices], block._base, block.suffix)
        self._numbers = [block.number(index) for index in indices]

    def number(self, index: int) -> int:
        return self._numbers[index]


class LineSlice(NamedTuple):
    """The lines of a block that one viewer wants."""

    block: Block
    indices: Sequence[int]

    @classmethod
    def whole(cls, block: Block) -> LineSlice:
        return cls(block, range(len(block.lines)))

    @property
    def is_whole(self) -> bool:
        return len(self.indices) == len(self.block.lines)

    @property
    def size(self) -> int:
        if self.is_whole:
            return self.block.size
        sizes = self.block.sizes
        return sum(sizes[index] for index in self.indices)
