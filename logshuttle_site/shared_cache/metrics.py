"""Metrics of the cache that processes share, each with a sentence on what a reader should do."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from logshuttle_site.shared_cache.breaker import Breaker


class CacheCollector(Collector):
    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "logshuttle_web_cache_serves",
            "0 while limits hold in each process alone; the log says why.",
            value=float(self._breaker.serves),
        )
        yield CounterMetricFamily(
            "logshuttle_web_cache_faults",
            "Calls that failed or had no answer in time; after each it is left alone for 5 s.",
            value=self._breaker.faults,
        )
        yield CounterMetricFamily(
            "logshuttle_web_cache_given_up",
            "Calls that had no time left in their request; if it grows, the cache is slow or far.",
            value=self._breaker.given_up,
        )
