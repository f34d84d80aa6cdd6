"""Which lines a session shows."""

from __future__ import annotations

from typing import Any

import pytest

from events.keys import AppKey, Key, SiteKey
from events.lines import LogLine, Origin, Severity
from sessions_app.tail.matching import has_text, wants
from sessions_app.tail.session import Selection

GOLD = AppKey("gold", "gs")
WEB = Origin(GOLD, "web.1", "app", "web")
WORKER = Origin(GOLD, "worker.1", "app", "worker")
ROUTER = Origin(GOLD, "akkeris/router", "router")
BUILD = Origin(GOLD, "akkeris/build", "build")
ALL = {WEB, WORKER, ROUTER, BUILD}


def chosen(**filters: Any) -> set[Origin]:
    values = {
        name: value if isinstance(value, str) else frozenset(value)
        for name, value in filters.items()
    }
    return set(filter(wants(Selection(GOLD, **values)), ALL))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ALL),
        ({"sources": {"app"}}, {WEB, WORKER}),
        ({"sources": {"router", "build"}}, {ROUTER, BUILD}),
        ({"processes": {"worker"}}, {WORKER}),
        ({"processes": {"worker"}, "sources": {"router"}}, set()),
        ({"streams": {"stdout"}}, {WEB, WORKER}),
        ({"text": "nowhere"}, ALL),
    ],
)
def test_an_origin_passes_every_filter_that_is_given(
    filters: dict[str, Any], expected: set[Origin]
) -> None:
    assert chosen(**filters) == expected


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (AppKey("ab", "c"), AppKey("a", "bc")),
        (AppKey("a", "b-c"), AppKey("a-b", "c")),
        (AppKey("gold", "gs"), AppKey("gold2", "gs")),
        (AppKey("gold", "gs"), AppKey("gold", "gs2")),
        (AppKey("gold", "gs"), SiteKey("gold-gs")),
        (SiteKey("a.example"), SiteKey("b.a.example")),
    ],
)
def test_nothing_of_anybody_else_is_shown(ours: Key, theirs: Key) -> None:
    assert wants(Selection(ours))(Origin(ours, "t", "router"))
    assert not wants(Selection(ours))(Origin(theirs, "t", "router"))
    assert not wants(Selection(theirs))(Origin(ours, "t", "router"))


@pytest.mark.parametrize(
    ("text", "needle", "found"),
    [
        ("GET /path", "", True),
        ("GET /path", "get /P", True),
        ("STRASSE", "straße", True),
        ("GET /path", "post", False),
        ("", "x", False),
    ],
)
def test_text_is_found_in_any_case(text: str, needle: str, found: bool) -> None:
    line = LogLine(WEB, "2026-01-31T12:00:00Z", Severity.INFO, text)

    assert has_text(Selection(GOLD, text=needle), line) is found


@pytest.mark.parametrize(
    ("origin", "severity", "streams", "shown"),
    [
        (WEB, Severity.ERROR, {"stderr"}, True),
        (WEB, Severity.ERROR, {"stdout"}, False),
        (WEB, Severity.INFO, {"stdout"}, True),
        (WEB, Severity.INFO, {"stdout", "stderr"}, True),
        (WEB, Severity.INFO, set(), True),
        (ROUTER, Severity.INFO, {"stdout", "stderr"}, False),
        (ROUTER, Severity.INFO, set(), True),
    ],
)
def test_a_stream_is_that_of_an_apps_line(
    origin: Origin, severity: Severity, streams: set[str], shown: bool
) -> None:
    line = LogLine(origin, "2026-01-31T12:00:00Z", severity, "text")

    assert has_text(Selection(GOLD, streams=frozenset(streams)), line) is shown
