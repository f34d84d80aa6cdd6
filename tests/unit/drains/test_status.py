"""What is said of a drain, from what its workers say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from drains.models import Drain, DrainStatus, Heartbeat
from drains.services import create_drain
from drains.states import State, state_of
from drains.status import status_of, with_statuses
from drains.status_models import FRESH
from events.keys import AppKey
from tests.support.reports import alive, dead

pytestmark = pytest.mark.django_db

GONE = FRESH + timedelta(seconds=1)


@pytest.fixture
def drain() -> Drain:
    return create_drain(AppKey("gold", "gs"), "syslog://logs.example.com:514")


def say(
    drain: Drain, worker: str, state: str = "live", ago: timedelta = timedelta(), **of: Any
) -> None:
    at = timezone.now() - ago
    of = {"lines_sent": 1, **of}
    DrainStatus.objects.create(drain=drain, worker=worker, state=state, reported_at=at, **of)


def test_nobody_has_spoken(drain: Drain) -> None:
    status = status_of(drain)
    assert (status.state, status.state_since, status.reported_at) == (
        "unknown",
        drain.created_at,
        None,
    )
    assert (status.lag_messages, status.lag_is_estimate, status.lines_sent) == (0, True, 0)


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


@pytest.mark.parametrize(
    ("said", "paused", "has_delivered", "shown"),
    [
        ({"failing"}, True, True, "paused"),
        (set(), True, False, "paused"),
        (set(), False, True, "live"),
        (set(), False, False, "new"),
        ({"live", "failing"}, False, False, "failing"),
        ({"live"}, False, False, "new"),
        ({"replaying"}, False, False, "new"),
        ({"live", "replaying"}, False, True, "replaying"),
        ({"paused"}, False, True, "replaying"),
        ({"live"}, False, True, "live"),
    ],
)
def test_the_first_that_holds(
    said: set[str], paused: bool, has_delivered: bool, shown: State
) -> None:
    assert state_of(said, paused=paused, has_delivered=has_delivered) == shown


@pytest.mark.parametrize("paused", [True, False])
def test_nothing_is_known_of_what_is_not_paused_while_there_is_no_worker(paused: bool) -> None:
    shown = state_of((), paused=paused, has_delivered=True, is_silent=True)
    assert shown == ("paused" if paused else "unknown")


def test_a_drain_is_new_until_any_worker_has_delivered(drain: Drain) -> None:
    say(drain, "a", lines_sent=0)
    assert status_of(drain).state == "new"
    say(drain, "", "", GONE, lines_sent=9)
    assert status_of(drain).state == "live"


def test_without_a_worker_nothing_is_known_and_the_last_that_was_said_is_a_guess(
    drain: Drain,
) -> None:
    say(drain, "long gone", "failing", GONE * 2, lag_messages=70)
    say(drain, "gone", "live", GONE, lag_messages=9, lag_seconds=4.0, next_try_at=timezone.now())

    status = status_of(drain)
    assert (status.state, status.lag_messages, status.lag_is_estimate) == ("unknown", 9, True)
    assert status.reported_at is not None
    assert status.state_since == status.reported_at + FRESH
    assert status.next_try_at is None


def test_an_estimate_of_one_worker_makes_all_of_it_one(drain: Drain) -> None:
    say(drain, "a", "failing", lag_messages=5, lag_is_estimate=True)
    say(drain, "b", lag_messages=2)
    status = status_of(drain)
    assert (status.lag_messages, status.lag_is_estimate) == (7, True)


@pytest.mark.parametrize(
    ("state", "lag"), [("", 65), ("failing", 5)], ids=["ended in order", "was killed"]
)
def test_what_was_owed_when_a_worker_ended_in_order_is_owed_still(
    drain: Drain, state: str, lag: int
) -> None:
    say(drain, "long gone", "", GONE * 3, lag_messages=900)
    say(drain, "gone", state, GONE, lag_messages=100)
    say(drain, "here", lag_messages=5, lag_is_estimate=True, lines_sent=30, lines_lost=10)
    assert status_of(drain).lag_messages == lag

    DrainStatus.objects.filter(worker="here").update(lag_is_estimate=False)
    assert status_of(Drain.objects.get()).lag_messages == 5


def test_what_more_than_one_worker_before_has_counted_is_owed_still(drain: Drain) -> None:
    say(drain, "long gone", "", GONE * 4, lag_messages=900)
    say(drain, "third", "", GONE * 3, lag_messages=100, lag_is_estimate=False)
    say(drain, "second", "", GONE * 2, lag_messages=40, lag_is_estimate=True, lines_sent=10)
    say(drain, "here", lag_messages=5, lag_is_estimate=True, lines_sent=0)
    assert status_of(drain).lag_messages == 5 + 40 + 90

    DrainStatus.objects.filter(worker="here").delete()
    assert status_of(Drain.objects.get()).lag_messages == 40 + 90
    DrainStatus.objects.filter(worker="third").update(state="failing")
    assert status_of(Drain.objects.get()).lag_messages == 40


@pytest.mark.parametrize(
    ("lag", "sent", "least"),
    [(10.0, 0, 50), (10.0, 1, 3), (0.0, 0, 3)],
    ids=["stuck", "gets on", "nothing"],
)
def test_what_was_owed_before_has_got_older(
    drain: Drain, lag: float, sent: int, least: float
) -> None:
    say(drain, "gone", "", timedelta(seconds=40), lag_seconds=lag)
    say(drain, "here", lag_is_estimate=True, lag_seconds=3.0, lines_sent=sent)
    assert least <= status_of(drain).lag_seconds < least + 20


def test_the_next_try_is_the_first_of_all_workers(drain: Drain) -> None:
    soon = timezone.now() + timedelta(seconds=5)
    for worker, at in (("a", None), ("b", soon), ("c", soon + timedelta(seconds=9))):
        say(drain, worker, "failing", next_try_at=at)
    assert status_of(drain).next_try_at == soon


def test_since_when_it_is_so_was_stored_by_workers_or_is_younger(drain: Drain) -> None:
    then = timezone.now() - timedelta(hours=1)
    say(drain, "a", "failing")
    Drain.objects.update(state="failing", state_since=then)
    drain.refresh_from_db()
    assert status_of(drain).state_since == then

    DrainStatus.objects.update(state="live")
    status = status_of(drain)
    assert (status.state, status.state_since) == ("live", status.reported_at)

    drain.paused = True
    assert status_of(drain).state_since == drain.updated_at


# Workers that say that they live, and of drains what changes.


def word(drain: Drain, worker: str, state: str = "live", run: str = "", **of: Any) -> None:
    """By one that has just been heard, in this run or a former one."""
    speaker = alive(worker)
    say(drain, speaker.name, state, GONE * 9, run=run or speaker.run, **of)


def test_a_word_stands_as_long_as_its_worker_lives_in_the_same_run(drain: Drain) -> None:
    word(drain, "w1", "failing", last_error="refused", last_error_at=timezone.now())
    status = status_of(drain)
    assert (status.state, status.reported_at) == ("failing", Heartbeat.objects.get().reported_at)
    alive("w1", "w1 2")
    assert status_of(drain).state == "live"
    alive("w1")
    dead("w1")
    assert status_of(drain).state == "unknown"
    alive("w1")
    Heartbeat.objects.update(has_ended=True)
    assert status_of(drain).state == "unknown"


def test_of_a_drain_that_nothing_happens_to_no_worker_says_anything(drain: Drain) -> None:
    alive("w1")
    status = status_of(drain)
    assert (status.state, status.state_since) == ("new", drain.created_at)
    assert (status.lag_messages, status.lag_is_estimate) == (0, False)
    say(drain, "gone", "live", GONE)
    assert (status_of(drain).state, status_of(drain).lag_is_estimate) == ("live", False)
    dead("w1")
    assert (status_of(drain).state, status_of(drain).lag_is_estimate) == ("unknown", True)


@pytest.mark.parametrize(
    ("state", "stored", "lag"), [("", "live", 9), ("live", "live", 0), ("failing", "failing", 9)]
)
def test_what_one_that_is_gone_left_is_owed_if_it_said_so_at_its_end_or_it_is_not_put_right(
    drain: Drain, state: str, stored: str, lag: int
) -> None:
    alive("w1")
    say(drain, "gone", state, GONE, lag_messages=9)
    drain.state = stored
    status = status_of(drain)
    assert (status.lag_messages, status.lag_is_estimate) == (lag, lag > 0)


def test_what_was_done_in_former_runs_is_no_part_of_what_another_one_has_left(drain: Drain) -> None:
    say(drain, "gone", "", GONE, lag_messages=100)
    word(drain, "w1", lag_messages=5, lag_is_estimate=True, lines_sent=1030, lines_before=1000)
    assert status_of(drain).lag_messages == 75


@pytest.mark.parametrize(
    ("state", "grows"), [("failing", True), ("replaying", True), ("live", False)]
)
def test_the_oldest_line_gets_older_where_nothing_is_delivered(
    drain: Drain, state: str, grows: bool
) -> None:
    word(drain, "w1", state, lag_seconds=5.0)
    assert (status_of(drain).lag_seconds > (GONE * 9).total_seconds()) == grows


def test_a_try_that_is_under_way_is_waited_for_no_more(drain: Drain) -> None:
    word(drain, "w1", "failing", next_try_at=timezone.now() - timedelta(seconds=1))
    assert status_of(drain).next_try_at is None


def test_as_many_questions_are_asked_for_many_drains_as_for_one(
    drain: Drain, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        word(create_drain(drain.key, f"syslog://h:{1514 + number}"), "w1", "failing")
    with django_assert_num_queries(2):
        states = [status_of(each).state for each in with_statuses(Drain.objects.all())]
    assert sorted(states) == ["failing"] * 5 + ["new"]
