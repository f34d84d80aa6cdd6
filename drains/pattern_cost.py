"""What a pattern costs at worst, measured before it is saved: RE2 is linear with a factor, which no
size of a pattern tells.

A pattern may be slow only for lines that are made for it. So it is tried on lines of its own
letters: of one, of two, of all, of its words, and of one letter that it does not name.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from time import thread_time

import re2

from drains.filters import SEARCHED_CHARACTERS, compiled_anew, searched

SECONDS_MAX, TIMES_MAX = 0.0005, 30
"""A line may take so long, or so many times what a usual pattern takes for it here and now."""
USUAL = "(?i)error|warn|fatal"
TRIES = 5
LETTERS = 6
"""Of those that a pattern has most of."""

_REPETITIONS = re.compile(r"(?<!\\x)\{\d+(,\d*)?\}")
_CLASSES = re.compile(r"\\p[A-Z]|\\p\{\^?\w*\}|\\[dDwWsS]|\[:\^?\w+:\]")
_OTHER_ESCAPES = re.compile(r"\\[a-zA-Z]")
_TOKENS = re.compile(
    r"\\x\{(?P<wide>[0-9A-Fa-f]{1,6})\}|\\x(?P<hex>[0-9A-Fa-f]{2})|\\(?P<octal>[0-7]{1,3})"
    r"|\\[a-zA-Z]|\\(?P<escaped>.)|(?P<plain>.)",
    re.DOTALL,
)
_OPERATORS = frozenset(".^$*+?()[]{}|\\")
_LAST_CHARACTER = 0xD7FF  # before the surrogates, which no line has
_WORDS = re.compile(r"[^\W_]{2,}")
_MEMBERS = {r"\d": "01", r"\s": " ", "[:digit:]": "01", "[:space:]": " "}


def why_too_slow(pattern: str) -> str:
    """In a sentence for the drain's owner; empty: it is not. Raises ValueError as `compiled`."""
    asked, usual = compiled_anew(pattern), compiled_anew(USUAL)
    for units in _alphabets(pattern):
        taken = _seconds(asked, units, enough=SECONDS_MAX)
        if taken > SECONDS_MAX and taken > TIMES_MAX * _seconds(usual, units):
            return (
                f"takes {taken * 1000:.1f} ms for a line of {SEARCHED_CHARACTERS:,} characters, and"
                f" may take {SECONDS_MAX * 1000}: with fewer or smaller repetitions it takes less"
            )
    return ""


def _seconds(pattern: re2._Regexp, units: Sequence[str], enough: float = 0.0) -> float:
    """For one line of these: the least of some tries, as the first takes more, and a machine may
    be busy. CPU, not what others take of it. `enough`: who takes so little need not be tried on."""
    least = math.inf
    for line in _lines(units):
        began = thread_time()
        pattern.search(line)
        least = min(least, thread_time() - began)
        if least <= enough:
            break
    return least


def _alphabets(pattern: str) -> Iterator[list[str]]:
    """What lines are made of."""
    plain = _REPETITIONS.sub("", pattern)
    plain = _CLASSES.sub(lambda found: _MEMBERS.get(found[0], "ab"), plain)
    of_it = Counter(_characters(plain))
    letters = [letter for letter, _ in of_it.most_common(LETTERS)]
    letters += [other for other in "qzQZ~" if other not in of_it][:1]
    yield from (list(some) for count in (2, 1) for some in combinations(letters, count))
    yield letters
    words = _WORDS.findall(_OTHER_ESCAPES.sub("", plain))
    if words:
        yield [*words[:LETTERS], " "]


def _characters(pattern: str) -> Iterator[str]:
    """Those that stand for themselves, however they are written."""
    in_class = False
    for token in _TOKENS.finditer(pattern):
        if code := token["wide"] or token["hex"]:
            yield chr(min(int(code, 16), _LAST_CHARACTER))
        elif token["octal"]:
            yield chr(int(token["octal"], 8))
        elif token["escaped"]:
            yield token["escaped"]
        elif (character := token["plain"]) is not None:
            if character == ("]" if in_class else "["):
                in_class = not in_class
            elif in_class or character not in _OPERATORS:
                yield character


def _lines(units: Sequence[str]) -> Iterator[bytes]:
    """The same for all patterns, and each another one."""
    chance = random.Random(0)  # noqa: S311
    table = [units[number % len(units)] for number in range(256)]
    for _ in range(TRIES):
        text = "".join(map(table.__getitem__, chance.randbytes(SEARCHED_CHARACTERS)))
        yield searched(text)
