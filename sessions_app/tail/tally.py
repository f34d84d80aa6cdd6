"""How many read, and how many lines they got, in this minute and this hour. Time is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Span = Literal["minute", "hour"]
SECONDS: dict[Span, int] = {"minute": 60, "hour": 3600}
SUMS_KEPT = 10
UNWRITTEN_MAX = 120
"""Rows that wait for a database that is away."""


class SpanRow(NamedTuple):
    """What this process served in a minute or an hour that may not be over yet."""

    span: Span
    begins_at: float
    """Epoch seconds."""
    figures: Mapping[str, Any]
    """See models.TailRollup."""


@dataclass(slots=True)
class _Sums:
    open_seconds: float = 0.0
    most: int = 0
    cpu_seconds: float = 0.0
    lines: Counter[str] = field(default_factory=Counter)

    def figures(self) -> dict[str, Any]:
        return {
            "open": {"seconds": round(self.open_seconds, 3), "most": self.most},
            "lines": dict(self.lines),
            "cost": {"cpu_us": round(self.cpu_seconds * 1e6)},
        }


class Tally:
    """Owns the sums of the last minutes and hours, and what of them is not written yet. `began_at`:
    epoch seconds, as `now` is."""

    def __init__(self, began_at: float) -> None:
        self._seen_at = began_at
        self._sums: dict[tuple[Span, float], _Sums] = {}
        """The last ones: clocks go back, too."""
        self.unwritten: dict[tuple[Span, float], SpanRow] = {}

    def add(self, now: float, viewers: int, lines: Mapping[str, int], cpu_seconds: float) -> None:
        """`viewers`: since the last time. `lines`: that they got, by kind of output.
        `cpu_seconds`: what it took to tell of all this."""
        seconds, self._seen_at = max(now - self._seen_at, 0.0), now
        for span, length in SECONDS.items():
            at = span, now // length * length
            sums = self._sums.pop(at) if at in self._sums else _Sums()
            self._sums[at] = sums
            sums.open_seconds += viewers * seconds
            sums.most = max(sums.most, viewers)
            sums.cpu_seconds += cpu_seconds
            sums.lines.update(lines)
            self.unwritten[at] = SpanRow(*at, sums.figures())
        while len(self._sums) > SUMS_KEPT:
            del self._sums[next(iter(self._sums))]
        while len(self.unwritten) > UNWRITTEN_MAX:
            del self.unwritten[next(iter(self.unwritten))]

    def written(self, rows: Iterable[SpanRow]) -> None:
        """The database has these, but for what has come since."""
        for row in rows:
            if self.unwritten.get((row.span, row.begins_at)) is row:
                del self.unwritten[row.span, row.begins_at]
