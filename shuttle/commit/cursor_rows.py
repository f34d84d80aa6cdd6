"""What differs from the cursors of drains, as rows to write and rows to take away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from drains.models import DrainCursor
from events.kafka.records import TopicPartition
from shuttle.commit.drain_states import ROWS_AT_ONCE
from shuttle.commit.store import Claim, CursorChange


def rows_of(change: CursorChange, held: Mapping[TopicPartition, Claim]) -> Iterator[DrainCursor]:
    for partition, offset in change.rows.items():
        if partition in held:
            yield DrainCursor(
                drain_id=change.drain_id,
                topic=partition.topic,
                partition=partition.number,
                offset=offset,
                topic_id=held[partition].topic_id,
            )


def take_away(changes: Iterable[CursorChange], held: Collection[TopicPartition]) -> None:
    """Drains that were made or caught up together lose the same rows together."""
    alike: dict[tuple[TopicPartition, ...], list[str]] = {}
    for change in changes:
        gone = tuple(partition for partition in sorted(change.gone) if partition in held)
        alike.setdefault(gone, []).append(change.drain_id)
    for gone, drain_ids in alike.items():
        partitions: dict[str, list[int]] = {}
        for topic, number in gone:
            partitions.setdefault(topic, []).append(number)
        for start in range(0, len(drain_ids), ROWS_AT_ONCE):
            rows = DrainCursor.objects.filter(drain_id__in=drain_ids[start : start + ROWS_AT_ONCE])
            for topic, numbers in partitions.items():
                rows.filter(topic=topic, partition__in=numbers).delete()
