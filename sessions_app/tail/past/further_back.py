"""Where a look-back is gone on from, further into the past: behind all that it has not shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from events.kafka.records import Offsets, TopicPartition
from sessions_app.tail.past.backlog_parts import END_OF_TIME, Found, PartitionPast
from sessions_app.tail.tokens import Older


class FurtherBack(NamedTuple):
    ends: Offsets
    """What has not been shown lies before these."""
    older: Older


def further_back(
    parts: Mapping[TopicPartition, PartitionPast], shown: Sequence[Found]
) -> FurtherBack | None:
    """`shown`: of what was found, by their times. None: there is nothing older."""
    are_shown = set(map(id, shown))
    ends: Offsets = {}
    again = 0
    oldest = shown[0].time if shown else END_OF_TIME
    for partition, part in parts.items():
        unshown = [each.end for each in part.found if id(each) not in are_shown]
        ends[partition] = end = max([part.begin, part.dropped_end, *unshown])
        again += sum(
            each.time == oldest and each.end <= end and id(each) in are_shown for each in part.found
        )
    if all(ends[partition] <= part.low for partition, part in parts.items()):
        return None
    return FurtherBack(ends, Older(oldest, again))
