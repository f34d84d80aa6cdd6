"""Members that nobody knows are named, with the nearest that somebody does."""

from __future__ import annotations

import time

import pytest

from events.members import unknown_members

KNOWN = ("url", "name", "paused", "framing", "filter", "headers")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("filters", "filter"),
        ("Filter", "filter"),
        ("fitler", "filter"),
        ("pause", "paused"),
        ("URL", "url"),
        ("header", "headers"),
        ("fra", "framing"),
    ],
)
def test_the_nearest_is_told(name: str, meant: str) -> None:
    assert unknown_members([name, "url"], KNOWN) == {name: f"is not known: did you mean {meant}?"}


def test_all_are_told_where_none_is_near() -> None:
    (why, *same) = unknown_members(["zzz", "", "destination"], KNOWN).values()

    assert why == "is not known: url, name, paused, framing, filter, headers are"
    assert set(same) == {why}


def test_known_ones_are_no_fault() -> None:
    assert unknown_members(KNOWN, KNOWN) == {}


def test_a_body_that_is_made_of_them_costs_little() -> None:
    began = time.process_time()
    many = unknown_members((f"filter{number}" for number in range(60_000)), KNOWN)
    long = unknown_members(["f" * 256 * 1024], KNOWN)

    assert time.process_time() - began < 1
    assert len(many) == 10
    assert all(len(name) <= 60 for name in (*many, *long))
