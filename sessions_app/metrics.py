"""Metrics of log sessions, each with a sentence on what a reader should do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from events.process.metrics import counters_by

BOUNDS_MET: Counter[str] = Counter()
"""In this process, by reason."""


class TailsCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        yield counters_by(
            "reason",
            "logshuttle_tail_bounds_met",
            "Readers of log sessions who got less than they asked for; see whose they are when it "
            "grows.",
            BOUNDS_MET,
        )
