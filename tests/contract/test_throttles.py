"""How often somebody may ask (docs/api.md): by address without a key, by key with one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.contract.conftest import KEY, Api, is_problem
from tests.support.keys import new_key

APP, SESSIONS = "/apps/gold-gs/log-drains", "/log-sessions"
Clients = Callable[[str | None], Api]


@pytest.fixture(autouse=True)
def _it_is_always_the_same_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.limits.time", SimpleNamespace(time=lambda: 90.0))


@pytest.fixture
def owner(db: None) -> Api:
    """With an API key."""
    return Api(new_key("drains", "sessions"))


@pytest.mark.parametrize("key", [None, "wrong"])
@pytest.mark.parametrize("path", [APP, "/nothing", "/overview"])
def test_an_address_without_a_key_is_refused_after_sixty(
    key: str | None, path: str, with_authorization: Clients
) -> None:
    outsider = with_authorization(key)

    assert {outsider.get(path).status_code for _ in range(60)} == {401}
    refused = outsider.get(path)

    said = is_problem(refused, 429)["detail"]
    assert said.startswith("too many requests without a key that is known came from this address.")
    assert refused["Retry-After"] == "60"


def test_a_known_key_is_heard_from_an_address_that_guesses(
    api: Api, with_authorization: Clients
) -> None:
    for _ in range(61):
        with_authorization("wrong").get(APP)

    assert with_authorization("wrong").get(APP).status_code == 429
    assert api.get(APP).status_code == 200
    other = Client(headers={"Authorization": "wrong"}, REMOTE_ADDR="192.0.2.7")
    assert other.get(APP).status_code == 401


def test_of_ipv6_a_whole_network_is_one(settings: Any, with_authorization: Clients) -> None:
    settings.RATE_LIMIT_UNKNOWN = 1

    def ask(address: str) -> int:
        return Client(REMOTE_ADDR=address).get(APP).status_code

    assert [ask("2001:db8::1"), ask("2001:db8::2"), ask("2001:db8:0:1::1")] == [401, 429, 401]


def test_probes_and_sessions_that_exist_are_never_refused(
    api: Api, with_authorization: Clients, settings: Any
) -> None:
    settings.RATE_LIMIT_UNKNOWN = 1
    outsider = with_authorization(None)
    url = api.post(SESSIONS, {"app": "gold", "space": "gs"}).json()["logplex_url"]
    assert [outsider.get(APP).status_code for _ in range(2)] == [401, 429]

    for _ in range(3):
        assert outsider.get("/livez").status_code == 200
        assert outsider.call("HEAD", url.removeprefix("http://testserver")).status_code == 200


def test_an_attack_costs_no_query_and_few_lines(
    with_authorization: Clients,
    settings: Any,
    django_assert_num_queries: DjangoAssertNumQueries,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.RATE_LIMIT_UNKNOWN = 5
    outsider = with_authorization("wrong")

    with django_assert_num_queries(0):
        for _ in range(50):
            outsider.get(APP)

    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if ": 401 " in line]) == 5
    assert len([line for line in said if ": 429 " in line]) <= 3


def test_zero_switches_it_off(settings: Any, with_authorization: Clients) -> None:
    settings.RATE_LIMIT_UNKNOWN = 0
    outsider = with_authorization(None)

    assert {outsider.get(APP).status_code for _ in range(100)} == {401}


def test_the_operators_key_is_exempt(api: Api, settings: Any) -> None:
    settings.RATE_LIMIT_KEY = settings.RATE_LIMIT_SESSIONS = 1

    assert {api.get(APP).status_code for _ in range(5)} == {200}
    asked = {"app": "gold", "space": "gs"}
    assert {api.post(SESSIONS, asked).status_code for _ in range(5)} == {201}


def test_an_api_key_has_so_many_requests_a_minute(owner: Api, settings: Any) -> None:
    settings.RATE_LIMIT_KEY = 3

    assert [owner.get(APP).status_code for _ in range(3)] == [200] * 3
    refused = owner.get(APP)
    said = is_problem(refused, 429)["detail"]
    assert said == "this key has had its 3 requests of a minute. Try again in 60 s."
    assert refused["Retry-After"] == "60"
    assert Api(new_key("read")).get(APP).status_code == 200


def test_what_a_key_may_not_do_counts_too(owner: Api, settings: Any) -> None:
    settings.RATE_LIMIT_KEY = 2

    assert [owner.get("/log-drains").status_code for _ in range(3)] == [403, 403, 429]


def test_who_has_an_ended_key_is_told_so_when_it_is_too_often(settings: Any, db: None) -> None:
    settings.RATE_LIMIT_UNKNOWN = 1
    ended = Api(new_key("read", lives=timedelta(seconds=-1)))

    assert ended.get(APP).status_code == 401
    assert "this key expired at" in is_problem(ended.get(APP), 429)["detail"]


def test_an_api_key_opens_so_many_sessions_a_minute(owner: Api, settings: Any) -> None:
    settings.RATE_LIMIT_SESSIONS = 2
    asked = {"app": "gold", "space": "gs"}

    said = [owner.post(SESSIONS, asked).status_code for _ in range(3)]

    assert said == [201, 201, 429]
    assert "its 2 log sessions of a minute" in owner.post(SESSIONS, asked).json()["detail"]
    assert owner.get(APP).status_code == 200


@pytest.mark.slow
def test_ten_thousand_wrong_keys_are_all_refused(
    settings: Any, with_authorization: Clients
) -> None:
    settings.RATE_LIMIT_UNKNOWN = 0
    wrong = (f"{KEY}{number}" for number in range(10_000))

    assert {with_authorization(key).get(APP).status_code for key in wrong} == {401}
