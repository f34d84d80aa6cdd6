"""What has happened to a drain is kept, also when it is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from drains import services
from drains.models import Drain, DrainEvent
from events import changes
from events.changes import Change
from events.keys import AppKey
from shuttle.commit.store import FeedStatus
from tests.support.reports import write_statuses

URL = "https://user:secret@in.example.com/x"
pytestmark = pytest.mark.django_db


@pytest.fixture
def drain() -> Drain:
    return services.create_drain(AppKey("gold", "gs"), URL, begin=())


def report(drain: Drain, state: str, error: str = "") -> None:
    at = None if not error else timezone.now().timestamp()
    write_statuses("w", [FeedStatus(str(drain.pk), state, error, at, None, lines_sent=1)])


def events() -> list[tuple[str, str, str]]:
    """What, state and why, the first first."""
    rows = DrainEvent.objects.order_by("at", "pk")
    return list(rows.values_list("what", "state", "why"))


def test_what_is_done_to_it_is_noted(drain: Drain) -> None:
    services.change_drain(drain, name="mine", paused=False)  # as the admin's form sends it
    services.change_drain(drain, paused=True)
    services.change_drain(drain, paused=False)
    services.try_now(drain)
    services.delete_drain(drain)

    done = ["made", "changed", "paused", "resumed", "tried", "deleted"]
    assert [what for what, _, _ in events()] == done
    rows = DrainEvent.objects.all()
    assert {(row.drain, row.owner) for row in rows} == {(drain.pk, "gold-gs")}
    assert not any("secret" in row.address for row in rows)


def test_what_is_undone_is_not_noted(drain: Drain) -> None:
    with transaction.atomic():
        services.change_drain(drain, name="mine")
        transaction.set_rollback(True)
    assert [what for what, _, _ in events()] == ["made"]


def test_states_are_noted_with_their_reasons_but_not_the_first(
    drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for state, error in (("live", ""), ("failing", "connection refused"), ("live", "")):
        report(drain, state, error)
        later = timezone.now() + timedelta(seconds=61)
        monkeypatch.setattr(timezone, "now", lambda later=later: later)
    assert events()[1:] == [("failing", "failing", "connection refused"), ("state", "live", "")]


def test_of_a_minute_a_failure_and_the_last_state_stay(
    drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = timezone.now().replace(second=10)
    monkeypatch.setattr(timezone, "now", lambda: at)
    for state in ("live", "failing", "replaying", "failing", "live"):
        report(drain, state, "connection refused")
    states = {state for _, state, _ in events() if state}
    assert states == {"failing", "live"}


def test_who_listens_hears_each_change_once() -> None:
    heard: list[Change] = []
    try:
        changes.listen(heard.extend)
        services.create_drain(AppKey("lead", "gs"), URL, begin=())
    finally:
        changes.ignore(heard.extend)
    assert [(change.kind, change.what, change.owner) for change in heard] == [
        ("drain", "made", "lead-gs")
    ]
