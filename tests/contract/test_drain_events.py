"""DRAIN_EVENTS: what becomes a line of an app, once a change."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from drains import services
from drains.models import Drain
from events.kafka.producer import ProduceError
from events.keys import AppKey, SiteKey
from logshuttle_site.notifications import drain_events
from logshuttle_site.notifications.models import SaidState
from shuttle.commit.store import FeedStatus
from tests.support.reports import write_statuses


class FakeKafka:
    """Takes records, or says why not."""

    def __init__(self) -> None:
        self.records: list[tuple[str, dict[str, Any], bytes | None]] = []
        self.refusal = ""

    def start(self, topic: str, value: bytes, key: bytes | None = None) -> Future[None]:
        answer: Future[None] = Future()
        if self.refusal:
            answer.set_exception(ProduceError(self.refusal))
        else:
            self.records.append((topic, json.loads(value), key))
            answer.set_result(None)
        return answer

    def texts(self) -> list[str]:
        texts = [fields["log"] for _, fields, _ in self.records]
        self.records.clear()
        return texts


@pytest.fixture
def kafka_fake(monkeypatch: pytest.MonkeyPatch) -> FakeKafka:
    fake = FakeKafka()
    monkeypatch.setattr(drain_events, "producer", lambda: fake)
    return fake


@pytest.fixture
def drain(db: None) -> Drain:
    return services.create_drain(AppKey("gold", "gs"), "syslog://logs.example.com:514", begin=())


def say(drain: Drain, state: str, error: str = "") -> None:
    at = 1.8e9 if error else None
    write_statuses("w1", [FeedStatus(str(drain.pk), state, error, at, None, lines_sent=1)])


def post() -> None:
    found = drain_events.changes()
    drain_events.note(asyncio.run(drain_events.posted(found)))


def test_a_failure_and_a_recovery_are_posted_once_each(drain: Drain, kafka_fake: FakeKafka) -> None:
    post()
    assert kafka_fake.records == [], "it has done nothing yet"
    say(drain, "failing", 'HTTP 500: it says: "no"')
    post()
    ((topic, fields, key),) = kafka_fake.records
    assert (topic, key) == ("gs", b"logshuttle/drain")
    assert fields["kubernetes"] == {"container_name": "gold", "pod_name": "logshuttle/drain"}
    assert fields["stream"] == "stderr"
    why = '"HTTP 500: it says: \\"no\\""'
    assert kafka_fake.texts() == [f"at=drain state=failing reason={why} drain={drain.pk}"]
    say(drain, "failing", "another reason")
    post()
    assert kafka_fake.records == []
    say(drain, "live")
    post()
    post()
    assert kafka_fake.texts() == [f"at=drain state=live drain={drain.pk}"]


def test_a_drain_that_fails_for_its_own_line_writes_no_flood(
    drain: Drain, kafka_fake: FakeKafka
) -> None:
    for _ in range(10):
        say(drain, "failing", "connection reset by the receiver")
        post()
        say(drain, "live")
        post()
    assert len(kafka_fake.texts()) == 2
    say(drain, "failing", "connection reset by the receiver")
    SaidState.objects.update(at=timezone.now() - timedelta(minutes=2))
    post()
    assert len(kafka_fake.texts()) == 1, "in the end it is told how it is"


def test_what_kafka_has_not_taken_is_posted_again(drain: Drain, kafka_fake: FakeKafka) -> None:
    say(drain, "failing", "timed out")
    kafka_fake.refusal = "Kafka is away"
    post()
    assert not SaidState.objects.exists()
    kafka_fake.refusal = ""
    post()
    assert len(kafka_fake.texts()) == 1


def test_a_pause_is_no_recovery(drain: Drain, kafka_fake: FakeKafka) -> None:
    say(drain, "failing", "timed out")
    post()
    kafka_fake.records.clear()
    services.change_drain(drain, paused=True)
    say(drain, "paused")
    post()
    services.change_drain(drain, paused=False)
    say(drain, "failing", "timed out")
    post()
    assert kafka_fake.records == []
    say(drain, "live")
    post()
    assert len(kafka_fake.texts()) == 1


def test_sites_have_no_topic_and_deleted_drains_no_memory(
    drain: Drain, kafka_fake: FakeKafka
) -> None:
    url = "syslog://logs.example.com:514"
    site = services.create_drain(SiteKey("www.example.com"), url, begin=())
    say(site, "failing", "timed out")
    say(drain, "failing", "timed out")
    post()
    assert len(kafka_fake.texts()) == 1
    services.delete_drain(drain)
    SaidState.objects.update(at=timezone.now() - timedelta(minutes=2))
    post()
    post()
    assert not SaidState.objects.exists()
