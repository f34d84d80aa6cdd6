"""What went through a worker in a minute or an hour, added up, and the largest of it by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from heapq import nlargest

from shuttle.commit.store import RollupNote, Span

TALKERS = 100
"""So many apps, drains and topics are named, the largest; the others are one."""
OTHER = "other"
TALK = {
    "apps": ("lines of apps", "bytes of apps"),
    "drains": ("lines of drains", "bytes of drains"),
}
"""By talker: what their lines and bytes are counted as."""


class Sums:
    """Of a minute or an hour that may not be over yet."""

    def __init__(self, span: Span, begins_at: float) -> None:
        self.span, self.begins_at = span, begins_at
        self.counts: dict[str, Counter[str]] = {}
        """By what they are of, which includes TALK and `topics`."""
        self.delays: Counter[int] = Counter()

    def add(self, new: Mapping[str, Mapping[str, int]], delays: Mapping[int, int]) -> None:
        for name, counts in new.items():
            self.counts.setdefault(name, Counter()).update(counts)
        self.delays.update(delays)

    def row(self) -> RollupNote:
        counts = {name: dict(found) for name, found in self.counts.items()}
        talk = {who: tuple(counts.pop(name, {}) for name in names) for who, names in TALK.items()}
        delays = [self.delays[bucket] for bucket in range(max(self.delays, default=-1) + 1)]
        talkers = {
            "apps": _loudest(*talk["apps"], by=0),
            "drains": _loudest(*talk["drains"], by=1),
            "topics": _largest(counts.pop("topics", {})),
        }
        return RollupNote(self.span, self.begins_at, {**counts, "delays": delays}, talkers)


def _loudest(
    lines: Mapping[str, int], sizes: Mapping[str, int], *, by: int
) -> dict[str, list[int]]:
    """Lines and bytes of those with the most lines (`by` 0) or bytes (1); all others as one."""
    found = [*_largest((lines, sizes)[by])]
    talkers = {of: [lines.get(of, 0), sizes.get(of, 0)] for of in found if of != OTHER}
    if OTHER in found:
        rest = [sum(of.values()) for of in (lines, sizes)]
        named = [sum(of[at] for of in talkers.values()) for at in (0, 1)]
        talkers[OTHER] = [rest[0] - named[0], rest[1] - named[1]]
    return talkers


def _largest(counts: Mapping[str, int]) -> dict[str, int]:
    found = nlargest(TALKERS, counts.items(), key=lambda of: of[1])
    rest = sum(counts.values()) - sum(count for _, count in found)
    return {**dict(found), **({OTHER: rest} if rest else {})}
