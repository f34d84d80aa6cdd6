"""A circuit breaker: who does not serve is left alone for a while, and nobody waits long for it."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from redis import RedisError

from logshuttle_site.shared_cache.reasons import reason_of
from shuttle.commit.daemon_thread import DaemonThread

logger = logging.getLogger(__name__)

WAIT_SECONDS = 0.45
"""What a request waits for it at most, over all that it asks: with quick answers, half a second."""
REST_SECONDS = 5.0
THREADS = 4

_QUICK_SECONDS = 0.01
_LATE = "no answer in time"

_Answer = TypeVar("_Answer")


class AwayError(Exception):
    """It does not serve; its text says why."""


class Breaker:
    """One for each server and process. `prove` has to write: who only answers serves nobody.

    Calls run in threads of their own, since no limit of the driver covers all: a look-up of a name
    takes as long as it likes, and a server may send a byte at a time.
    """

    def __init__(
        self,
        prove: Callable[[], object],
        *,
        rest_seconds: float = REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prove = prove
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._calls = DaemonThread("shared-cache", THREADS)
        self._allowance = _Allowance(clock)
        self._lock = threading.Lock()
        self._fault = ""
        self._rests_until = -math.inf
        self.faults = 0
        """So far."""

    @property
    def serves(self) -> bool:
        return not self._fault

    def ask(self, call: Callable[[], _Answer]) -> _Answer:
        """Raises AwayError, and whatever else the call does that is no fault of the server."""
        if self._fault:
            self._try_again()
        return self._answer(call)

    def prove(self) -> None:
        """Raises AwayError; without asking while it is left alone."""
        if self._fault:
            self._try_again()
        else:
            self._answer(self._prove)

    def close(self) -> None:
        self._calls.shutdown()

    def _try_again(self) -> None:
        with self._lock:
            if self._clock() < self._rests_until:
                raise AwayError(self._fault)
            self._rests_until = self._clock() + self._rest_seconds  # for all but this one
        self._answer(self._prove)
        self._fault = ""
        logger.info("The cache serves again", extra={"action": "cache_back"})

    def _answer(self, call: Callable[[], _Answer]) -> _Answer:
        left = self._allowance.left()
        if left <= 0:
            self._leave_alone(_LATE)
            raise AwayError(_LATE)
        future, began = self._calls.submit(call), self._clock()
        try:
            return future.result(left)
        except (RedisError, OSError) as error:  # a TimeoutError is one
            if future.cancel():  # it has not been asked: its threads have other calls
                raise AwayError("too much is asked of it") from None
            reason = reason_of(error) if future.done() else _LATE
        finally:
            self._allowance.spend(self._clock() - began)
        self._leave_alone(reason)
        raise AwayError(reason)

    def _leave_alone(self, reason: str) -> None:
        with self._lock:
            self.faults += 1
            is_news = reason != self._fault
            self._fault = reason
            self._rests_until = self._clock() + self._rest_seconds
        if is_news:
            logger.error(
                "The cache does not serve: %s. Until it does, this process has one of its own",
                reason,
                extra={"action": "cache_away"},
            )


class _Allowance(threading.local):
    """What a thread may still wait: WAIT_SECONDS in a second. A request has a thread; what many
    share, as WebSockets do, may ask for quick answers as often as it likes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until = -math.inf
        self._left = 0.0

    def left(self) -> float:
        now = self._clock()
        if now >= self._until:
            self._until, self._left = now + 1, WAIT_SECONDS
        return self._left

    def spend(self, seconds: float) -> None:
        if seconds > _QUICK_SECONDS:
            self._left -= seconds
