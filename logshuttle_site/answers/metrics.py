"""Metrics of the web's answers, each with a sentence on what a reader should do."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Counter, Histogram
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

BOUNDS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Answers(Collector):
    """By route; from any thread."""

    def __init__(self) -> None:
        self._counts = Counter(
            "logshuttle_web_requests",
            "Requests that were answered; see in the log why, when 4xx or 5xx grow.",
            ["route", "status"],
            registry=None,
        )
        self._seconds = Histogram(
            "logshuttle_web_request_seconds",
            "Until an answer began; when it grows, look at the database, and at CPU.",
            ["route"],
            registry=None,
            buckets=BOUNDS_SECONDS,
        )

    def count(self, route: str, status: int, seconds: float) -> None:
        self._counts.labels(route, f"{status // 100}xx").inc()
        self._seconds.labels(route).observe(seconds)

    def collect(self) -> Iterator[Metric]:
        for family in (*self._counts.collect(), *self._seconds.collect()):
            family.samples = [one for one in family.samples if not one.name.endswith("_created")]
            yield family


ANSWERS = Answers()
"""Of this process."""
