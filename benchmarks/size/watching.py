"""Waiting for a platform, each time with a limit, and what came to pass meanwhile."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from confluent_kafka import ConsumerGroupState, KafkaException
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.bench import say
from benchmarks.size.installation import Installation
from benchmarks.size.receivers import Heard
from tests.support.asking import get

LOOK_SECONDS = 0.5
UNDER_WAY_SECONDS = 3.0
"""A line that is not there after so long is missing."""
SETTLED_SECONDS = 4.0
"""Shares that have not changed for so long are settled."""
ANSWER_SECONDS = 10.0


def seconds_until(
    condition: Callable[[], bool], limit_seconds: float, what: str, pause: float = LOOK_SECONDS
) -> float | None:
    """None: not within the limit."""
    say(f"waiting for {what}, {limit_seconds:g} s at most")
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > limit_seconds:
            return None
        time.sleep(pause)
    return time.monotonic() - began


def asked(port: int, path: str) -> tuple[float, str | None]:
    """Seconds, and the answer; None: there was none."""
    began = time.monotonic()
    try:
        text = get(f"http://127.0.0.1:{port}{path}", timeout=ANSWER_SECONDS).text
    except httpx.HTTPError:
        return time.monotonic() - began, None
    return time.monotonic() - began, text


def drains_by_state(port: int) -> Counter[str] | None:
    """As workers say it; None: they do not answer."""
    _, text = asked(port, "/metrics")
    if text is None:
        return None
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        if family.name == "logshuttle_drains":
            for sample in family.samples:
                found[sample.labels["state"]] += int(sample.value)
    return found


def shares(installation: Installation) -> list[int]:
    """Partitions of each worker as Kafka's group has them; none while they are shared anew."""
    group = installation.shuttle.group
    try:
        asked = installation.admin.describe_consumer_groups([group], request_timeout=ANSWER_SECONDS)
        about = asked[group].result()
    except KafkaException:
        return []
    if about.state != ConsumerGroupState.STABLE:
        return []
    return sorted(len(member.assignment.topic_partitions) for member in about.members)


@dataclass(frozen=True)
class Watched:
    settled_seconds: float | None
    """Until partitions were shared among so many, and stayed so; None: not within the limit."""
    shares: list[int]
    flowing_seconds: float | None
    """Until no line older than UNDER_WAY_SECONDS was missing; None: not within the limit."""
    missing: tuple[int, int]
    """Lines that had not come at the end, and drains that lack any."""
    lines: int
    twice: int
    heard: Heard


class Watch:
    """From when it is made, for what happens then."""

    def __init__(self, installation: Installation) -> None:
        self._of = installation
        self._before = installation.receivers.take()
        self._began = time.monotonic()
        self._written = [(self._began, installation.written())]

    def until_settled(
        self, workers: int, limit_seconds: float, least_seconds: float = 0.0
    ) -> Watched:
        """Until so many workers share all partitions, and no line is missing; or for the limit."""
        say(f"watching for {limit_seconds:g} s at most until {workers} workers share partitions")
        shared: float | None = None
        flowing: float | None = None
        seconds = 0.0
        while seconds < limit_seconds:
            if not self._is_shared(workers):
                shared = None
            elif shared is None:
                shared = seconds
            if self.missing()[0]:
                flowing = None
            elif flowing is None:
                flowing = seconds
            seconds = time.monotonic() - self._began
            settled = shared is not None and seconds - shared >= SETTLED_SECONDS
            if settled and flowing is not None and seconds >= least_seconds:
                break
            time.sleep(LOOK_SECONDS)
        heard = self._of.receivers.take()
        return Watched(
            shared,
            shares(self._of),
            flowing,
            self.missing(),
            heard.lines - self._before.lines,
            heard.twice - self._before.twice,
            heard,
        )

    def missing(self) -> tuple[int, int]:
        """Lines older than UNDER_WAY_SECONDS, and drains that lack any."""
        now = time.monotonic()
        self._written.append((now, self._of.written()))
        while len(self._written) > 1 and self._written[1][0] <= now - UNDER_WAY_SECONDS:
            del self._written[0]
        return self._of.receivers.missing(self._written[0][1])

    def _is_shared(self, workers: int) -> bool:
        found = shares(self._of)
        # There may be more than in the plan: a newcomer's space.
        all_there = sum(found) >= self._of.plan.partitions
        return len(found) == workers and all_there and min(found) > 0
