"""A query only ever narrows what a session shows."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.keys import AppKey, SiteKey
from events.lines import LogLine, Origin, Severity, Source
from sessions_app.errors import InvalidSessionError
from sessions_app.filters import Filters, key_of, narrowed, owner_of
from sessions_app.tail.matching import has_text, wants
from sessions_app.tail.session import Selection

GOLD = AppKey("gold", "gs")
SOURCES: list[tuple[Source, str]] = [
    ("app", "web"),
    ("app", "worker"),
    ("router", ""),
    ("build", ""),
]
LINES = [
    LogLine(Origin(GOLD, "tag", source, process), "2026-01-31T12:00:00Z", severity, text)
    for (source, process), severity, text in product(SOURCES, Severity, ["", "Error", "an error 5"])
]
FILTERS = st.builds(
    Filters,
    st.frozensets(st.sampled_from(["app", "router", "build"])),
    st.frozensets(st.sampled_from(["web", "worker", "clock"])),
    st.frozensets(st.sampled_from(["stdout", "stderr"])),
    st.sampled_from(["", "err", "ERROR", "error 5", "nowhere"]),
)


def shown(selection: Selection) -> set[int]:
    """Which of LINES."""
    wanted = wants(selection)
    return {
        index
        for index, line in enumerate(LINES)
        if wanted(line.origin) and has_text(selection, line)
    }


@given(ours=FILTERS, theirs=FILTERS)
def test_both_have_to_let_a_line_pass(ours: Filters, theirs: Filters) -> None:
    wanted = Selection(GOLD, *ours)
    both = shown(wanted) & shown(Selection(GOLD, *theirs))

    try:
        narrower = narrowed(wanted, theirs)
    except InvalidSessionError:
        return  # they have nothing in common, or two texts
    assert narrower.key == GOLD
    assert shown(narrower) == both


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("shop-demo", {"app": "shop", "space": "demo"}),
        ("shop-my-space", {"app": "shop", "space": "my-space"}),
        ("site:www.shop.example", {"site": "www.shop.example"}),
        ("site:WWW.Shop.example.:80", {"site": "www.shop.example"}),
    ],
)
def test_people_name_an_app_or_a_site(text: str, owner: dict[str, str]) -> None:
    assert owner_of(text) == owner


@pytest.mark.parametrize("text", ["", "-", "shop", "shop-", "-demo"])
def test_what_names_neither_is_refused(text: str) -> None:
    with pytest.raises(InvalidSessionError):
        owner_of(text)


def test_a_site_counts_before_an_app() -> None:
    assert key_of("gold", "gs", "www.gold.example") == SiteKey("www.gold.example")
    assert key_of("gold", "gs", "") == GOLD
