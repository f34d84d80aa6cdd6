"""What workers leave that are gone: it is put right, by whoever is there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from drains.models import Drain, DrainStatus, Heartbeat
from drains.rates import QUARTERS, Tally, rates_of
from drains.services import create_drain
from drains.status_models import FRESH
from events.keys import AppKey
from shuttle.commit import past_rows
from shuttle.commit.database_store import DatabaseStore
from shuttle.commit.past_rows import FORGOTTEN, PATIENCE
from shuttle.commit.store import FeedStatus
from tests.support.reports import alive, dead, write_statuses

pytestmark = pytest.mark.django_db
LONG = FRESH + PATIENCE + timedelta(seconds=1)


@pytest.fixture
def store() -> DatabaseStore:
    return DatabaseStore("logshuttle")


@pytest.fixture
def drains() -> list[Drain]:
    made = [create_drain(AppKey("gold", "gs"), f"syslog://h:{1514 + n}") for n in range(5)]
    return sorted(made, key=lambda drain: drain.pk)


def said(drain: Drain, state: str = "live", lines: int = 1) -> FeedStatus:
    return FeedStatus(str(drain.pk), state, "", None, None, lines_sent=lines, lines_cut=1)


def states() -> list[str]:
    return list(Drain.objects.order_by("pk").values_list("state", flat=True))


def test_the_word_of_one_that_died_is_put_right_some_at_a_time(
    store: DatabaseStore, drains: list[Drain], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_rows, "ROWS_AT_ONCE", 2)
    write_statuses("w1", [said(drain, "failing", lines=drain is drains[0]) for drain in drains])
    write_statuses("w2", [said(drains[0], "replaying"), said(drains[1], "failing")])
    assert not store.put_right()
    dead("w1")
    assert not store.put_right()
    assert states() == ["failing"] * 5, "whoever takes over may say the same"
    dead("w1", ago=LONG)
    Heartbeat.objects.update(began_at=timezone.now() - PATIENCE)
    assert store.put_right()
    assert states() == ["replaying", "failing", "new", "failing", "failing"]
    while store.put_right():
        pass
    assert states() == ["replaying", "failing", "new", "new", "new"]


def test_so_is_that_of_a_former_run_once_the_present_one_has_had_time(
    store: DatabaseStore, drains: list[Drain]
) -> None:
    write_statuses("w1", [said(drain, "failing") for drain in drains])
    speaker = alive("w1", "w1 2")
    store.publish(speaker, [said(drains[3], "failing")])
    store.put_right()
    assert states() == ["failing"] * 5
    Heartbeat.objects.update(began_at=timezone.now() - PATIENCE)
    assert not store.put_right()
    assert states() == ["live", "live", "live", "failing", "live"]


def test_states_that_a_version_before_has_written_are_put_right(
    store: DatabaseStore, drains: list[Drain]
) -> None:
    DrainStatus.objects.create(
        drain=drains[0], worker="of before", lines_sent=3, reported_at=timezone.now() - FRESH
    )
    Drain.objects.update(state="unknown")
    store.put_right()
    assert states() == ["live", "new", "new", "new", "new"]


def test_what_a_worker_says_that_lives_stays(store: DatabaseStore, drains: list[Drain]) -> None:
    write_statuses("w1", [said(drain, "live") for drain in drains])
    assert not store.put_right()
    assert states() == ["live"] * 5


# What they have sent.


def sums() -> dict[str, tuple[int, int]]:
    rows = DrainStatus.objects.order_by("worker")
    return {row.worker: (row.lines_sent, row.lines_cut) for row in rows}


def long_gone(*workers: str) -> None:
    DrainStatus.objects.filter(worker__in=workers).update(reported_at=timezone.now() - FORGOTTEN)
    dead(*workers, ago=FORGOTTEN)


def test_what_workers_of_long_ago_have_sent_is_kept_in_one_row(
    store: DatabaseStore, drains: list[Drain]
) -> None:
    for worker, lines in [("first", 100), ("second", 20)]:
        write_statuses(worker, [said(drains[0], lines=lines)])
    long_gone("first", "second")
    write_statuses("third", [said(drains[0], lines=4)])
    store.put_right()
    assert sums() == {"": (120, 2), "third": (4, 1)}
    store.put_right()
    assert {row.name for row in Heartbeat.objects.all()} == {"third"}

    long_gone("third")
    write_statuses("fourth", [said(drains[0])])
    store.put_right()
    assert sums() == {"": (124, 3), "fourth": (1, 1)}


def test_what_a_worker_that_lives_has_said_long_ago_stays(
    store: DatabaseStore, drains: list[Drain]
) -> None:
    write_statuses("w1", [said(drains[0], lines=7)])
    DrainStatus.objects.update(reported_at=timezone.now() - 9 * FORGOTTEN)
    alive("w1", "w1 2")
    store.put_right()
    assert sums() == {"w1": (7, 1)}


def test_rows_of_a_version_before_are_summed_up_by_their_own_age(
    store: DatabaseStore, drains: list[Drain]
) -> None:
    for name, ago in (("old", FORGOTTEN), ("younger", FRESH)):
        DrainStatus.objects.create(
            drain=drains[0], worker=name, lines_sent=3, reported_at=timezone.now() - ago
        )
    store.put_right()
    assert sums() == {"": (3, 0), "younger": (3, 0)}


def test_what_one_has_sent_that_is_forgotten_is_no_news_of_the_last_day(
    store: DatabaseStore, drains: list[Drain]
) -> None:
    gone, now = timezone.now() - FORGOTTEN, timezone.now()
    by_quarter = Tally(QUARTERS, gone.timestamp())
    by_quarter.add(5, gone.timestamp())
    text = by_quarter.text(gone.timestamp())
    write_statuses("first", [said(drains[0])._replace(sent_by_minute="", sent_by_quarter=text)])
    long_gone("first")
    assert rates_of(drains[0].statuses.all(), now).quarters == [None] * 96
    store.put_right()
    assert not drains[0].statuses.filter(worker="first").exists()
