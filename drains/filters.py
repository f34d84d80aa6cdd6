"""Which of an app's lines a drain wants.

Patterns are RE2's: matching takes time linear in the line. The factor is the size of the pattern's
program, so that is limited too, and so is how much of a line is searched: no owner's pattern may
slow another's lines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import re2

from events.lines import Origin, Severity, Source

Stream = Literal["stdout", "stderr"]

STREAMS: tuple[Stream, ...] = ("stdout", "stderr")
PATTERN_CHARACTERS_MAX = 1000
PROGRAM_SIZE_MAX = 250
"""Of RE2's instructions. A plain word takes one a letter."""
SEARCHED_CHARACTERS = 4096
"""A pattern is looked for in so much of a line's beginning."""

# Bytes that RE2 may use for one pattern: it refuses what would take more.
_PATTERN_MEMORY = 1 << 18
PATTERNS_KEPT = 16
"""Beside those that drains in use hold."""

LineTest = Callable[[Severity, bytes], bool]
"""Whether a line passes, by its severity and the `searched` part of its text."""


@dataclass(frozen=True, slots=True)
class LineFilter:
    """A line passes when each part that is given matches; an empty part matches everything.

    Router and build lines have neither a process type nor a stream: they match no list of them.
    """

    sources: frozenset[Source] = frozenset()
    processes: frozenset[str] = frozenset()
    streams: frozenset[Stream] = frozenset()
    include: str = ""
    """A pattern that is found somewhere in the line's text."""
    exclude: str = ""

    def wants_origin(self, origin: Origin) -> bool:
        """What can be said of all lines of an origin: decided once, not a line."""
        if self.sources and origin.source not in self.sources:
            return False
        if self.processes and origin.process not in self.processes:
            return False
        return not self.streams or origin.source == "app"

    @property
    def has_patterns(self) -> bool:
        """Whether asking it may take long."""
        return bool(self.include or self.exclude)

    def line_test(self) -> LineTest | None:
        """What is left to be asked of each line; None: nothing. Raises ValueError."""
        tests = [test for test in (self._stream_test(), *self._pattern_tests()) if test]
        if len(tests) < 2:
            return tests[0] if tests else None
        return lambda severity, text: all(test(severity, text) for test in tests)

    def _stream_test(self) -> LineTest | None:
        if not self.streams or len(self.streams) == len(STREAMS):
            return None
        wanted = Severity.ERROR if "stderr" in self.streams else Severity.INFO
        return lambda severity, _: severity == wanted

    def _pattern_tests(self) -> list[LineTest]:
        tests: list[LineTest] = []
        if self.include:
            found = compiled(self.include).search
            tests.append(lambda _, text: found(text) is not None)
        if self.exclude:
            banned = compiled(self.exclude).search
            tests.append(lambda _, text: banned(text) is None)
        return tests


EVERYTHING = LineFilter()


@lru_cache(PATTERNS_KEPT)
def compiled(pattern: str) -> re2._Regexp:
    """Raises ValueError, in a sentence for the drain's owner."""
    return compiled_anew(pattern)


def compiled_anew(pattern: str) -> re2._Regexp:
    """One that nobody else has, with all that it will remember of lines. Raises as `compiled`."""
    if len(pattern) > PATTERN_CHARACTERS_MAX:
        raise ValueError(f"longer than {PATTERN_CHARACTERS_MAX} characters")
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.never_capture = True  # where a group was found takes longer, and nobody asks
    options.log_errors = False
    try:
        made = re2._Regexp(pattern, options)  # `compile` would keep it
    except (re2.error, UnicodeEncodeError) as error:
        said = error.args[0] if error.args else "unknown"
        if isinstance(said, bytes):
            said = said.decode(errors="replace")
        raise ValueError(f"not a pattern of RE2's syntax: {said}") from None
    if made.programsize > PROGRAM_SIZE_MAX:
        raise ValueError("too large: with fewer or smaller repetitions it takes less time a line")
    return made


def searched(text: str) -> bytes:
    """So much of a line as is looked at."""
    return text[:SEARCHED_CHARACTERS].encode("utf-8", "replace")
