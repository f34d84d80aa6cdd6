"""Which lines a filter lets pass, and that no pattern can cost more than it should."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drains.filters import EVERYTHING, PATTERN_CHARACTERS_MAX, LineFilter, compiled, searched
from events.keys import AppKey, SiteKey
from events.lines import LogLine, Origin, Severity, Source

GOLD = AppKey("gold", "gs")
WEB = Origin(GOLD, "web.1", "app", "web")
WORKER = Origin(GOLD, "worker.1", "app", "worker")
ROUTER = Origin(GOLD, "akkeris/router", "router")
SITE_ROUTER = Origin(SiteKey("www.gold.example"), "akkeris/router", "router")
BUILD = Origin(GOLD, "akkeris/build", "build")
EVERYWHERE = {"web": WEB, "worker": WORKER, "router": ROUTER, "build": BUILD}


def line(text: str = "text", origin: Origin = WEB, severity: Severity = Severity.INFO) -> LogLine:
    return LogLine(origin, "2026-01-02T03:04:05Z", severity, text)


def passes(wanted: LineFilter, line: LogLine) -> bool:
    test = wanted.line_test()
    asked = test is None or test(line.severity, searched(line.text))
    return wanted.wants_origin(line.origin) and asked


def origins_of(wanted: LineFilter) -> set[str]:
    return {name for name, origin in EVERYWHERE.items() if wanted.wants_origin(origin)}


def test_without_a_filter_everything_passes_and_nothing_is_asked() -> None:
    assert origins_of(EVERYTHING) == EVERYWHERE.keys()
    assert EVERYTHING.wants_origin(SITE_ROUTER)
    assert EVERYTHING.line_test() is None


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        ({"app"}, {"web", "worker"}),
        ({"router"}, {"router"}),
        ({"app", "build"}, {"web", "worker", "build"}),
    ],
)
def test_sources(sources: set[Source], names: set[str]) -> None:
    wanted = LineFilter(sources=frozenset(sources))

    assert origins_of(wanted) == names
    assert wanted.line_test() is None


def test_process_types_are_apps_alone() -> None:
    assert origins_of(LineFilter(processes=frozenset({"worker", "clock"}))) == {"worker"}


def test_a_list_of_streams_is_about_apps_alone() -> None:
    assert origins_of(LineFilter(streams=frozenset({"stdout", "stderr"}))) == {"web", "worker"}


def test_streams() -> None:
    error, info = line(severity=Severity.ERROR), line(severity=Severity.INFO)

    for stream, passing, other in (("stderr", error, info), ("stdout", info, error)):
        wanted = LineFilter(streams=frozenset({stream}))  # type: ignore[arg-type]
        assert passes(wanted, passing)
        assert not passes(wanted, other)
    assert LineFilter(streams=frozenset({"stdout", "stderr"})).line_test() is None


@pytest.mark.parametrize(
    ("include", "exclude", "text", "passing"),
    [
        ("GET", "", "GET /orders", True),
        ("GET", "", "a GET inside", True),
        ("GET", "", "get /orders", False),
        ("(?i)GET", "", "get /orders", True),
        ("^GET", "", "a GET", False),
        ("", "health", "GET /health", False),
        ("", "health", "GET /orders", True),
        ("GET", "health", "GET /health", False),
        ("GET", "health", "GET /orders", True),
        ("ü", "", "für alle", True),
        ("^.{3}$", "", "für", True),
        (r"\x00", "", "a\0b", True),
        ("b$", "", "a\nb", True),
        ("", "x", "\ud800", True),
        ("", r"\?", "\ud800", False),
    ],
)
def test_patterns(include: str, exclude: str, text: str, passing: bool) -> None:
    assert passes(LineFilter(include=include, exclude=exclude), line(text)) is passing


def test_every_part_has_to_match() -> None:
    wanted = LineFilter(frozenset({"app"}), frozenset({"web"}), frozenset({"stderr"}), "a", "b")

    assert passes(wanted, line("a", severity=Severity.ERROR))
    assert not passes(wanted, line("a b", severity=Severity.ERROR))
    assert not passes(wanted, line("c", severity=Severity.ERROR))
    assert not passes(wanted, line("a", severity=Severity.INFO))
    assert not passes(wanted, line("a", WORKER, Severity.ERROR))
    assert not passes(wanted, line("a", ROUTER))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 100_000 + "b"),
        ("(a|aa)+$", "a" * 100_000 + "b"),
        ("(.*)*x", "y" * 100_000),
        ("(a?){40}a{40}", "a" * 100_000),
    ],
)
def test_a_pattern_takes_time_linear_in_the_line(pattern: str, text: str) -> None:
    wanted = LineFilter(include=pattern)
    test = wanted.line_test()
    assert test is not None

    started = time.perf_counter()
    test(Severity.INFO, searched(text))

    assert time.perf_counter() - started < 1.0


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(a", "missing )"),
        ("[a", "missing ]"),
        ("*", "no argument for repetition operator"),
        (r"(a)\1", "invalid escape"),
        ("a(?=b)", "invalid perl operator"),
        ("a{1001}", "invalid repetition size"),
        (r"(\pL{100}){10}", "too large"),
        ("\ud800", "not a pattern"),
        ("a" * (PATTERN_CHARACTERS_MAX + 1), "longer than 1000 characters"),
    ],
)
def test_what_is_no_pattern_is_told_why(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        compiled(pattern)

    assert said in str(caught.value)
    with pytest.raises(ValueError, match=r"."):
        LineFilter(exclude=pattern).line_test()


@given(st.text(max_size=40), st.text(max_size=200))
def test_a_pattern_is_taken_or_refused_and_never_fails(pattern: str, text: str) -> None:
    try:
        test = LineFilter(include=pattern).line_test()
    except ValueError:
        return
    assert test is None or test(Severity.INFO, searched(text)) in (True, False)


@pytest.mark.parametrize("pattern", ["[ab]*a[ab]{999}c", r"\p{L}+", "(.{30}){30}"])
def test_a_pattern_whose_program_is_large_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="too large"):
        compiled(pattern)
