"""Limits: how many in a window, whoever counts, and whatever lies in the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.core.cache import cache

from events import limits
from events.limits import Limit

LIMIT = Limit("of-a-test", 3, 60)


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def set_clock(seconds: float) -> None:
        monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: seconds))

    set_clock(1000.0)
    return set_clock


def test_zero_is_no_limit(at: Callable[[float], None]) -> None:
    none = Limit("none-of-a-test", 0, 60)

    assert [none.spend("a") for _ in range(5)] == [0.0] * 5
    assert none.wait("a") == 0.0


def test_so_many_pass_and_the_others_are_told_how_long(at: Callable[[float], None]) -> None:
    assert [LIMIT.spend("a") for _ in range(3)] == [0.0] * 3
    at(1020.0)

    assert LIMIT.wait("a") == 40.0
    assert LIMIT.spend("a") == 40.0
    assert (LIMIT.wait("b"), LIMIT.spend("b")) == (0.0, 0.0)


def test_a_window_begins_with_the_first_and_refusals_do_not_prolong_it(
    at: Callable[[float], None],
) -> None:
    for _ in range(50):
        LIMIT.spend("a")
    at(1060.0)

    assert LIMIT.wait("a") == 0.0
    assert [LIMIT.spend("a") for _ in range(4)] == [0.0, 0.0, 0.0, 60.0]


def test_many_at_the_same_moment_are_all_counted() -> None:
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: LIMIT.spend("a"), range(100)))

    assert told.count(0.0) == 3


@pytest.mark.parametrize("found", ["text", True, [1.5], {"a": 1}, -1, 7, 10**30, None])
def test_what_is_none_of_ours_counts_as_nothing(found: object, at: Callable[[float], None]) -> None:
    cache.set(LIMIT._key("a"), found, 60)

    assert LIMIT.wait("a") == 0.0
    assert [LIMIT.spend("a") for _ in range(4)][-1] > 0


def test_another_hosts_clock_may_differ(at: Callable[[float], None]) -> None:
    for _ in range(3):
        LIMIT.spend("a")
    at(995.0)

    assert LIMIT.wait("a") == 65.0


def test_whoever_is_counted_a_key_is_short() -> None:
    assert len(LIMIT._key("x" * 100_000)) < 100
    assert LIMIT._key("a\n b") != LIMIT._key("a b")
