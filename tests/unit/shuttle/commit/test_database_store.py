"""The worker's store, in Django's database."""

from __future__ import annotations

import pytest
from django.utils import timezone

from drains.models import Drain, DrainStatus
from drains.services import create_drain
from events.kafka.records import TopicPartition
from events.keys import AppKey
from shuttle.commit.database_store import DatabaseStore
from shuttle.commit.status_rows import FORGOTTEN
from shuttle.commit.store import Claim, FeedStatus, Refused

pytestmark = pytest.mark.django_db

P0 = TopicPartition("gs", 0)
MINE, THEIRS = Claim("mine", "log1"), Claim("theirs", "log1")


@pytest.fixture
def drain() -> Drain:
    return create_drain(AppKey("gold", "gs"), "syslog://logs.example.com:514")


@pytest.fixture
def store() -> DatabaseStore:
    return DatabaseStore("logshuttle")


def test_groups_have_nothing_to_do_with_each_other(store: DatabaseStore) -> None:
    other = DatabaseStore("another")
    store.take_over({P0: MINE})
    other.take_over({P0: THEIRS})
    assert store.write([], {P0: 30}, {P0: MINE}) == Refused()
    assert other.write([], {P0: 40}, {P0: THEIRS}) == Refused()

    assert store.take_over({P0: MINE}).offsets == {P0: 30}
    assert other.take_over({P0: THEIRS}).offsets == {P0: 40}


def sent(drain: Drain, lines: int) -> FeedStatus:
    return FeedStatus(str(drain.pk), "live", "", None, None, lines_sent=lines, lines_cut=1)


def test_what_workers_of_long_ago_have_sent_is_kept_in_one_row(
    store: DatabaseStore, drain: Drain
) -> None:
    for worker, lines in [("first", 100), ("second", 20)]:
        store.publish(worker, [sent(drain, lines)])
        drain.statuses.filter(worker=worker).update(reported_at=timezone.now() - FORGOTTEN)
    store.publish("third", [sent(drain, 3)])
    store.publish("third", [sent(drain, 4)])

    rows = DrainStatus.objects.order_by("worker").values_list("worker", "lines_sent", "lines_cut")
    assert list(rows) == [("", 120, 2), ("third", 4, 1)]

    drain.statuses.filter(worker="third").update(reported_at=timezone.now() - FORGOTTEN)
    store.publish("fourth", [sent(drain, 1)])

    assert sum(row[1] for row in rows.all()) == 125
    assert drain.statuses.count() == 2
