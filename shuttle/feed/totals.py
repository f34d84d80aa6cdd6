"""What has become of the lines of all feeds of a worker together, also of those that are gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shuttle.feed.delay_histogram import DelayHistogram


@dataclass(slots=True)
class Totals:
    lines_confirmed: Counter[str] = field(default_factory=Counter)
    """By scheme."""
    lines_lost: Counter[str] = field(default_factory=Counter)
    """By reason (loss_notices.py)."""
    lines_cut: int = 0
    receiver_floods: int = 0
    """Connections, and dials, that ended of what the receiver had to say."""
    filters_too_slow: int = 0
    """How often the live pass has gone on without a drain for its filter's sake."""
    delays: DelayHistogram = field(default_factory=DelayHistogram)
    _went_out: dict[str, list[int]] = field(default_factory=dict)

    def went_out(self, drain_id: str, lines: int, size: int) -> None:
        """A write of so many bytes, also one of lines that are sent again."""
        found = self._went_out.get(drain_id)
        if found is None:
            self._went_out[drain_id] = [lines, size]
        else:
            found[0] += lines
            found[1] += size

    def take_went_out(self) -> Mapping[str, Sequence[int]]:
        """Lines and bytes since the last call, of drains that were sent any."""
        taken, self._went_out = self._went_out, {}
        return taken
