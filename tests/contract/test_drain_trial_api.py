"""`POST …/test`, and what answers say of how a drain is doing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.cache import cache
from django.utils import timezone

from drains import trials
from drains.models import Drain, DrainStatus
from events.changes import Change, ignore, listen
from events.database_trouble import Troubles
from tests.contract.conftest import Api, is_problem
from tests.support.driver_error import driver_error
from tests.support.ports import free_port
from tests.support.receiving import Receivers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _loopback_and_nobody_has_tried_yet(settings: Any) -> None:
    settings.DRAIN_ALLOWED_CIDRS = ["127.0.0.0/8"]
    cache.clear()


def test_a_trial_tells_each_step(api: Api, receiver: Receivers) -> None:
    r = receiver()
    made = api.post("/apps/gold-gs/log-drains", {"url": r.url}).json()

    answer = api.post(f"/apps/gold-gs/log-drains/{made['id']}/test")

    assert answer.status_code == 200
    body = answer.json()
    assert body["ok"] is True
    assert [(s["step"], s["ok"]) for s in body["steps"]] == [
        ("resolve", True),
        ("connect", True),
        ("send", True),
    ]
    assert all(isinstance(s["ms"], int) and s["detail"] for s in body["steps"])
    assert b"Test line" in r.wait_for(1)[0]


@pytest.mark.parametrize(
    ("state", "why"), [("25006", "takes no writes"), ("40001", "had to choose")]
)
def test_a_line_that_was_sent_is_told_and_sent_once_though_the_audit_takes_nothing(
    state: str,
    why: str,
    api: Api,
    receiver: Receivers,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(_: Sequence[Change]) -> None:
        raise driver_error(state)

    r = receiver()
    made = api.post("/apps/gold-gs/log-drains", {"url": r.url}).json()
    monkeypatch.setattr(trials, "troubles", Troubles())
    listen(refuse)
    try:
        answer = api.post(f"/apps/gold-gs/log-drains/{made['id']}/test")
    finally:
        ignore(refuse)

    assert answer.status_code == 200
    assert answer.json()["ok"] is True
    assert len(r.wait_for(1)) == 1
    said, missing = caplog.messages
    assert said.startswith(f"The database {why}")
    assert missing == f"Not in the audit: a drain of gold-gs to {r.url} was tested"


def test_a_trial_that_fails_says_where(api: Api) -> None:
    url = f"syslog://127.0.0.1:{free_port()}"
    made = api.post("/apps/gold-gs/log-drains", {"url": url}).json()

    body = api.post(f"/apps/gold-gs/log-drains/{made['id']}/test").json()

    assert body["ok"] is False
    assert body["steps"][-1] | {"ms": 0} == {
        "step": "connect",
        "ok": False,
        "ms": 0,
        "detail": "connection refused",
    }


def test_of_one_that_cannot_be_read_a_trial_says_what_a_worker_says(
    api: Api, settings: Any
) -> None:
    made = api.post("/apps/gold-gs/log-drains", {"url": "syslog://127.0.0.1:5140"}).json()
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    answer = api.post(f"/apps/gold-gs/log-drains/{made['id']}/test")

    said = "its URL cannot be read: FIELD_ENCRYPTION_KEYS lacks the key"
    assert is_problem(answer, 422)["errors"][0] == {"field": "url", "detail": said}


@pytest.mark.parametrize(
    ("stored", "field", "said"),
    [
        ({"filter": {"include": "(a"}}, "filter", "its options cannot be used: "),
        ({"connections": "many"}, "connections", "its options cannot be used: "),
        ({"tls": "gAAAAAB"}, "tls", "its options cannot be read: FIELD_ENCRYPTION_KEYS lacks"),
    ],
)
def test_and_which_field_it_is_in(stored: Any, field: str, said: str, api: Api) -> None:
    made = api.post("/apps/gold-gs/log-drains", {"url": "syslog://127.0.0.1:5140"}).json()
    Drain.objects.update(stored_options=json.dumps(stored))

    answer = api.post(f"/apps/gold-gs/log-drains/{made['id']}/test")

    (error,) = is_problem(answer, 422)["errors"]
    assert error["field"] == field
    assert error["detail"].startswith(said)


def test_trials_are_limited(api: Api) -> None:
    url = f"syslog://127.0.0.1:{free_port()}"
    made = api.post("/apps/gold-gs/log-drains", {"url": url}).json()
    for _ in range(6):
        assert api.post(f"/apps/gold-gs/log-drains/{made['id']}/test").status_code == 200

    answer = api.post(f"/apps/gold-gs/log-drains/{made['id']}/test")

    assert answer.status_code == 429
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert 0 < int(answer.headers["Retry-After"]) <= 60


@pytest.mark.parametrize("of", ["/apps/gold-gs", "/sites/www.gold.example"])
def test_one_that_is_not_made_yet_is_tried_and_not_saved(
    of: str, api: Api, receiver: Receivers
) -> None:
    r = receiver()

    answer = api.post(f"{of}/log-drains/test", {"url": r.url, "format": "rfc5424", "name": "n"})

    assert answer.status_code == 200
    assert answer.json()["ok"] is True
    assert [step["step"] for step in answer.json()["steps"]] == ["resolve", "connect", "send"]
    assert b"Test line" in r.wait_for(1)[0]
    assert not Drain.objects.exists()


def test_a_trial_before_the_drain_is_held_to_the_same_rules(api: Api) -> None:
    test = "/apps/gold-gs/log-drains/test"
    url = f"syslog://127.0.0.1:{free_port()}"

    is_problem(api.post(test, "{"), 400)
    assert is_problem(api.post(test, {}), 422)["errors"][0]["field"] == "url"
    refused = is_problem(api.post(test, {"url": url, "framing": "x", "fitler": {}}), 422)
    assert [error["field"] for error in refused["errors"]] == ["fitler"]
    misfit = is_problem(api.post(test, {"url": url, "headers": {"X-A": "1"}}), 422)
    assert misfit["errors"][0]["field"] == "headers"
    is_problem(api.post("/apps/-gs/log-drains/test", {"url": url}), 422)
    is_problem(api.get(test), 405)

    assert api.post("/apps/gold-gs/log-drains", {"url": url}).status_code == 201
    twin = api.post(test, {"url": url}).json()
    assert (twin["ok"], twin["steps"][-1]["detail"]) == (False, "connection refused")


def test_trials_before_a_drain_are_limited_by_owner(api: Api) -> None:
    body = {"url": f"syslog://127.0.0.1:{free_port()}"}
    for _ in range(6):
        assert api.post("/apps/gold-gs/log-drains/test", body).status_code == 200

    refused = api.post("/apps/gold-gs/log-drains/test", body)

    assert 0 < int(refused["Retry-After"]) <= 60
    is_problem(refused, 429)
    assert api.post("/apps/lead-gs/log-drains/test", body).status_code == 200


def test_a_drain_is_limited_however_its_id_is_written(api: Api) -> None:
    url = f"syslog://127.0.0.1:{free_port()}"
    made = api.post("/apps/gold-gs/log-drains", {"url": url}).json()["id"]
    spellings = [made, made.upper(), made.replace("-", ""), f"{{{made}}}", f"urn:uuid:{made}"] * 2

    paths = [f"/apps/gold-gs/log-drains/{one}/test" for one in spellings]
    said = [api.post(path).status_code for path in paths]

    assert said.count(200) <= 6
    assert set(said) <= {200, 404, 429}


def test_another_apps_drain_cannot_be_tried(api: Api) -> None:
    made = api.post("/apps/gold-gs/log-drains", {"url": "syslog://127.0.0.1:5140"}).json()

    assert api.post(f"/apps/other-gs/log-drains/{made['id']}/test").status_code == 404


def said(drain_id: str, worker: str, state: str, seconds_ago: float, error: str = "") -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    DrainStatus.objects.create(
        drain=Drain.objects.get(pk=drain_id),
        worker=worker,
        state=state,
        last_error=error,
        last_error_at=at if error else None,
        last_delivery_at=at,
        lines_sent=1,
        reported_at=at,
    )


def test_the_worker_that_is_worst_off_says_how_a_drain_is_doing(api: Api) -> None:
    made = api.post("/apps/gold-gs/log-drains", {"url": "syslog://127.0.0.1:5140"}).json()
    path = f"/apps/gold-gs/log-drains/{made['id']}"
    assert (made["state"], made["last_error"], made["last_error_at"]) == ("unknown", None, None)
    assert (made["state_since"], made["reported_at"]) == (made["created_at"], None)

    said(made["id"], "a", "live", 1, "an older error")
    said(made["id"], "b", "failing", 0, "connection refused")
    said(made["id"], "gone", "failing", 60)
    found = api.get(path).json()
    assert (found["state"], found["last_error"]) == ("failing", "connection refused")
    assert found["state_since"] == found["reported_at"]
    assert found["last_error_at"].endswith("Z")
    assert found["last_delivery_at"].endswith("Z")

    DrainStatus.objects.filter(worker="b").update(state="replaying")
    assert api.get("/apps/gold-gs/log-drains").json()[0]["state"] == "replaying"
    DrainStatus.objects.filter(worker="b").delete()
    assert api.get(path).json()["state"] == "live"
    assert api.post(f"{path}/pause").json()["state"] == "paused"
