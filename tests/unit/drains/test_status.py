"""What is said of a drain, from what its workers say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from drains.models import Drain, DrainStatus
from drains.services import create_drain
from drains.status import FRESH, status_of
from events.keys import AppKey

pytestmark = pytest.mark.django_db

GONE = FRESH + timedelta(seconds=1)


@pytest.fixture
def drain() -> Drain:
    return create_drain(AppKey("gold", "gs"), "syslog://logs.example.com:514")


def say(
    drain: Drain, worker: str, state: str = "live", ago: timedelta | None = None, **of: Any
) -> None:
    at = timezone.now() - (ago or timedelta())
    DrainStatus.objects.create(drain=drain, worker=worker, state=state, reported_at=at, **of)


def test_nobody_has_spoken(drain: Drain) -> None:
    status = status_of(drain)
    assert (status.state, status.is_known, status.lines_sent) == ("live", False, 0)


def test_lags_of_workers_add_up_and_the_oldest_line_counts(drain: Drain) -> None:
    say(drain, "a", "replaying", lag_messages=10, lag_seconds=5.0)
    say(drain, "b", lag_messages=3, lag_seconds=60.0)

    status = status_of(drain)

    assert (status.lag_messages, status.lag_seconds, status.state) == (13, 60.0, "replaying")


def test_the_lag_of_a_worker_that_is_gone_is_its_successors_to_tell(drain: Drain) -> None:
    say(drain, "gone", "failing", GONE, lag_messages=10, lag_seconds=5.0, lines_sent=7, lines_cut=2)
    say(drain, "here", lines_sent=5, bytes_sent=500, lines_lost=1, lines_cut=3)

    status = status_of(drain)

    assert (status.state, status.lag_messages, status.lag_seconds) == ("live", 0, 0.0)
    assert (status.lines_sent, status.bytes_sent) == (12, 500)
    assert (status.lines_lost, status.lines_cut) == (1, 5)


def test_a_worker_that_ended_in_order_has_no_say_any_more(drain: Drain) -> None:
    say(drain, "ended", "", lag_messages=10, lines_sent=7)
    say(drain, "here", lines_sent=5)

    status = status_of(drain)
    assert (status.state, status.lag_messages, status.lines_sent) == ("live", 0, 12)


def test_the_worst_state_of_all_workers_is_told(drain: Drain) -> None:
    for worker, state in [("a", "live"), ("b", "failing"), ("c", "replaying")]:
        say(drain, worker, state)
    assert status_of(drain).state == "failing"
