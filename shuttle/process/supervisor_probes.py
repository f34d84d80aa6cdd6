"""What a supervisor answers for its workers: it asks each of them, whoever hangs or is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from events.process.metrics import ProcessCollector
from events.process.probe_client import ask, ask_readiness
from shuttle.process.merged_metrics import LABEL, merged
from shuttle.process.supervisor import Supervisor

_Answer = TypeVar("_Answer")

CHECKS_SECONDS = 3.0
"""A worker takes two to find that Kafka is away."""
METRICS_SECONDS = 8.0
"""A worker with much to do is late rather than left out; Prometheus gives up after ten."""

_SUPERVISOR = "supervisor"
"""Stands as the worker's number where it speaks of its own process."""

_OF_ANY = "assignment"
"""With fewer partitions than workers some have none, and need none."""


class WorkersAnswers:
    """What all workers of a supervisor answer together (see events.process.probes.Answers)."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._own = CollectorRegistry()
        self._own.register(_SupervisorCollector(supervisor))
        self._process = CollectorRegistry()
        self._process.register(ProcessCollector())

    async def readiness(self) -> tuple[bool, Mapping[str, Any]]:
        """Ready when every worker is; `workers` has each one's checks, null for no answer, and
        `waits_for` what each waits for that waits for anything."""
        told = await self._ask_all(ask_readiness, CHECKS_SECONDS)
        workers = {name: one and one["checks"] for name, one in told.items()}
        waits = {name: one["waits_for"] for name, one in told.items() if one and "waits_for" in one}
        checks = _together(workers)
        body = {"checks": checks, "workers": workers}
        return all(checks.values()), body | ({"waits_for": waits} if waits else {})

    async def metrics(self) -> bytes:
        """Metrics of the workers that answer in time, with the label `worker`, and our own."""
        answers = await self._ask_all(partial(ask, "/metrics"), METRICS_SECONDS)
        texts = {_SUPERVISOR: generate_latest(self._process).decode()}
        texts |= {name: body.decode() for name, body in answers.items() if body is not None}
        return generate_latest(self._own) + merged(texts).encode()

    async def _ask_all(
        self, question: Callable[[str, float], Awaitable[_Answer]], limit_seconds: float
    ) -> dict[str, _Answer]:
        places = self._supervisor.places
        asked = (question(place, limit_seconds) for place in places.values())
        return dict(zip(places, await asyncio.gather(*asked), strict=True))


class _SupervisorCollector(Collector):
    def __init__(self, supervisor: Supervisor) -> None:
        self._workers = supervisor.workers

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "logshuttle_workers",
            "Worker processes that run; below --workers for long means one cannot start.",
            value=sum(worker.pid is not None for worker in self._workers.values()),
        )
        restarts = CounterMetricFamily(
            "logshuttle_worker_restarts",
            "Workers started again after they ended; any growth is worth a look at the log.",
            labels=[LABEL],
        )
        for name, worker in self._workers.items():
            restarts.add_metric([name], worker.restarts)
        yield restarts


def _together(workers: Mapping[str, Mapping[str, bool] | None]) -> dict[str, bool]:
    known = [checks for checks in workers.values() if checks is not None]
    names = dict.fromkeys(name for checks in known for name in checks)
    return {"workers": len(known) == len(workers)} | {
        name: (any if name == _OF_ANY else all)(checks.get(name, False) for checks in known)
        for name in names
    }
