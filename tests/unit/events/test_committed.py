"""What stands beside an offset: as it is written, and as others have written it."""

from __future__ import annotations

import confluent_kafka as kafka
import pytest

from events.kafka.committed import Committed, committed_of


@pytest.mark.parametrize(
    ("metadata", "topic_id", "installation"),
    [
        ("log1 ours", "log1", "ours"),
        (" ours", "", "ours"),
        ("log1", "log1", ""),
        ("", "", ""),
    ],
)
def test_it_says_which_log_and_whose(metadata: str, topic_id: str, installation: str) -> None:
    part = kafka.TopicPartition("gs", 0, 7, metadata=metadata)

    found = committed_of(part)

    assert found == Committed(7, topic_id, installation)
    assert found.metadata == metadata


def test_nothing_beside_it_is_nobodys() -> None:
    assert committed_of(kafka.TopicPartition("gs", 0, 7)) == Committed(7, "", "")
