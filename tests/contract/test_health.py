"""Probes: open, without data, and never hanging. Kafka is away in these tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from logshuttle_site import health
from tests.contract.conftest import Api


@pytest.fixture
def outsider(db: None) -> Api:
    return Api(None)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replaces what is asked: `checks(database=None, kafka=KeyError)`; an exception fails."""

    def replace(**outcomes: type[Exception] | None) -> None:
        made = {name: _check(outcome) for name, outcome in outcomes.items()}
        monkeypatch.setattr(health, "_checks", lambda: made)

    return replace


@pytest.fixture(autouse=True)
def _threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadPoolExecutor(2) as threads:
        monkeypatch.setattr(health, "_threads", threads)
        yield


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
    let_go = threading.Event()
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(health, "_checks", lambda: {"database": let_go.wait})

    assert outsider.get("/octhc").content == b"overall_status=bad,database_check=failed"
    let_go.set()


def test_probes_take_no_other_method(outsider: Api) -> None:
    assert outsider.post("/livez").status_code == 405
