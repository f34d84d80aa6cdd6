"""What is heard of brokers that cannot be used, and what is said of it: once, then twice a minute,
and once when it is over.

Clients try again up to ten times a second, several of a process at a time, and each says why. What
counts is whether Kafka answers: who watches it (events/kafka/watch.py) says so, and then it is said
here which brokers are complained of.
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from threading import Lock
from typing import NamedTuple

from events.kafka.reasons import BrokerFault, Complaint

logger = logging.getLogger(__name__)

REPEAT_SECONDS = 30.0
SPAN_SECONDS, SAID_MAX = 40.0, 3
"""What has become another trouble is said unless so much was said in that time."""
FRESH_SECONDS = 5.0
"""What is not said again for so long, of a broker that refuses at once, is over."""
FRESH_SLOW_SECONDS = 40.0
"""The same of one that makes us wait: a connection may take 30 s, and the next one waits too."""
SILENT_SECONDS = 10.0
"""An answer that is late is no trouble yet, as long as nobody complains."""
_NAMED_MAX = 6


class Reason(NamedTuple):
    """Two sentences, without their full stops."""

    said: str
    """Of which brokers, and what."""
    do: str

    def __str__(self) -> str:
        return f"{self.said}. {self.do}."


class Complaints:
    """Owns what was heard last of each broker, and what was said when. Called by any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._heard: dict[str, tuple[Complaint, float]] = {}
        self._first: frozenset[str] = frozenset()
        self._unanswered_since: float | None = None
        self._said_at = -math.inf
        self._said: frozenset[tuple[str, BrokerFault]] = frozenset()
        self._said_lately: deque[float] = deque(maxlen=SAID_MAX)
        """When."""
        self._trouble_since: float | None = None
        self._is_told = False

    @property
    def unusable_seconds(self) -> float:
        """For how long no broker could be used; 0 while one can."""
        since = self._trouble_since
        return 0.0 if since is None else self._clock() - since

    def hear(self, complaint: Complaint) -> None:
        with self._lock:
            before, _ = self._heard.get(complaint.broker, (complaint, 0.0))
            if before.fault is complaint.fault and len(before.why) > len(complaint.why):
                complaint = before  # of several words for one thing those that say most
            self._heard[complaint.broker] = complaint, self._clock()

    def usable(self, brokers: Collection[str]) -> bool:
        """Whether there is one among these, which another has named, that nobody complains of."""
        with self._lock:
            return self._usable(brokers, self._fresh(self._clock()))

    def judge(self, first: Collection[str], brokers: Collection[str]) -> None:
        """Kafka has been asked, and has named these brokers; none: it has not answered. `first`:
        those that we were told to begin with. Says what is to be said."""
        with self._lock:
            now = self._clock()
            if brokers:
                if self._unanswered_since is not None:  # what took long to fail before is over
                    self._heard = {b: one for b, one in self._heard.items() if not one[0].is_slow}
                self._unanswered_since = None
            elif self._unanswered_since is None:
                self._unanswered_since = now
            self._first = frozenset(first)
            fresh = self._fresh(now)
            if self._usable(brokers, fresh):
                self._answered(first, now)
            elif brokers or fresh or not self._is_waiting(now):
                self._unusable(first, fresh, now)

    def reasons(self, first: Collection[str], waited_seconds: float) -> list[Reason]:
        """Why there was no answer for so long, by all that was heard."""
        with self._lock:
            found = _reasons(first, [complaint for complaint, _ in self._heard.values()])
        return found or [_silence(first, waited_seconds)]

    def heard_of(self, broker: str) -> bool:
        with self._lock:
            return broker in self._heard

    def _fresh(self, now: float) -> dict[str, Complaint]:
        """What holds now, by broker."""
        return {
            broker: complaint
            for broker, (complaint, at) in self._heard.items()
            if now - at < (FRESH_SLOW_SECONDS if complaint.is_slow else FRESH_SECONDS)
        }

    def _usable(self, brokers: Collection[str], fresh: dict[str, Complaint]) -> bool:
        """Where those are that we were told of, one has answered: what took long to fail before is
        over. It cannot be told which one."""
        refusing = {
            broker
            for broker, one in fresh.items()
            if not one.is_parting and not (one.is_slow and broker in self._first)
        }
        return not refusing >= set(brokers)

    def _is_waiting(self, now: float) -> bool:
        since = self._unanswered_since
        return self._trouble_since is None and since is not None and now - since < SILENT_SECONDS

    def _unusable(self, first: Collection[str], fresh: dict[str, Complaint], now: float) -> None:
        if self._trouble_since is None:
            self._trouble_since = now
        if self._is_due(fresh, now):
            self._is_told = True
            since = [one for one, at in self._heard.values() if at >= self._trouble_since]
            waited = now - (self._unanswered_since or now)
            why = _reasons(first, fresh.values() or since) or [_silence(first, waited)]
            logger.warning(
                "Kafka cannot be used. %s", " ".join(map(str, why)), extra={"action": "kafka_away"}
            )

    def _answered(self, first: Collection[str], now: float) -> None:
        if self._trouble_since is not None and self._is_told:
            logger.warning(
                "Kafka can be used again, after %.0f s",
                now - self._trouble_since,
                extra={"action": "kafka_back"},
            )
            self._said = frozenset()
            self._heard.clear()
        self._trouble_since, self._is_told = None, False
        some = {
            broker: one
            for broker, (one, at) in self._heard.items()
            if broker and not one.is_parting and now - at < FRESH_SECONDS
        }
        if some and self._is_due(some, now):
            why = " ".join(map(str, _reasons(first, some.values())))
            logger.warning(
                "Kafka answers, but not all of its brokers. %s", why, extra={"action": "kafka_part"}
            )

    def _is_due(self, fresh: dict[str, Complaint], now: float) -> bool:
        about = frozenset((complaint.broker, complaint.fault) for complaint in fresh.values())
        if now - self._said_at < REPEAT_SECONDS:
            lately = self._said_lately
            is_full = len(lately) == SAID_MAX and now - lately[0] < SPAN_SECONDS
            if about <= self._said or is_full:
                return False
            about |= self._said
        self._said_at, self._said = now, about
        self._said_lately.append(now)
        return True


def _reasons(first: Collection[str], complaints: Iterable[Complaint]) -> list[Reason]:
    """Brokers of which the same is said, in one."""
    alike: dict[tuple[str, BrokerFault, bool], list[str]] = {}
    for one in sorted(complaints, key=lambda complaint: complaint.broker):
        announced = bool(one.broker) and one.broker not in first
        alike.setdefault((one.why, one.fault, announced), []).append(one.broker)
    return [
        Reason(f"{_named(brokers, announced=announced)}{why}", _to_do(fault, announced=announced))
        for (why, fault, announced), brokers in alike.items()
    ]


def _named(brokers: list[str], *, announced: bool) -> str:
    if not any(brokers):
        return ""
    more = f" and {len(brokers) - _NAMED_MAX} more" if len(brokers) > _NAMED_MAX else ""
    so = ", which is how a broker announces itself" if announced else ""
    return f"{', '.join(brokers[:_NAMED_MAX])}{more}{so}: "


def _to_do(fault: BrokerFault, *, announced: bool) -> str:
    if fault not in (BrokerFault.NAME, BrokerFault.UNREACHABLE):
        return str(fault.value)
    at = "its advertised.listeners" if announced else "KAFKA_HOSTS"
    return f"{fault.value}; else correct {at}"


def _silence(first: Collection[str], waited_seconds: float) -> Reason:
    told = f"{_named(sorted(first), announced=False)}no answer for {waited_seconds:.0f} s"
    return Reason(told, BrokerFault.SILENT.value)
