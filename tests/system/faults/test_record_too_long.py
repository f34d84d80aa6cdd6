"""A line that a receiver has no room for costs that line and no other."""

from __future__ import annotations

from itertools import product
from typing import Literal, NamedTuple

import pytest

from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.kafka import TopicNames
from tests.support.receiver_program import Tls
from tests.support.receivers import Framing, Mode
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle
from tests.support.too_long import Drained, one_line_among

LIMIT_BYTES = 8192
SMALL_BUFFER = 16 * 1024
"""Else one that has stopped reading goes unnoticed for as long as its kernel has room."""

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


def drained(way: Way, receiver: Receivers, authority: Authority) -> Drained:
    """Its receiver ends or leaves its connections over long records."""
    hangs = way.does == "hang"
    buffer = SMALL_BUFFER if hangs else None
    mode = Mode(record_limit=LIMIT_BYTES, over_limit=way.does, receive_buffer=buffer)
    tls, ca = (Tls(authority.server()), authority.pem) if way.secure else (None, None)
    sink = receiver(mode, tls=tls, framing=way.framing)
    return Drained(way, sink, way.framing, ca, hangs=hangs)


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
    drains = [drained(way, receiver, authority) for way in ways]
    one_line_among(lines, per_second, drains, shuttle, kafka, kafka.create(topic(), 4))
