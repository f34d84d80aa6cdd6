"""The workers' consumer group, as the broker sees it."""

from __future__ import annotations

import time

import confluent_kafka as kafka
from confluent_kafka.admin import AdminClient

from benchmarks.traffic import PARTITIONS

GROUP = "logshuttle"

WAIT_SECONDS = 300.0


class Group:
    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap})

    def forget(self) -> None:
        """The next worker is to begin where the drains do."""
        for answer in self._admin.delete_consumer_groups([GROUP]).values():
            answer.exception()

    def wait_until_committed(self, topic: str, records: int) -> None:
        """The group is past so many records of a topic."""
        parts = [kafka.TopicPartition(topic, number) for number in range(PARTITIONS)]
        asker = kafka.Consumer({"bootstrap.servers": self._bootstrap, "group.id": GROUP})
        ends = time.monotonic() + WAIT_SECONDS
        while sum(part.offset for part in asker.committed(parts, timeout=10)) < records:
            if time.monotonic() > ends:
                raise RuntimeError("the workers do not get there")
            time.sleep(0.2)
        asker.close()
