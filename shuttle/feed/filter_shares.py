"""What the filters of one owner, an app or a site, may cost of a worker's time.

RE2 is linear with a factor: a pattern may take a thousand times as long as another for the same
line. So what is spent is measured, and who has spent its share waits, with what it lacks as a gap,
until it has some again.
"""

from __future__ import annotations

from collections.abc import Callable

from drains.routes import Route
from events.keys import Key

SLOW_FILTER = "the filter takes too long"
SECONDS_A_SECOND = 0.02
"""Of CPU. Also the most that is kept of it, and so the most that may be spent at once."""
FOR_REPLAYS, FOR_COUNTS = SECONDS_A_SECOND / 2, SECONDS_A_SECOND * 3 / 4
"""Lines that are not handed over live are asked about only with more than so much left; with still
more, those that nobody takes, so that they are counted exactly. Live lines go first."""
SHARES_KEPT = 1_000
"""Above that, those of which nothing has been spent lately are forgotten."""


class FilterShare:
    """One owner's, in seconds of CPU."""

    __slots__ = ("_at", "_clock", "left", "spent")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._at = clock()
        self.left = SECONDS_A_SECOND
        """As of the last `renew`; below zero when one answer took more than there was."""
        self.spent = 0.0
        """In all."""

    def spend(self, seconds: float) -> None:
        self.left -= seconds
        self.spent += seconds

    def renew(self) -> float:
        """What is left by now."""
        now = self._clock()
        self.left = min(self.left + (now - self._at) * SECONDS_A_SECOND, SECONDS_A_SECOND)
        self._at = now
        return self.left


class FilterShares:
    """Owns the shares of those whose drains have patterns. `clock`: monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._shares: dict[Key, FilterShare] = {}
        self._most = SHARES_KEPT
        self._spent = 0.0
        """By those that are forgotten."""

    def of(self, route: Route) -> FilterShare | None:
        """Its owner's; None where there is nothing that could cost much."""
        if not route.options.filter.has_patterns:
            return None
        share = self._shares.get(route.key)
        if share is None:
            if len(self._shares) >= self._most:
                self._forget()
            share = self._shares[route.key] = FilterShare(self._clock)
        return share

    def lets_replay(self, route: Route) -> bool:
        """Whether a replay may ask its filter."""
        share = self.of(route)
        return share is None or share.renew() > FOR_REPLAYS

    @property
    def spent(self) -> float:
        """By all filters of this worker, in seconds of CPU."""
        return self._spent + sum(share.spent for share in self._shares.values())

    def _forget(self) -> None:
        idle = [key for key, of in self._shares.items() if of.renew() >= SECONDS_A_SECOND]
        self._spent += sum(self._shares.pop(key).spent for key in idle)
        self._most = max(2 * len(self._shares), SHARES_KEPT)
