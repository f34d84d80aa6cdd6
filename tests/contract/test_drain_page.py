"""A drain's page in the admin: how it is stands on top, and can be acted on."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from drains import services
from drains.models import Drain
from events.keys import AppKey
from shuttle.commit.store import FeedStatus
from tests.support.reports import write_statuses

ACTIONS = "/admin/drains/drain"


@pytest.fixture
def drain(db: None) -> Drain:
    return services.create_drain(AppKey("gold", "gs"), "syslog://logs.example.com:514", begin=())


def say(drain: Drain, state: str, error: str = "", **more: Any) -> None:
    status = FeedStatus(str(drain.pk), state, error, 1.8e9 if error else None, None, lines_sent=1)
    write_statuses("w1", [status._replace(**more)])


def page(client: Client, drain: Drain) -> str:
    answer = client.get(f"/admin/drains/drain/{drain.pk}/change/")
    assert answer.status_code == 200
    return answer.content.decode().replace("\u00a0", " ")


def act(client: Client, drain: Drain, action: str) -> Any:
    return client.post(f"{ACTIONS}/{drain.pk}/act", {"action": action})


def test_it_says_how_it_is_why_and_what_helps(operator: Client, drain: Drain) -> None:
    say(drain, "live")
    say(drain, "failing", "connection refused", lag_messages=1204, lag_seconds=800.0)
    shown = page(operator, drain)
    for said in ("Failing", "connection refused", "Nothing listens there", "1,204 lines"):
        assert said in shown
    assert "13 min" in shown
    assert "Failing: connection refused</p>" in shown, "its history"


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("live", "Live"),
        ("replaying", "its oldest line is 30 s old"),
    ],
)
def test_each_state_has_its_sentence(operator: Client, drain: Drain, state: str, why: str) -> None:
    say(drain, state, lag_messages=5, lag_seconds=30.0)
    assert why in page(operator, drain)


def test_one_that_nobody_speaks_of_says_so(operator: Client, drain: Drain) -> None:
    assert "no worker reports" in page(operator, drain)


def test_it_is_paused_tried_and_resumed(operator: Client, drain: Drain) -> None:
    assert "dialled" in act(operator, drain, "try").json()["said"]
    assert act(operator, drain, "pause").json()["said"].startswith("Paused")
    assert Drain.objects.get().paused
    assert "it keeps its place" in page(operator, drain)
    assert "is paused" in act(operator, drain, "try").json()["said"]
    assert act(operator, drain, "resume").json()["said"].startswith("Resumed")
    drain.refresh_from_db()
    assert (drain.paused, drain.tries) == (False, 1)


def test_its_parts_are_renewed_alone(operator: Client, drain: Drain) -> None:
    parts = operator.get(f"{ACTIONS}/{drain.pk}/parts")
    assert parts.status_code == 200
    assert "no-store" in parts["Cache-Control"]
    assert b'id="card" data-live' in parts.content
    assert b"<html" not in parts.content


@pytest.mark.parametrize("drain_id", ["nonsense", "5f0c4e4b-8f7b-4e4b-8f7b-0a6a3f1e9a11"])
def test_one_that_is_not_there_is_a_404(operator: Client, drain_id: str) -> None:
    assert operator.get(f"{ACTIONS}/{drain_id}/parts").status_code == 404
    assert operator.post(f"{ACTIONS}/{drain_id}/act", {"action": "pause"}).status_code == 404


def test_what_makes_no_sense_is_refused(operator: Client, drain: Drain) -> None:
    assert act(operator, drain, "delete").status_code == 400


def test_who_may_only_look_changes_nothing(db: None, drain: Drain) -> None:
    reader = User.objects.create_user("reader", password="secret", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_drain"))
    client = Client()
    client.force_login(reader)
    assert 'value="pause"' not in page(client, drain)
    assert act(client, drain, "pause").status_code == 403
    assert not Drain.objects.get().paused
