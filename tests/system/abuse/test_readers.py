"""Crowds of readers who want as much of the past as may be read, and what others see of it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.others import LINE_P99_SECONDS, Others
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle
from tests.support.tail_crowds import crowd, other_viewers
from tests.support.tailing import event_now, open_session

CLIENTS, READERS = 4, 40
CONTROL_SECONDS, ATTACK_SECONDS = 5, 20
FILLING = 120_000


@pytest.fixture
def silent_apps(kafka: Broker, topic: TopicNames) -> tuple[str, Sequence[str]]:
    """A space where others have written much since these apps' one line."""
    space = kafka.create(topic(), partitions=1)
    apps = [f"gold{number}" for number in range(CLIENTS)]
    kafka.produce(space, [event_now("old", app) for app in apps])
    for _ in range(12):
        kafka.produce(space, [kubernetes_event("x" * 200, container="else")] * (FILLING // 12))
    return space, apps


@pytest.mark.slow
@pytest.mark.alone
def test_crowds_of_four_clients_harm_nobody(
    own_shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    silent_apps: tuple[str, Sequence[str]],
) -> None:
    busy, apps = silent_apps
    calm = kafka.create(topic(), partitions=1)
    kafka.produce(calm, [event_now("old", "other")])
    worker = own_shuttle.start_worker()
    urls = [open_session(own_shuttle, busy, app, lines=1500, tail=False) for app in apps]
    with Others(own_shuttle, kafka, [worker, own_shuttle.web]) as others:
        with others.watched() as control, other_viewers(own_shuttle, kafka, calm) as tails_control:
            time.sleep(CONTROL_SECONDS)
        with (
            crowd(urls, READERS) as answers,
            others.watched() as seen,
            other_viewers(own_shuttle, kafka, calm) as tails,
        ):
            time.sleep(ATTACK_SECONDS)
        print(f"{seen[0]}; {tails}; answers {dict(answers)}")
        print(f"without: {control[0]}; {tails_control}")
        seen[0].is_unharmed(control[0])
        others.memory_comes_back()

    assert answers.keys() == {200, 429}
    for found, without in zip(tails.p99, tails_control.p99, strict=True):
        assert found <= max(LINE_P99_SECONDS, without), f"{tails}; without {tails_control}"
    assert "Traceback" not in own_shuttle.web.output()
