"""Metrics of log-ins, with a sentence on what a reader should do."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from events.process.metrics import counters_by
from logshuttle_site.login.guard import refused


class LoginCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        yield counters_by(
            "reason",
            "logshuttle_web_logins_refused",
            "Log-ins that were not looked at; when it grows somebody guesses: see who, in the log.",
            refused,
        )
