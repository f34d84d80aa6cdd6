"""DRAIN_EVENTS: what becomes a line of an app, once a change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from drains import services
from drains.models import Drain
from events.database_trouble import Troubles
from events.kafka.producer import ProduceError
from events.keys import AppKey, SiteKey
from logshuttle_site.notifications import drain_events, notifier
from logshuttle_site.notifications.drain_events import StateChange
from logshuttle_site.notifications.models import SaidState
from shuttle.commit.store import FeedStatus
from tests.support.driver_error import driver_error
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


async def test_what_kafka_has_taken_is_not_posted_again_while_it_cannot_be_written_down(
    kafka_fake: FakeKafka, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    change = StateChange(UUID(int=1), "gold", "gs", "failing", "refused", timezone.now())
    said, takes_writes = list[StateChange](), False

    def note(done: list[StateChange]) -> None:
        if not takes_writes:
            raise driver_error("53100")
        said.extend(done)

    async def ask(question: Callable[[], Any]) -> Any:
        return question()

    monkeypatch.setattr(drain_events, "changes", lambda: [] if change in said else [change])
    monkeypatch.setattr(drain_events, "note", note)
    monkeypatch.setattr(notifier, "troubles", Troubles())
    told = notifier.Notifier()
    monkeypatch.setattr(told, "_ask", ask)
    for _ in range(3):
        await told._post()
    assert len(kafka_fake.records) == 1
    assert [line for line in caplog.messages if "no room left" in line] == caplog.messages
    assert len(caplog.messages) == 1

    takes_writes = True
    await told._post()
    await told._post()
    assert said == [change]
    assert len(kafka_fake.records) == 1
