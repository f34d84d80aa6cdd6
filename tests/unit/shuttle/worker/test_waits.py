"""What a worker waits for, as it is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from events.database_faults import DatabaseFault
from events.kafka.records import TopicPartition
from shuttle.worker import waits as module
from shuttle.worker.waits import Waits

STANDS = SimpleNamespace(is_away=False, fault=None)


def told(store: SimpleNamespace, *waiting: TopicPartition) -> Any:
    return Waits(cast(Any, store), waiting).told().get("waits_for")


def test_who_waits_for_nothing_says_nothing() -> None:
    assert told(STANDS) is None


def test_partitions_are_named_by_topic() -> None:
    found = told(STANDS, *(TopicPartition("b", n) for n in (3, 0, 1)), TopicPartition("a", 7))
    assert found == {"cursors_of": {"a": "7", "b": "0-1,3"}}


def test_no_more_topics_are_named_than_anybody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOPICS_SHOWN", 2)
    assert told(STANDS, *(TopicPartition(t, 0) for t in "cab")) == {
        "cursors_of": {"a": "0", "b": "0"}
    }


@pytest.mark.parametrize(
    ("fault", "says"),
    [(DatabaseFault.READ_ONLY, "it takes no writes"), (None, "it refuses what it is asked")],
)
def test_what_is_wrong_with_the_database_is_told_in_our_words(
    fault: DatabaseFault | None, says: str
) -> None:
    assert told(SimpleNamespace(is_away=True, fault=fault)) == {"database": says}
