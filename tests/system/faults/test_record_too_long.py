"""A line that a receiver has no room for costs that line and no other."""

from __future__ import annotations

import time
from itertools import product
from typing import Literal, NamedTuple

import pytest

from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.outcome import all_arrive
from tests.support.receiver_program import Tls
from tests.support.receivers import Framing, Mode, Receiver
from tests.support.receiving import Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle
from tests.support.steady_load import SteadyLoad
from tests.support.waiting import wait_until

LIMIT_BYTES = 8192
TOO_LONG = "x" * 40_000
SMALL_BUFFER = 16 * 1024
"""Else one that has stopped reading goes unnoticed for as long as its kernel has room."""
LIVE_SECONDS = 60
TWICE = 1000
UNREAD_BYTES = 512 * 1024


Does = Literal["close", "reset", "hang"]
DOES: tuple[Does, ...] = ("close", "reset", "hang")
FRAMINGS: tuple[Framing, ...] = ("newline", "octet")


class Way(NamedTuple):
    does: Does
    secure: bool
    framing: Framing

    def __str__(self) -> str:
        return f"{self.does} {'tls' if self.secure else 'tcp'} {self.framing}"


WAYS = [Way(*way) for way in product(DOES, (False, True), FRAMINGS)]


class Drained:
    """One drain's receiver, which ends or leaves its connections over long records."""

    def __init__(
        self, way: Way, shuttle: Shuttle, app: str, receiver: Receivers, authority: Authority
    ) -> None:
        self.way, self.app, self._shuttle = way, app, shuttle
        buffer = SMALL_BUFFER if way.does == "hang" else None
        mode = Mode(record_limit=LIMIT_BYTES, over_limit=way.does, receive_buffer=buffer)
        tls = Tls(authority.server()) if way.secure else None
        self.sink: Receiver = receiver(mode, tls=tls, framing=way.framing)
        options = {"tls": {"ca": authority.pem}} if tls else {}
        made = shuttle.add_drain(app, self.sink.url, framing=way.framing, **options)
        self._id = made["id"]
        self.live_at = 0.0

    def lines(self) -> list[bytes]:
        """Without what it was told of the one that is lost."""
        return [line for line in self.sink.lines() if b" logshuttle - - - Error L10 " not in line]

    @property
    def lost(self) -> int:
        return int(self._shuttle.drain(self.app, self._id)["lines_lost"])

    def is_live_again(self) -> bool:
        shown = self._shuttle.drain(self.app, self._id)
        if not (shown["lines_lost"] and shown["state"] == "live"):
            self.live_at = 0.0
        elif not self.live_at:
            self.live_at = time.monotonic()
        return bool(self.live_at)


def all_live(drained: list[Drained]) -> bool:
    """Each is asked."""
    return sum(each.is_live_again() for each in drained) == len(drained)


def one_line_among(
    drained: list[Drained], kafka: Broker, space: str, *, lines: int, per_second: int
) -> None:
    run, half = new_run(), lines // 2
    with SteadyLoad(kafka.bootstrap, space, run, per_second=per_second, limit=lines) as load:
        wait_until(lambda: load.acknowledged >= half, half / per_second + 20, "half of them")
        kafka.produce(space, [kubernetes_event(TOO_LONG, pod="gold-p9", container="gold")])
        began = time.monotonic()
        wait_until(lambda: all_live(drained), LIVE_SECONDS, "live again")
        produced = load.stop()
    told = []
    for each in drained:
        found = all_arrive(each, run, produced)
        twice, seconds = sum(found.duplicates.values()), each.live_at - began
        print(f"{each.way!s:18}{each.lost} lost,{twice:5} twice, live after {seconds:.0f} s")
        assert each.lost == len(each.sink.lines()) - len(each.lines()) == 1
        # One that hung may have read nothing that its kernel has room for.
        told.append(twice <= (lines if each.way.does == "hang" else TWICE))
    assert all(told)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("lines", "per_second", "ways"),
    [
        pytest.param(400, 100, [WAYS[0], WAYS[7]], id="small"),
        pytest.param(4000, 100, WAYS, id="all", marks=pytest.mark.slow),
    ],
)
def test_a_line_that_is_too_long(
    lines: int,
    per_second: int,
    ways: list[Way],
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
    authority: Authority,
) -> None:
    space = kafka.create(topic(), 4)
    drained = [Drained(way, shuttle, f"gold-{space}", receiver, authority) for way in ways]
    shuttle.start_worker()
    one_line_among(drained, kafka, space, lines=lines, per_second=per_second)
