"""One line that is longer than a receiver takes, among many that are not."""

from __future__ import annotations

import time
from operator import le
from typing import Protocol

from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.outcome import all_arrive
from tests.support.receivers import Framing
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle
from tests.support.steady_load import SteadyLoad
from tests.support.waiting import wait_until

TOO_LONG = "x" * 40_000
ONE_MORE = "one more"
"""At the end, for a receiver that shows a line only when the next one comes."""
LIVE_SECONDS = 60
TWICE = 1000


class Sink(Protocol):
    @property
    def url(self) -> str: ...

    def lines(self) -> list[bytes]: ...


class Drained:
    """One drain and its receiver, which takes the long line or has no room for it.

    One that `hangs` stops reading there: it may have read nothing that its kernel has room for.
    One that `reorders` hands its lines on by several threads. `ca` signed its certificate, if it
    has one.
    """

    def __init__(
        self,
        name: object,
        sink: Sink,
        framing: Framing,
        ca: str | None = None,
        *,
        hangs: bool = False,
        takes_all: bool = False,
        reorders: bool = False,
    ) -> None:
        self.name, self.hangs, self.takes_all, self.reorders = name, hangs, takes_all, reorders
        self._sink = sink
        self._options = {"framing": framing} | ({"tls": {"ca": ca}} if ca else {})
        self.live_at = 0.0

    def add(self, shuttle: Shuttle, app: str) -> None:
        self._shuttle, self._app = shuttle, app
        self._id = shuttle.add_drain(app, self._sink.url, **self._options)["id"]

    def lines(self) -> list[bytes]:
        """The usual ones: without the long one, what was told of it, and one more at the end."""
        extra = (TOO_LONG.encode(), ONE_MORE.encode())
        return [line for line in self._sink.lines() if not (_tells(line) or line.endswith(extra))]

    @property
    def lost(self) -> int:
        return int(self._shuttle.drain(self._app, self._id)["lines_lost"])

    @property
    def shown(self) -> bool:
        """Whether its owner sees what would help."""
        last_error = str(self._shuttle.drain(self._app, self._id)["last_error"])
        return "a line of 40," in last_error and "max_record_bytes" in last_error

    @property
    def told(self) -> int:
        return sum(map(_tells, self._sink.lines()))

    @property
    def is_over_it(self) -> bool:
        """It has the long line, or lives without."""
        if self.takes_all:
            return any(line.endswith(TOO_LONG.encode()) for line in self._sink.lines())
        return self.lost > 0

    def is_live_again(self) -> bool:
        if not (self.is_over_it and self._shuttle.drain(self._app, self._id)["state"] == "live"):
            self.live_at = 0.0
        elif not self.live_at:
            self.live_at = time.monotonic()
        return bool(self.live_at)


def one_line_among(
    lines: int, per_second: int, drained: list[Drained], shuttle: Shuttle, kafka: Broker, space: str
) -> None:
    """All are drains of one app. Prints what it cost each of them."""
    for each in drained:
        each.add(shuttle, f"gold-{space}")
    shuttle.start_worker()
    run, half = new_run(), lines // 2
    with SteadyLoad(kafka.bootstrap, space, run, per_second=per_second, limit=lines) as load:
        wait_until(lambda: load.acknowledged >= half, half / per_second + 20, "half of them")
        _produce(kafka, space, TOO_LONG)
        began = time.monotonic()
        wait_until(lambda: _all_live(drained), LIVE_SECONDS, "live again")
        produced = load.finish()
    _produce(kafka, space, ONE_MORE)
    twice = [_came_twice(each, run, produced, began) for each in drained]
    assert [each.lost for each in drained] == [int(not each.takes_all) for each in drained]
    assert [each.told for each in drained] == [each.lost for each in drained]
    assert [each.shown for each in drained] == [not each.takes_all for each in drained]
    assert all(map(le, twice, [lines if each.hangs else TWICE for each in drained]))


def _produce(kafka: Broker, space: str, text: str) -> None:
    kafka.produce(space, [kubernetes_event(text, pod="gold-p9", container="gold")])


def _all_live(drained: list[Drained]) -> bool:
    """Each is asked."""
    return sum(each.is_live_again() for each in drained) == len(drained)


def _came_twice(drained: Drained, run: str, produced: dict[int, int], began: float) -> int:
    """How many lines did."""
    found = all_arrive(drained, run, produced, in_order=not drained.reorders)
    twice, seconds = sum(found.duplicates.values()), drained.live_at - began
    said = f"{drained.lost} lost, {drained.told} told,{twice:5} twice, live after {seconds:.0f} s"
    print(f"{drained.name!s:22}{said}")
    return twice


def _tells(line: bytes) -> bool:
    return b" logshuttle " in line and b"Error L10 " in line
