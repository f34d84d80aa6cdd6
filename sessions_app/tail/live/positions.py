"""Where each partition stands that is read, found by topic: whoever reads some topics must not be
held up by how many others are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping

from events.kafka.records import Offsets, TopicPartition


class Positions(MutableMapping[TopicPartition, int]):
    """Partition → the next offset of it."""

    def __init__(self) -> None:
        self._of_topic: dict[str, Offsets] = {}

    def of(self, topics: Iterable[str]) -> Offsets:
        """Those of these topics, as they are now."""
        found: Offsets = {}
        for topic in topics:
            found.update(self._of_topic.get(topic, {}))
        return found

    def __getitem__(self, partition: TopicPartition) -> int:
        return self._of_topic[partition.topic][partition]

    def __setitem__(self, partition: TopicPartition, at: int) -> None:
        self._of_topic.setdefault(partition.topic, {})[partition] = at

    def __delitem__(self, partition: TopicPartition) -> None:
        parts = self._of_topic[partition.topic]
        del parts[partition]
        if not parts:
            del self._of_topic[partition.topic]

    def __iter__(self) -> Iterator[TopicPartition]:
        for parts in self._of_topic.values():
            yield from parts

    def __len__(self) -> int:
        return sum(map(len, self._of_topic.values()))
