"""Which patterns are too slow to be saved. Counted in answers, as a fake clock sees them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from drains import pattern_cost
from drains.errors import InvalidDrainError
from drains.filters import EVERYTHING, SEARCHED_CHARACTERS, LineFilter, compiled
from drains.options.rules import checked, refuse_slow_patterns
from drains.pattern_cost import SECONDS_MAX, TIMES_MAX, TRIES, USUAL, why_too_slow

SLOW = "(a|b)*a(a|b){230}[c0]"
USUAL_SECONDS = 0.000_006


@pytest.fixture
def cost(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str, bytes], float]], list[bytes]]:
    """Sets what a pattern takes for a line. The lines that are tried, but for the usual pattern."""

    def set_to(seconds: Callable[[str, bytes], float]) -> list[bytes]:
        now, tried = [0.0], []

        def made(pattern: str) -> Any:
            def search(line: bytes) -> None:
                now[0] += seconds(pattern, line)
                tried.extend([line] if pattern != USUAL else [])

            return SimpleNamespace(search=search)

        monkeypatch.setattr(pattern_cost, "compiled_anew", made)
        monkeypatch.setattr(pattern_cost, "thread_time", lambda: now[0])
        return tried

    return set_to


def of_letters(*letters: str, slow: float) -> Callable[[str, bytes], float]:
    """Slow for lines of just these."""

    def seconds(pattern: str, line: bytes) -> float:
        is_slow = pattern != USUAL and set(line.decode()) == set(letters)
        return slow if is_slow else USUAL_SECONDS

    return seconds


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        (SLOW, "ab"),
        (r"(\d|x)*1(\d|x){70}y", "x1"),
        ("(a?){40}a{40}", "a"),
        ("a.{75}c", "aq"),
        ("é.é", "éq"),
        (r"fö(\p{Greek}|\w)", "ab"),
        ("abcde", "abcdeq"),
        ("..", "q"),
        ("qzQZ~", "qzQZ~"),
        ("(-|_)*-[;.]", "-_"),
        (r"(\x61|\x{62})*", "ab"),
        (r"(\143|d)*", "cd"),
        (r"\.\|", ".|"),
    ],
)
def test_it_is_tried_on_lines_of_its_own_letters(pattern: str, letters: str, cost: Any) -> None:
    tried = cost(of_letters(*letters, slow=0.004))

    assert "takes 4.0 ms for a line of 4,096 characters, and may take 0.5" in why_too_slow(pattern)
    worst = [line.decode() for line in tried[-TRIES:]]
    assert {frozenset(line) for line in worst} == {frozenset(letters)}
    assert {len(line) for line in worst} == {SEARCHED_CHARACTERS}
    assert len(set(worst)) == (TRIES if len(letters) > 1 else 1), "each is another one"


def test_it_is_tried_on_its_words(cost: Any) -> None:
    tried = cost(lambda of, line: 2 if of != USUAL and b"ERRORlost" in line else USUAL_SECONDS)
    assert why_too_slow(r"ERROR.{9}lost\b")
    assert b"lost ERROR" in tried[-1]


def test_a_quick_pattern_is_asked_once_a_kind_of_line(cost: Any) -> None:
    tried = cost(lambda *_: SECONDS_MAX / 2)
    assert why_too_slow("(?i)error|timeout") == ""
    assert len(tried) == len(set(tried)) < 40


@pytest.mark.parametrize(("times", "is_slow"), [(TIMES_MAX - 1, False), (TIMES_MAX + 1, True)])
def test_on_a_slow_machine_a_usual_pattern_is_slow_too(
    times: int, is_slow: bool, cost: Any
) -> None:
    cost(lambda pattern, _: 0.001 if pattern == USUAL else 0.001 * times)
    assert bool(why_too_slow("ab")) is is_slow


def test_one_quick_answer_is_enough(cost: Any) -> None:
    """The first takes longer, and a machine may be busy."""
    answers = iter([0.2, 0.2, 0.2, 0.0004] * 100)
    cost(lambda pattern, _: USUAL_SECONDS if pattern == USUAL else next(answers))
    assert why_too_slow("ab") == ""


@pytest.mark.parametrize(
    "pattern",
    ["(?i)error|timeout", "GET /health", r"\b(4\d\d|5\d\d)\b", r"level=(error|warn)", "(a+)+$", ""],
)
def test_patterns_as_people_write_them_are_taken(pattern: str) -> None:
    assert why_too_slow(pattern) == ""


def test_a_pattern_that_needs_more_states_than_there_is_room_for_is_refused() -> None:
    """On its own letters, by a clock of CPU: a thousand times the usual one's."""
    assert "takes" in why_too_slow(SLOW)
    assert compiled(SLOW).search(b"ab" * 100) is None


def test_what_is_stored_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drains.options.rules.why_too_slow", lambda pattern: f"{pattern}: slow")
    given = checked({"filter": {"include": "a", "exclude": "b"}})

    refuse_slow_patterns(given, LineFilter(include="a", exclude="b"))
    refuse_slow_patterns(checked({"framing": "octet"}), EVERYTHING)
    for stored, faults in (
        (LineFilter(include="a"), [("filter.exclude", "b: slow")]),
        (EVERYTHING, [("filter.include", "a: slow"), ("filter.exclude", "b: slow")]),
    ):
        with pytest.raises(InvalidDrainError) as caught:
            refuse_slow_patterns(given, stored)
        assert list(caught.value.faults) == faults
