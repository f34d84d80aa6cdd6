"""Partitions of a topic as short text, as people write them: `0-3,7`."""

from __future__ import annotations

from collections.abc import Collection


def ranges_of(numbers: Collection[int]) -> str:
    """Empty for none."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def numbers_of(ranges: str) -> set[int]:
    """What `ranges_of` was given. Raises ValueError."""
    found: set[int] = set()
    for part in ranges.split(",") if ranges else ():
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found
