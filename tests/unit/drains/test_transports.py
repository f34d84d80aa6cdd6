"""The table of transports, and that nothing it names is missing elsewhere."""

from __future__ import annotations

import pytest

from drains.delivery.build import _OPENERS
from drains.delivery.trial import _SENT
from drains.destination import Destination
from drains.transports import SCHEMES, UDP, Transport
from tests.support.sender_bench import route_to

ROWS = set(SCHEMES.values())


def test_each_row_can_be_connected_and_tried() -> None:
    assert _OPENERS.keys() == ROWS
    assert _SENT.keys() == {row.confirmed_by for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.scheme)
def test_a_row_is_found_again_by_its_own_name(row: Transport) -> None:
    assert Destination(row.scheme, "logs.example", 514).transport is row


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_second_socket_is_opened_only_where_one_connects(scheme: str) -> None:
    route = route_to(f"{scheme}://logs.example:514", connections=4)
    assert route.connections == (1 if SCHEMES[scheme] is UDP else 4)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_over_udp_a_drain_is_never_far_behind(scheme: str) -> None:
    url = f"{scheme}://logs.example:514"
    assert route_to(url).max_lag_seconds == (60 if SCHEMES[scheme] is UDP else 24 * 3600)
    assert route_to(url, max_lag_seconds=10).max_lag_seconds == 10
