"""Where the last lines begin, when they are too many to be held: only their times are."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from events.kafka.records import TopicPartition
from events.keys import AppKey
from events.lines import LogLine, Origin, Severity
from sessions_app.tail.past.backlog import Backlog
from sessions_app.tail.past.backlog_parts import Found

KEPT_BYTES = 32 * 1024 * 1024
"""Of times, counted as lines without text: more than may be asked for."""

_LINE = LogLine(Origin(AppKey("", ""), "", "app"), "", Severity.INFO, "")


class Reach(NamedTuple):
    """The last lines are those from `begins` on that it keeps."""

    begins: Mapping[TopicPartition, int]
    begins_ms: int
    """Kafka's time, in epoch milliseconds: nothing from there on is stamped earlier."""
    oldest: datetime
    left_out: int
    """Of the lines of that very time the first so many."""
    cut_by: str
    """The bound that ended it before all was found, if one did."""

    def kept(self, found: Sequence[Found]) -> Sequence[Found]:
        """Of lines by their times those that are among the last ones."""
        begin = bisect_left(found, self.oldest, key=_time)
        end = bisect_right(found, self.oldest, key=_time)
        return found[min(begin + self.left_out, end) :]


async def reach(
    backlog: Backlog, lows: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
) -> Reach | None:
    """None: there are no lines. `backlog`: one whose lines are `without_text`."""
    parts = backlog.parts(lows, ends)
    kept = await backlog.found(parts)
    if not kept:
        return None
    oldest = kept[0].time
    same = sum(each.time == oldest for part in parts.values() for each in part.found)
    shown = bisect_right(kept, oldest, key=_time)
    begins_ms = min(part.earliest_ms or 0 for part in parts.values() if part.found)
    begins = {partition: part.begin for partition, part in parts.items()}
    return Reach(begins, begins_ms, oldest, same - shown, backlog.cut_by)


def without_text(_: LogLine) -> LogLine:
    """What stands for any line that is only counted."""
    return _LINE


def _time(found: Found) -> datetime:
    return found.time
