from __future__ import annotations

from events.topics import SOURCE_TOPICS
from shuttle.worker.topics import GATHER_SECONDS, KEEP_UNUSED_SECONDS, Topics


def test_router_and_build_topics_are_always_subscribed() -> None:
    assert Topics().change([], now=0) == SOURCE_TOPICS


def test_the_first_topics_are_subscribed_at_once() -> None:
    assert Topics().change(["a", "b"], now=0) == SOURCE_TOPICS | {"a", "b"}


def test_later_changes_are_gathered() -> None:
    topics = Topics()
    topics.change(["a"], now=0)

    assert topics.change(["a", "b"], now=10) is None
    assert topics.change(["a", "b", "c"], now=10 + GATHER_SECONDS) == SOURCE_TOPICS | {
        "a",
        "b",
        "c",
    }
    assert topics.change(["a", "b", "c"], now=20) is None


def test_a_topic_without_drains_stays_for_an_hour() -> None:
    topics = Topics()
    topics.change(["a", "b"], now=0)
    topics.change(["a"], now=10)

    assert topics.change(["a"], now=10 + KEEP_UNUSED_SECONDS - 1) is None
    topics.change(["a"], now=10 + KEEP_UNUSED_SECONDS)
    assert topics.change(["a"], now=12 + KEEP_UNUSED_SECONDS) == SOURCE_TOPICS | {"a"}


def test_topics_that_are_no_spaces_are_never_subscribed() -> None:
    wanted = Topics().change(["a", "alamobuildlogs", "_internal", "__consumer_offsets"], now=0)

    assert wanted == SOURCE_TOPICS | {"a"}
