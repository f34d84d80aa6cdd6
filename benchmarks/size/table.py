"""What was seen, printed row by row as it comes."""

from __future__ import annotations

import sys
from typing import TextIO


class Table:
    """Of Markdown: what was looked at, and what was seen."""

    def __init__(self, title: str, to: TextIO | None = None) -> None:
        self._to = to or sys.stdout
        self._write("", title)
        self._write("---", "---")

    def row(self, name: str, *seen: str) -> None:
        self._write(name, ", ".join(text for text in seen if text))

    def _write(self, name: str, seen: str) -> None:
        print(f"| {name} | {seen} |", file=self._to, flush=True)


def within(seconds: float | None, limit_seconds: float, reached: str = "") -> str:
    """A time, or that the limit passed first, with how far it had got."""
    if seconds is not None:
        return f"{seconds:.1f} s"
    return f"not within {limit_seconds:g} s" + (f": {reached}" if reached else "")


def share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
