"""How long lines take from Kafka's clock to a receiver's confirmation: a histogram."""

from __future__ import annotations

import math
from bisect import bisect_left

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)
"""Seconds."""


class DelayHistogram:
    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self.sum_seconds = 0.0

    def observe(self, seconds: float, lines: int) -> None:
        """Clocks differ: a delay below zero counts as none."""
        seconds = max(seconds, 0.0)
        self._counts[bisect_left(BOUNDS, seconds)] += lines
        self.sum_seconds += seconds * lines

    def copy(self) -> DelayHistogram:
        made = DelayHistogram()
        made._counts, made.sum_seconds = self.counts, self.sum_seconds
        return made

    @property
    def counts(self) -> list[int]:
        """Lines by bucket, in the order of `BOUNDS` and then beyond."""
        return list(self._counts)

    @property
    def buckets(self) -> list[tuple[str, int]]:
        """Prometheus's buckets: upper bound, and all lines up to there."""
        buckets, total = [], 0
        for bound, count in zip((*BOUNDS, math.inf), self._counts, strict=True):
            total += count
            buckets.append(("+Inf" if math.isinf(bound) else f"{bound:g}", total))
        return buckets
