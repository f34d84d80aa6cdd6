"""Entries on their way to a topic of Kafka: after the change is done, and at nobody's cost."""

from __future__ import annotations

import json
from concurrent.futures import Future
from typing import Any

import pytest
from django.db import transaction
from prometheus_client.registry import CollectorRegistry
from pytest_django import DjangoCaptureOnCommitCallbacks

from drains import services
from drains.models import Drain
from events.kafka.producer import ProduceError
from events.keys import AppKey
from events.serializers import posted_event
from logshuttle_site.audit import topic
from logshuttle_site.audit.entry_json import line_of
from logshuttle_site.audit.metrics import AuditCollector
from logshuttle_site.audit.models import Entry

URL = "https://user:secret@h.example/in"
pytestmark = pytest.mark.django_db


class FakeProducer:
    """Takes records, or does not."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.records: list[tuple[str, dict[str, Any], bytes | None]] = []

    def start(self, topic: str, value: bytes, key: bytes | None = None) -> Future[None]:
        future: Future[None] = Future()
        if self.fault:
            future.set_exception(self.fault)
        else:
            self.records.append((topic, json.loads(value), key))
            future.set_result(None)
        return future


@pytest.fixture
def producer(settings: Any, monkeypatch: pytest.MonkeyPatch) -> FakeProducer:
    settings.AUDIT_TOPIC = "ops"
    made = FakeProducer()
    monkeypatch.setattr(topic, "_producer", lambda: made)
    monkeypatch.setattr(topic, "tally", topic.Tally())
    return made


def make() -> Drain:
    return services.create_drain(AppKey("gold", "gs"), URL, begin=())


def test_a_line_is_an_event_as_anybody_may_post_it(
    producer: FakeProducer, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        make()
        assert producer.records == []

    ((space, event, key),) = producer.records
    judged = posted_event(event)
    assert (judged.space, judged.key) == (space, key) == ("ops", b"logshuttle/audit")
    assert event["log"] == line_of(Entry.objects.get()).decode()
    assert "secret" not in event["log"]


def test_what_is_undone_is_no_line(
    producer: FakeProducer, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        make()
        transaction.set_rollback(True)

    assert producer.records == []


@pytest.mark.parametrize("is_broken", [False, True])
def test_a_line_that_is_not_taken_is_counted_and_nothing_fails(
    producer: FakeProducer,
    is_broken: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    producer.fault = ProduceError("too many records wait for Kafka")
    if is_broken:
        monkeypatch.setattr(producer, "start", None)
    with django_capture_on_commit_callbacks(execute=True):
        drain = make()
        services.delete_drain(drain)

    assert Entry.objects.count() == 2
    assert topic.tally.dropped == (0 if is_broken else 2)
    if not is_broken:
        assert [record.message for record in caplog.records].count(
            "AUDIT_TOPIC: Kafka has not taken a line; the database has it:"
            " too many records wait for Kafka"
        ) == 1


def test_what_is_dropped_is_a_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = CollectorRegistry()
    registry.register(AuditCollector())
    monkeypatch.setattr("logshuttle_site.audit.metrics.tally.dropped", 3)

    assert registry.get_sample_value("logshuttle_audit_lines_dropped_total") == 3
