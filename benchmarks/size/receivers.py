"""All receivers, in as many programs as their connections need files, and what they have heard."""

from __future__ import annotations

import dataclasses
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType
from typing import Self

from benchmarks.size.plan import Plan
from benchmarks.size.program import Program
from benchmarks.size.receiver_process import BUCKETS_A_SECOND

FILES_A_PROGRAM = 18_000
WORKERS_MOST = 4
"""Each of them may have a connection to each drain."""


@dataclass(frozen=True)
class Heard:
    """Since it was asked last; `lines` and `twice` are of all time."""

    lines: int
    twice: int
    near: Counter[int]
    """Milliseconds that lines took, and how many took so long: to receivers that stay."""
    away: Counter[int]
    """The same of those that go away in an outage."""
    buckets: Counter[int]
    connections: int

    @property
    def silence_seconds(self) -> float:
        """The longest time without a line between two lines."""
        steps = [later - earlier - 1 for earlier, later in pairwise(sorted(self.buckets))]
        return max(steps, default=0) / BUCKETS_A_SECOND

    @property
    def all(self) -> Counter[int]:
        return self.near + self.away


def quantile(counts: Counter[int], share: float) -> int:
    """0 of none."""
    left = share * counts.total()
    for value, count in sorted(counts.items()):
        left -= count
        if left <= 0:
            return value
    return 0


class Receivers:
    def __init__(self, plan: Plan) -> None:
        connections = sum(1 for _ in plan.listeners()) * WORKERS_MOST
        of = 1 + connections // FILES_A_PROGRAM
        about = dataclasses.asdict(plan)
        self._stack = ExitStack()
        self._programs = [
            self._stack.enter_context(
                Program("benchmarks.size.receiver_process", plan=about, part=part, of=of)
            )
            for part in range(of)
        ]
        self.take()  # they listen

    def down(self) -> None:
        for program in self._programs:
            program.ask("down")

    def up(self) -> None:
        for program in self._programs:
            program.ask("up")

    def missing(self, records: int) -> tuple[int, int]:
        """Lines of so many records that have not come, and how many drains lack any."""
        told = [program.ask("missing", records=records) for program in self._programs]
        return sum(lines for lines, _ in told), sum(drains for _, drains in told)

    def newcomer(self, app: int) -> float | None:
        """Seconds that the first line of an app took that is not in the plan."""
        told = [program.ask("newcomer", app=app) for program in self._programs]
        return next((seconds for seconds in told if seconds is not None), None)

    def take(self) -> Heard:
        told = [program.ask("take") for program in self._programs]
        lines, twice, connections = (
            sum(one[name] for one in told) for name in ("lines", "twice", "connections")
        )
        near, away, buckets = (
            sum((Counter(dict(one[name])) for one in told), Counter[int]())
            for name in ("near", "away", "buckets")
        )
        return Heard(lines, twice, near, away, buckets, connections)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
