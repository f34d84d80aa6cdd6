"""What is left of an owner's share, and who has one."""

from __future__ import annotations

import pytest

from drains.filters import LineFilter
from drains.routes import Route
from events.keys import AppKey
from shuttle.feed import filter_shares
from shuttle.feed.filter_shares import FOR_REPLAYS, SECONDS_A_SECOND, FilterShare, FilterShares
from tests.support.feed_bench import route_of

PATTERN = LineFilter(include="x")


class Bench:
    def __init__(self) -> None:
        self.now = 1000.0
        self.shares = FilterShares(lambda: self.now)

    def of(self, app: str) -> FilterShare:
        share = self.shares.of(route(app))
        assert share is not None
        return share


def route(app: str, wanted: LineFilter = PATTERN) -> Route:
    made = route_of(filter=wanted)
    return Route(app, AppKey(app, "gs"), made.destination, options=made.options)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_drains_of_one_owner_share_one_and_others_have_their_own(bench: Bench) -> None:
    assert bench.of("gold") is bench.of("gold") is not bench.of("lead")


@pytest.mark.parametrize("wanted", [LineFilter(), LineFilter(streams=frozenset({"stderr"}))])
def test_who_has_no_pattern_is_never_held(wanted: LineFilter, bench: Bench) -> None:
    bench.of("gold").spend(1.0)
    assert bench.shares.of(route("gold", wanted)) is None
    assert bench.shares.lets_replay(route("gold", wanted))


def test_what_is_spent_comes_back_with_time_and_no_more_is_kept(bench: Bench) -> None:
    share = bench.of("gold")
    share.spend(SECONDS_A_SECOND * 1.5)
    assert share.renew() == pytest.approx(-SECONDS_A_SECOND / 2)
    assert not bench.shares.lets_replay(route("gold"))
    bench.now += 0.9
    assert not bench.shares.lets_replay(route("gold"))
    bench.now += 0.2
    assert share.renew() > FOR_REPLAYS
    assert bench.shares.lets_replay(route("gold"))
    bench.now += 1000
    assert share.renew() == SECONDS_A_SECOND


def test_shares_that_nobody_has_spent_of_are_forgotten(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filter_shares, "SHARES_KEPT", 10)
    bench.shares = FilterShares(lambda: bench.now)
    spenders = [bench.of(f"spender{number}") for number in range(3)]
    for share in spenders:
        share.spend(SECONDS_A_SECOND)
    for number in range(8):
        bench.of(f"app{number}")
        bench.now += 0.01
    assert [bench.of(f"spender{number}") for number in range(3)] == spenders
    assert len(bench.shares._shares) == 4
    assert bench.shares.spent == pytest.approx(3 * SECONDS_A_SECOND)
    bench.now += 10
    for number in range(8):
        bench.of(f"app{number}")
    assert bench.shares.spent == pytest.approx(3 * SECONDS_A_SECOND), "also of the forgotten"
