"""Receivers that people run, as they come: what a line costs that they have no room for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.kafka import TopicNames
from tests.support.real_receivers import Built, Connections, Spring, Telegraf
from tests.support.receivers import Framing
from tests.support.shuttle import Shuttle
from tests.support.too_long import Drained, one_line_among

FIRST_BUILD_SECONDS = 900
LINES, PER_SECOND = 4000, 100
FRAMINGS: tuple[Framing, ...] = ("octet", "newline")
CONNECTIONS: tuple[Connections, ...] = ("net", "tls", "nio")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(FIRST_BUILD_SECONDS)]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(tmp_path_factory.mktemp("built"))


@pytest.fixture
def running() -> Iterator[ExitStack]:
    """Receivers that end with the test."""
    with ExitStack() as stack:
        yield stack


def test_telegraf(
    built: Built,
    running: ExitStack,
    authority: Authority,
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    tmp_path: Path,
) -> None:
    """With counted octets it stops reading; where newlines end lines it takes any length."""
    drains = []
    for secure, framing in product((False, True), FRAMINGS):
        name = f"telegraf {'tls' if secure else 'tcp'} {framing}"
        certificate, ca = (authority.server(), authority.pem) if secure else (None, None)
        sink = Telegraf(tmp_path / name, built.telegraf, framing, certificate)
        running.enter_context(sink)
        hangs = framing == "octet"
        drains.append(Drained(name, sink, framing, ca, hangs=hangs, takes_all=not hangs))
    one_line_among(LINES, PER_SECOND, drains, shuttle, kafka, kafka.create(topic(), 4))


def test_spring(
    built: Built,
    running: ExitStack,
    authority: Authority,
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    tmp_path: Path,
) -> None:
    """It closes where newlines end lines; with counted octets it takes any length."""
    drains = []
    for connections, framing in product(CONNECTIONS, FRAMINGS):
        name = f"spring {connections} {framing}"
        secure = connections == "tls"
        certificate, ca = (authority.server(), authority.pem) if secure else (None, None)
        sink = Spring(tmp_path / name, built.spring, connections, certificate)
        running.enter_context(sink)
        takes_all, reorders = framing == "octet", connections == "nio"
        drains.append(Drained(name, sink, framing, ca, takes_all=takes_all, reorders=reorders))
    one_line_among(LINES, PER_SECOND, drains, shuttle, kafka, kafka.create(topic(), 4))
