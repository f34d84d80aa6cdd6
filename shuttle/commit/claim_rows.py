"""Whose partitions are, how far the group has got there, and what they have done to workers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, cast

from django.db.models import QuerySet

from drains.models import PartitionClaim
from events.kafka.records import TopicPartition
from shuttle.commit.drain_states import ROWS_AT_ONCE
from shuttle.commit.store import Claim, Tries

DEADLY_KEPT = 1000
"""Offsets a partition: older ones have left Kafka, or each of them takes a worker down anew."""

Rows = Mapping[TopicPartition, PartitionClaim]


class Before(NamedTuple):
    """What stood in the rows of logs that are still there."""

    offsets: dict[TopicPartition, int]
    deadly: dict[TopicPartition, list[int]]


class ClaimRows:
    """A group's. Call all of it in a transaction."""

    def __init__(self, group: str) -> None:
        self._group = group

    def take(
        self, claims: Mapping[TopicPartition, Claim]
    ) -> tuple[Before, dict[TopicPartition, int]]:
        """They are ours now. Returns what there was, and how many have tried, we too. To ask again
        changes nothing: the commit may have been done although nobody heard of it."""
        rows = self._locked(claims)
        before = _before(rows, claims)
        tries = {p: _tries(rows.get(p), claim) for p, claim in claims.items()}
        PartitionClaim.objects.bulk_create(
            [
                PartitionClaim(
                    group=self._group,
                    topic=partition.topic,
                    partition=partition.number,
                    token=claim.token,
                    tries=tries[partition],
                    deadly=before.deadly.get(partition),
                )
                for partition, claim in sorted(claims.items())
            ],
            batch_size=ROWS_AT_ONCE,
            update_conflicts=True,
            unique_fields=["group", "topic", "partition"],
            update_fields=["token", "tries", "deadly"],
        )
        return before, tries

    def still_held(
        self, wanted: Collection[TopicPartition], claims: Mapping[TopicPartition, Claim]
    ) -> dict[TopicPartition, PartitionClaim]:
        """The partitions whose claim is still ours, and stays so until the transaction ends."""
        return {
            partition: row
            for partition, row in self._locked(wanted).items()
            if partition in wanted and partition in claims and row.token == claims[partition].token
        }

    def _locked(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, PartitionClaim]:
        """Of all partitions of their topics. Everybody locks them in this order, and before any
        drain: names would do for an order too, but PostgreSQL sorts them otherwise than we do."""
        rows = self._of(partitions).order_by("pk").select_for_update()
        return {TopicPartition(row.topic, row.partition): row for row in rows}

    def _of(self, partitions: Collection[TopicPartition]) -> QuerySet[PartitionClaim]:
        topics = {partition.topic for partition in partitions}
        return PartitionClaim.objects.filter(group=self._group, topic__in=topics)


def set_offsets(
    rows: Rows, offsets: Mapping[TopicPartition, int], claims: Mapping[TopicPartition, Claim]
) -> None:
    """Of rows that are held."""
    changed = []
    for partition in offsets.keys() & rows.keys():
        row = rows[partition]
        row.offset, row.topic_id = offsets[partition], claims[partition].topic_id
        changed.append(row)
    _write(changed, "offset", "topic_id")


def set_tries(rows: Rows, tries: Tries) -> None:
    """Of rows that are held."""
    for row in rows.values():
        row.tries = tries
    _write(rows.values(), "tries")


def leave_out(row: PartitionClaim, offset: int) -> None:
    """Of a row that is held."""
    row.deadly = sorted({*(row.deadly or ()), offset})[-DEADLY_KEPT:]
    _write([row], "deadly")


def _write(rows: Collection[PartitionClaim], *fields: str) -> None:
    """They are there, and locked: a tenth of what `bulk_update` costs."""
    PartitionClaim.objects.bulk_create(
        rows,
        batch_size=ROWS_AT_ONCE,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=fields,
    )


def _tries(row: PartitionClaim | None, claim: Claim) -> int:
    if row is None:
        return 1
    return row.tries if row.token == claim.token else row.tries + 1


def _before(rows: Rows, claims: Mapping[TopicPartition, Claim]) -> Before:
    offsets, deadly = {}, {}
    for partition, row in _of_logs_that_are_there(rows, claims):
        if row.offset is not None:
            offsets[partition] = row.offset
        if row.deadly:
            deadly[partition] = cast(list[int], row.deadly)
    return Before(offsets, deadly)


def _of_logs_that_are_there(
    rows: Rows, claims: Mapping[TopicPartition, Claim]
) -> Iterator[tuple[TopicPartition, PartitionClaim]]:
    for partition, row in rows.items():
        claim = claims.get(partition)
        if claim and (not row.topic_id or claim.topic_id in ("", row.topic_id)):
            yield partition, row
