"""`POST …/replay`, the admin's action beside it, and what a drain says of its start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from drains import services
from drains.errors import KafkaAwayError
from drains.models import Drain
from events.kafka.cluster import Span
from events.kafka.records import TopicPartition
from events.keys import AppKey, Key
from tests.contract.conftest import Api, is_problem

pytestmark = pytest.mark.django_db

P0, P1, P2 = (TopicPartition("gs", number) for number in range(3))
OLDEST = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = [Span(P0, "log1", 40, 100), Span(P1, "log1", 7, 9), Span(P2, "log1", 5, 5)]
PATH = "/apps/gold-gs/log-drains"


class FakeKafka:
    def __init__(self) -> None:
        self.away = False
        self.oldest: datetime | None = OLDEST
        self.asked: list[datetime] = []

    def ends_of(self, key: Key) -> list[Span]:
        self._answer()
        return [Span(P0, "log1", 90, 90)]

    def since(self, key: Key, moment: datetime) -> list[Span]:
        self._answer()
        self.asked.append(moment)
        return WINDOW

    def oldest_of(self, key: Key) -> datetime | None:
        self._answer()
        return self.oldest

    def _answer(self) -> None:
        if self.away:
            raise KafkaAwayError


@pytest.fixture(autouse=True)
def kafka(monkeypatch: pytest.MonkeyPatch) -> FakeKafka:
    fake = FakeKafka()
    monkeypatch.setattr("drains.starts.ends_of", fake.ends_of)
    monkeypatch.setattr("drains.starts.since", fake.since)
    monkeypatch.setattr("drains.starts.oldest", fake.oldest_of)
    return fake


def rows(drain_id: str) -> dict[int, tuple[int, int | None]]:
    found = Drain.objects.get(pk=drain_id).cursors.all()
    return {row.partition: (row.offset, row.resend_from) for row in found}


def test_a_drain_starts_at_the_ends_that_kafka_tells(api: Api) -> None:
    made = api.post(PATH, {"url": "syslog://h:514"}).json()

    assert made["start"] == "exact"
    assert rows(made["id"]) == {0: (90, None)}


def test_a_drain_is_made_even_while_kafka_is_away_and_says_so(api: Api, kafka: FakeKafka) -> None:
    kafka.away = True
    answer = api.post(PATH, {"url": "syslog://h:514"})

    assert answer.status_code == 201
    assert answer.json()["start"] == "approximate"
    drain = Drain.objects.get()
    assert drain.start_pending
    assert rows(answer.json()["id"]) == {}

    services.write_start(drain.pk, WINDOW)
    services.write_start(drain.pk, [Span(P0, "log1", 0, 100)])

    assert rows(answer.json()["id"]) == {0: (40, None), 1: (7, None), 2: (5, None)}
    assert api.get(f"{PATH}/{drain.pk}").json()["start"] == "approximate"


@pytest.mark.parametrize("since", ["15m", "2026-06-01T12:00:00Z", "2026-06-01T14:00:00.5+02:00"])
def test_a_window_is_written_down_for_workers(since: str, api: Api, kafka: FakeKafka) -> None:
    made = api.post(PATH, {"url": "syslog://h:514"}).json()
    answer = api.post(f"{PATH}/{made['id']}/replay", {"since": since})

    assert answer.status_code == 202, answer.content
    (asked,) = kafka.asked
    body = answer.json()
    assert body["records"] == 62
    assert abs(datetime.fromisoformat(body["since"]) - asked) < timedelta(milliseconds=1)
    if since == "15m":
        assert abs(datetime.now(UTC) - asked - timedelta(minutes=15)) < timedelta(seconds=30)
    # Its own place stays where it has one; a partition without records has nothing to send.
    assert rows(made["id"]) == {0: (90, 40), 1: (7, 7)}
    assert Drain.objects.get().cursor_version == 1
    assert api.get(f"{PATH}/{made['id']}").json()["updated_at"] == made["updated_at"]


@pytest.mark.parametrize(
    ("since", "why"),
    [
        ("2999-01-01T00:00:00Z", "lies in the future; Kafka has lines since 2026-01-01T00:00:00"),
        ("2025-12-31T23:59:59Z", "is too early; Kafka has lines since 2026-01-01T00:00:00"),
        ("99999d", "is too early"),
        ("yesterday", "is neither a time such as"),
        ("15", "is neither a time such as"),
        ("-15m", "is neither a time such as"),
        ("", "is neither a time such as"),
        ("2026-02-30T00:00:00Z", "is neither a time such as"),
        ("2026-06-01T12:00:00", "has no time zone"),
        ("999999999d", "is neither a time such as"),
        (15, "must be text"),
        (None, "must be text"),
    ],
)
def test_an_odd_window_is_refused_with_what_is_possible(since: Any, why: str, api: Api) -> None:
    made = api.post(PATH, {"url": "syslog://h:514"}).json()

    problem = is_problem(api.post(f"{PATH}/{made['id']}/replay", {"since": since}), 422)

    assert why in problem["detail"]
    assert problem["errors"][0]["field"] == "since"
    assert rows(made["id"]) == {0: (90, None)}
    assert Drain.objects.get().cursor_version == 0


def test_what_else_can_be_wrong(api: Api, kafka: FakeKafka) -> None:
    made = api.post(PATH, {"url": "syslog://h:514"}).json()
    path = f"{PATH}/{made['id']}/replay"

    assert "since" in is_problem(api.post(path, {}), 422)["detail"]
    is_problem(api.post(path), 400)
    is_problem(api.post(f"/apps/bold-gs/log-drains/{made['id']}/replay", {"since": "1m"}), 404)
    kafka.oldest = None
    assert "no lines" in is_problem(api.post(path, {"since": "1m"}), 422)["detail"]
    kafka.away = True
    is_problem(api.post(path, {"since": "1m"}), 503)
    assert "a time such as" in is_problem(api.post(path, {"since": "now"}), 422)["detail"]
    api.post(f"{PATH}/{made['id']}/pause")
    assert "paused" in is_problem(api.post(path, {"since": "1m"}), 409)["detail"]


def test_a_second_window_keeps_the_wider_one(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    made = api.post(PATH, {"url": "syslog://h:514"}).json()
    for begin in (40, 60, 20):
        span = Span(P0, "log1", begin, 100)
        monkeypatch.setattr("drains.starts.since", lambda key, moment, span=span: [span])
        api.post(f"{PATH}/{made['id']}/replay", {"since": "1m"})

    assert rows(made["id"]) == {0: (90, 20)}


def test_the_admin_asks_since_when_and_sends_again(operator: Client, kafka: FakeKafka) -> None:
    drain = services.create_drain(AppKey("gold", "gs"), "syslog://h:514")
    changelist = reverse("admin:drains_drain_changelist")
    chosen = {"action": "send_again", "_selected_action": [str(drain.pk)]}

    asked = operator.post(changelist, chosen)
    assert b'name="since" value="15m"' in asked.content
    assert b"gold-gs" in asked.content
    assert kafka.asked == []

    refused = operator.post(changelist, {**chosen, "since": "99999d"})
    assert b"Kafka has lines since 2026-01-01" in refused.content

    done = operator.post(changelist, {**chosen, "since": "15m"}, follow=True)
    assert b"1 drain: up to 62 records each are looked through again." in done.content
    assert rows(str(drain.pk)) == {0: (90, 40), 1: (7, 7)}
