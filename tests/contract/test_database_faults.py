"""What a database says besides an answer, as those hear it who asked for something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError
from django.test import Client

from drains import services
from events.database_trouble import Troubles
from logshuttle_site import errors, middleware
from tests.contract.conftest import Api, is_problem
from tests.support.driver_error import driver_error

APP = "/apps/gold-gs/log-drains"
URL = "syslog://logs.example.com:514"
SQLSTATES = {
    "08006": "is away",
    "25006": "takes no writes",
    "40001": "had to choose",
    "42P01": "lacks a table",
    "42703": "lacks a table or a column",
    "42501": "does not let us do this",
    "53100": "has no room left",
    "53300": "has no connection left",
    "55P03": "takes too long",
    "57014": "takes too long",
    "57P01": "is away",
}

pytestmark = pytest.mark.django_db


def failing(error: Exception, times: int = 1_000) -> Callable[..., Any]:
    """`create_drain`, which fails so often."""
    left, create = iter(range(times)), services.create_drain

    def create_or_fail(*args: Any, **options: Any) -> Any:
        if next(left, None) is None:
            return create(*args, **options)
        raise error

    return create_or_fail


@pytest.fixture(autouse=True)
def _no_trouble_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Troubles()
    monkeypatch.setattr(errors, "troubles", fresh)
    monkeypatch.setattr(middleware, "troubles", fresh)
    monkeypatch.setattr(middleware, "CONFLICT_WAIT_SECONDS", 0.0)


@pytest.mark.parametrize(("state", "said"), SQLSTATES.items())
def test_a_drivers_error_is_a_503_with_its_reason_once_in_the_log(
    state: str,
    said: str,
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(services, "create_drain", failing(driver_error(state)))
    for _ in range(3):
        answer = api.post(APP, {"url": URL})
        assert said in is_problem(answer, 503)["detail"]
        assert "hunter2" not in answer.content.decode()
        assert answer["Retry-After"] == "5"
    assert [line for line in caplog.messages if said in line] == caplog.messages
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("state", ["42601", "22001", "23505"])
def test_a_question_that_was_wrong_stays_a_500(
    state: str, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "create_drain", failing(driver_error(state)))
    is_problem(api.post(APP, {"url": URL}), 500)


@pytest.mark.parametrize("state", ["40001", "40P01"])
@pytest.mark.parametrize(("times", "status"), [(1, 201), (3, 201), (4, 503)])
def test_what_was_undone_for_others_is_done_again_three_times(
    times: int, status: int, state: str, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "create_drain", failing(driver_error(state), times))
    answer = api.post(APP, {"url": URL})
    assert answer.status_code == status, answer.content
    assert len(api.get(APP).json()) == (status == 201)


def test_what_fails_around_a_page_is_a_503_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As its session, which is written when the view has ended."""

    def fail(*_: Any, **__: Any) -> None:
        raise DatabaseError("read-only") from driver_error("25006")

    get_user_model().objects.create_superuser("boss", password="long enough a word")
    client = Client(raise_request_exception=False)
    form = {"username": "boss", "password": "long enough a word"}
    monkeypatch.setattr(SessionStore, "save", fail)
    is_problem(client.post("/admin/login/", form), 503)
