"""Numbered lines and the judge who says which of them were lost, doubled, out of order or foreign.

A line says `run=RUN partition=P seq=N`: RUN is one app's in one test, N counts from 0 within a
partition. So one drain's lines tell everything that went wrong on their way.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Place = tuple[int, int]
"""(partition, seq)"""

_NUMBERED = re.compile(r"run=(\S+) partition=(\d+) seq=(\d+)(?: |$)")
_SHOWN = 5


def new_run() -> str:
    """A fresh name of a run, one for each app of a test."""
    return uuid.uuid4().hex[:12]


def numbered(
    run: str, partition: int, count: int, *, start: int = 0, padding: int = 0
) -> Iterator[str]:
    """The texts of `count` lines of a partition. `padding` characters are added to each."""
    tail = " " + "x" * padding if padding else ""
    for seq in range(start, start + count):
        yield f"run={run} partition={partition} seq={seq}{tail}"


@dataclass
class Verdict:
    """What one drain got. `out_of_order` compares first occurrences of one tag and partition."""

    drain: str
    received: int = 0
    lost: list[Place] = field(default_factory=list)
    duplicates: dict[Place, int] = field(default_factory=dict)
    out_of_order: list[tuple[str, Place]] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @property
    def at_least_once(self) -> bool:
        """Nothing lost, nothing foreign, all in order; duplicates are allowed."""
        return not (self.lost or self.foreign or self.out_of_order)

    @property
    def exactly_once(self) -> bool:
        return self.at_least_once and not self.duplicates

    def __str__(self) -> str:
        return (
            f"drain {self.drain}: {self.received} received, "
            f"{len(self.lost)} lost {self.lost[:_SHOWN]}, "
            f"{len(self.duplicates)} duplicated {list(self.duplicates)[:_SHOWN]}, "
            f"{len(self.out_of_order)} out of order {self.out_of_order[:_SHOWN]}, "
            f"{len(self.foreign)} foreign {self.foreign[:_SHOWN]}"
        )


def judge(
    run: str,
    produced: Mapping[int, int],
    received: Iterable[tuple[str, str]],
    *,
    drain: str = "-",
) -> Verdict:
    """`produced`: partition → number of lines. `received`: (tag, text) in the order of arrival."""
    verdict = Verdict(drain)
    seen: Counter[Place] = Counter()
    last: dict[tuple[str, int], int] = defaultdict(lambda: -1)
    for tag, text in received:
        verdict.received += 1
        place = _place(run, produced, text)
        if place is None:
            verdict.foreign.append(text)
            continue
        seen[place] += 1
        if seen[place] == 1:
            _note_order(verdict, last, tag, place)
    verdict.duplicates = {place: times - 1 for place, times in seen.items() if times > 1}
    verdict.lost = [
        (partition, seq)
        for partition, count in sorted(produced.items())
        for seq in range(count)
        if (partition, seq) not in seen
    ]
    return verdict


def _place(run: str, produced: Mapping[int, int], text: str) -> Place | None:
    """None for a line of nobody's, of another run, or that was never produced."""
    match = _NUMBERED.match(text)
    if match is None or match.group(1) != run:
        return None
    partition, seq = int(match.group(2)), int(match.group(3))
    return (partition, seq) if seq < produced.get(partition, 0) else None


def _note_order(verdict: Verdict, last: dict[tuple[str, int], int], tag: str, place: Place) -> None:
    partition, seq = place
    if seq < last[tag, partition]:
        verdict.out_of_order.append((tag, place))
    else:
        last[tag, partition] = seq
