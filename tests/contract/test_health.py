"""Probes: open, without data, and never hanging. Kafka is away in these tests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from logshuttle_site import health
from tests.contract.conftest import Api
from tests.support.waiting import wait_until


@pytest.fixture
def outsider(db: None) -> Api:
    return Api(None)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replaces what is asked: `checks(database=None, kafka=KeyError)`; an exception fails."""

    def replace(**outcomes: type[Exception] | None) -> None:
        made = {name: _check(outcome) for name, outcome in outcomes.items()}
        monkeypatch.setattr(health, "checks", lambda: made)

    return replace


def _check(outcome: type[Exception] | None) -> Callable[[], None]:
    def check() -> None:
        if outcome is not None:
            raise outcome

    return check


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/octhc", "/livez", "/readyz"])
def test_probes_are_open(
    path: str, method: str, outsider: Api, checks: Callable[..., None]
) -> None:
    checks(database=None, kafka=None)

    assert outsider.call(method, path).status_code == 200


def test_octhc_says_what_failed_and_is_always_200(
    outsider: Api, checks: Callable[..., None]
) -> None:
    checks(database=None, kafka=None)
    assert outsider.get("/octhc").content == b"overall_status=good"

    checks(database=KeyError, kafka=KeyError, redis=KeyError)
    answer = outsider.get("/octhc")
    assert answer.status_code == 200
    assert answer.content == (
        b"overall_status=bad,database_check=failed,kafka_check=failed,redis_check=failed"
    )


def test_readyz_names_the_check_that_failed(outsider: Api, checks: Callable[..., None]) -> None:
    checks(database=None, kafka=KeyError)

    answer = outsider.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "checks": {"database": True, "kafka": False},
    }


def test_a_check_that_hangs_has_failed(outsider: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go, asked = threading.Event(), list[bool]()
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    hanging = dict.fromkeys(["database", "kafka"], lambda: asked.append(let_go.wait()))
    monkeypatch.setattr(health, "checks", lambda: hanging)

    for _ in range(3):
        said = outsider.get("/octhc").content
        assert said == b"overall_status=bad,database_check=failed,kafka_check=failed"
    let_go.set()

    wait_until(lambda: outsider.get("/readyz").json()["status"] == "ready", 5, "an answer")
    assert len(asked) <= 2 * 2  # those that hung, and those after them


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "PURGE"])
@pytest.mark.parametrize("path", health.PROBES)
def test_probes_take_no_other_method(path: str, method: str, outsider: Api) -> None:
    answer = outsider.call(method, path)

    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert answer["Allow"] == "GET, HEAD"


def test_a_probe_may_name_any_host_and_needs_no_tls(settings: Any, outsider: Api) -> None:
    settings.ALLOWED_HOSTS = ["logs.example"]
    settings.SECURE_SSL_REDIRECT = True

    assert outsider.get("/livez", Host="10.1.2.3").status_code == 200
    assert outsider.get("/livez")["X-Request-Id"]
