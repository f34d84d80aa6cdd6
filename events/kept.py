"""What is kept in memory so that it is not worked out again. Its keys come from outside, so its
bound is in bytes: a number of names bounds nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

ENTRY_BYTES = 200
"""Of any: its place in the dict, which doubles when it grows, and a tuple or two."""

TEXT_BYTES = 80
"""Of any text beside its characters."""
CHARACTER_BYTES = 8
"""Of one of a text that is not all ASCII: up to four, and as many of its UTF-8, which Python keeps
once somebody has asked for it."""

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Room:
    """So many bytes for some dicts together. When they are full, the one that has most is emptied:
    who fills them pays."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.bytes = 0
        self._all: list[Kept[object, object]] = []

    def join(self, kept: Kept[KeyT, ValueT]) -> None:
        self._all.append(kept)  # type: ignore[arg-type]

    def take(self, size: int) -> None:
        self.bytes += size
        if self.bytes > self.bytes_max:
            max(self._all, key=lambda kept: kept.bytes).clear()

    def give_back(self, size: int) -> None:
        self.bytes -= size


class Kept(dict[KeyT, ValueT], ABC):
    """A dict that finds out what it lacks, in `__missing__`, and keeps that: with `keep`."""

    def __init__(self, room: Room) -> None:
        self.bytes = 0
        self._room = room
        room.join(self)

    @abstractmethod
    def size_of(self, key: KeyT, value: ValueT) -> int:
        """Bytes of an entry beside ENTRY_BYTES: the same at each call."""

    def keep(self, key: KeyT, value: ValueT) -> ValueT:
        size = self.size_of(key, value) + ENTRY_BYTES
        self._room.take(size)  # which may empty this one
        self.bytes += size
        self[key] = value
        return value

    def drop(self, key: KeyT) -> None:
        """One that is there."""
        size = self.size_of(key, self.pop(key)) + ENTRY_BYTES
        self.bytes -= size
        self._room.give_back(size)

    def clear(self) -> None:
        super().clear()
        self._room.give_back(self.bytes)
        self.bytes = 0


def bytes_of(*texts: str | bytes) -> int:
    """At most, as they lie in memory: the same at each call, whatever was done with them since."""
    return sum(map(_bytes_of, texts))


def _bytes_of(text: str | bytes) -> int:
    is_narrow = isinstance(text, bytes) or text.isascii()
    return TEXT_BYTES + len(text) * (1 if is_narrow else CHARACTER_BYTES)
