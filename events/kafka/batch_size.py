"""How many records make a batch: more cost less each, but hold up everything else for longer."""

from __future__ import annotations

RECORDS_MIN, RECORDS_MAX = 250, 2000
WORK_SECONDS = 0.005
"""How long one batch may keep the event loop."""


class BatchSize:
    def __init__(self) -> None:
        self.records = 1000

    def worked_on(self, records: int, seconds: float) -> None:
        """How long a batch took; only full ones tell something."""
        if records >= self.records:
            if seconds > WORK_SECONDS:
                self.records = max(self.records // 2, RECORDS_MIN)
            elif seconds < WORK_SECONDS / 2:
                self.records = min(self.records * 2, RECORDS_MAX)
