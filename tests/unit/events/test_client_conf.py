"""What librdkafka is told."""

from __future__ import annotations

import pytest

from events.kafka.client import consumer_conf


@pytest.mark.parametrize(("topics", "seconds"), [(0, 6.0), (23, 6.0), (500, 7.0), (2000, 22.0)])
def test_who_assigns_many_topics_may_be_silent_for_longer(topics: int, seconds: float) -> None:
    session_ms = int(consumer_conf({}, "group", topics)["session.timeout.ms"])
    assert session_ms / 1000 == pytest.approx(seconds, abs=0.01)


def test_operators_have_the_last_word_on_the_session() -> None:
    given = {"session.timeout.ms": "45000"}
    assert consumer_conf(given, "group", 2000)["session.timeout.ms"] == "45000"
