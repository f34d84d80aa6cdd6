"""Ports of the demo that are another's: asked for, refused; by default, moved."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from logshuttle_site.demo import ports
from logshuttle_site.demo.ports import RECEIVERS, PortsTakenError, choose_ports
from tests.support.ports import free_port

NOTHING = {"web": None, "metrics": None, "kafka": None, "tcp": None}


@pytest.fixture
def taken() -> Iterator[list[int]]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
            each.listen()
        yield [each.getsockname()[1] for each in sockets]


def test_all_that_were_asked_for_are_refused_at_once(taken: list[int]) -> None:
    with pytest.raises(PortsTakenError) as refused:
        choose_ports({**NOTHING, "web": taken[0], "kafka": taken[1]})
    assert str(refused.value).splitlines() == [
        f"port {taken[0]} is taken: choose another with --port or PORT",
        f"port {taken[1]} is taken: choose another with --kafka-port",
    ]


def test_a_default_that_is_taken_moves_and_says_so(
    taken: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = {**ports._DEFAULTS, "web": (taken[0], "--port or PORT")}
    monkeypatch.setattr(ports, "_DEFAULTS", defaults)
    chosen = choose_ports({**NOTHING, "metrics": free_port()})
    assert chosen.web != taken[0]
    assert f"port {taken[0]} is taken, so {chosen.web} it is (--port or PORT)" in chosen.moved


def test_over_udp_only_the_receiver_is_in_the_way() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", port := free_port()))
        assert choose_ports({**NOTHING, "web": port}).web == port
        with pytest.raises(PortsTakenError, match="--receiver-port"):
            choose_ports({**NOTHING, "tcp": port})


def test_no_two_are_the_same() -> None:
    chosen = choose_ports({**NOTHING, "tcp": free_port()})
    numbers = [chosen.web, chosen.metrics, chosen.kafka, *chosen.receivers.values()]
    assert len(set(numbers)) == 3 + len(RECEIVERS)
