"""A circuit breaker: who does not serve is left alone for a while, and nobody waits long for it."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import wait
from typing import Generic, TypeVar

from redis import RedisError

from events.process.daemon_thread import DaemonThread
from logshuttle_site.shared_cache.allowance import WAIT_SECONDS, allowance_here
from logshuttle_site.shared_cache.reasons import reason_of

logger = logging.getLogger(__name__)

REST_SECONDS = 5.0
THREADS = 4
ENOUGH_SECONDS = 0.8 * WAIT_SECONDS
"""Who has been asked for so long and is silent does not serve. What takes longer because a request
had less time left, or because calls before it had all threads, is nobody's fault."""

_LATE = "no answer in time"
_BUSY = "too much is asked of it"

_Answer = TypeVar("_Answer")


class AwayError(Exception):
    """It does not serve, or not in the time there is; its text says why."""


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
        self._lock = threading.Lock()
        self._fault = ""
        self._rests_until = -math.inf
        self.faults = 0
        self.given_up = 0
        """So far: calls that had no time left, though nothing is wrong with the server."""

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
            too_little = allowance_here().left < ENOUGH_SECONDS  # to be a proof
            if too_little or self._clock() < self._rests_until:
                raise AwayError(self._fault)
            self._rests_until = self._clock() + self._rest_seconds  # for all but this one
        self._answer(self._prove)
        self._fault = ""
        logger.info("The cache serves again", extra={"action": "cache_back"})

    def _answer(self, call: Callable[[], _Answer]) -> _Answer:
        allowance = allowance_here()
        if allowance.left <= 0:
            raise self._given_up(_LATE)
        timed, began_at = _Timed(call, self._clock), self._clock()
        future = self._calls.submit(timed)
        wait([future], allowance.left)
        now = self._clock()
        allowance.spend(now - began_at)
        if future.cancel():  # it has not been asked: its threads have other calls
            raise self._given_up(_BUSY)
        if not future.done():
            if now - timed.began_at < ENOUGH_SECONDS:
                raise self._given_up(_LATE)
            raise self._left_alone(_LATE)
        try:
            return future.result()
        except (RedisError, OSError) as error:
            raise self._left_alone(reason_of(error)) from None

    def _given_up(self, why: str) -> AwayError:
        """This call alone."""
        with self._lock:
            self.given_up += 1
        return AwayError(why)

    def _left_alone(self, reason: str) -> AwayError:
        """All calls, for a while."""
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
        return AwayError(reason)


class _Timed(Generic[_Answer]):
    """A call that knows when its turn came."""

    began_at = math.inf

    def __init__(self, call: Callable[[], _Answer], clock: Callable[[], float]) -> None:
        self._call = call
        self._clock = clock

    def __call__(self) -> _Answer:
        self.began_at = self._clock()
        return self._call()
