"""What has become of the lines of all feeds of a worker together, also of those that are gone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from shuttle.feed.delay_histogram import DelayHistogram


@dataclass(slots=True)
class Totals:
    lines_confirmed: Counter[str] = field(default_factory=Counter)
    """By scheme."""
    lines_lost: Counter[str] = field(default_factory=Counter)
    """By reason (loss_notices.py)."""
    lines_cut: int = 0
    delays: DelayHistogram = field(default_factory=DelayHistogram)
