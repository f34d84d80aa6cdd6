"""Under which names requests are answered: any, but pages only those of ALLOWED_HOSTS."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator  # type: ignore[import-untyped]
from django.core.cache import cache
from django.test import Client

from logshuttle_site import errors
from logshuttle_site.websocket_origin import NOT_OURS, OwnPagesOnly
from tests.contract.conftest import Api, is_problem

APP, SESSIONS = "/apps/gold-gs/log-drains", "/log-sessions"
ODD = [
    "log_shuttle:5100",
    "10.1.2.3",
    "a b",
    "",
    "b\u00fccher.example",
    "x" * 300,
    "[::1",
    "h:port",
]
PAGE = {"Accept": "text/html"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _only_one_name(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALLOWED_HOSTS = ["logs.example", ".tails.example", "log_shuttle"]
    monkeypatch.setattr(errors, "AT_TIMES_SECONDS", 0.0)  # each is said
    cache.clear()


def opened(api: Api, **headers: str) -> str:
    """The URL of a new session."""
    answer = api.post(SESSIONS, {"app": "gold", "space": "gs"}, **headers)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["logplex_url"])


def path_of(url: str) -> str:
    return url[url.index(SESSIONS) :]


@pytest.mark.parametrize("host", ODD)
def test_the_api_answers_under_any_name(
    host: str, api: Api, with_authorization: Callable[[str | None], Api]
) -> None:
    made = api.post(APP, {"url": "syslog://h:1514"}, Host=host)

    assert made.status_code == 201
    assert api.get(f"{APP}/{made.json()['id']}", Host=host).status_code == 200
    is_problem(with_authorization(None).get(APP, Host=host), 401)


@pytest.mark.parametrize("host", ODD)
@pytest.mark.parametrize("accept", ["*/*", "text/event-stream", "application/x-ndjson"])
def test_sessions_and_probes_do_too(host: str, accept: str, api: Api) -> None:
    headers = {"Host": host, "Accept": accept}

    assert Client().head(path_of(opened(api, Host=host)), headers=headers).status_code == 200
    assert Client().get("/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("log_shuttle:5100", "http://log_shuttle:5100"),
        ("Logs.Example", "http://Logs.Example"),
        ("[::1]:5100", "http://[::1]:5100"),
        ("a b", "http://testserver"),
        ("evil.example/x", "http://testserver"),
        ("", "http://testserver"),
    ],
)
def test_a_sessions_url_has_the_name_that_was_asked_if_it_is_one(
    host: str, base: str, api: Api
) -> None:
    assert opened(api, Host=host).startswith(f"{base}{SESSIONS}/")


@pytest.mark.parametrize(
    ("host", "is_served"),
    [
        ("logs.example", True),
        ("LOGS.example.:5000", True),
        ("a.tails.example", True),
        ("log_shuttle:5100", True),
        ("other.example", False),
        ("10.1.2.3", False),
        ("a b", False),
        ("", False),
    ],
)
def test_pages_are_served_under_allowed_names_alone(
    host: str, is_served: bool, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    session = path_of(opened(api))
    caplog.clear()
    with caplog.at_level(logging.INFO):
        for path in ("/admin/login/", session):
            answer = Client().get(path, headers={"Host": host, **PAGE})
            if is_served:
                assert answer.status_code == 200
            else:
                assert "ALLOWED_HOSTS" in is_problem(answer, 400)["message"]

    assert len(caplog.records) == (0 if is_served else 2)
    assert not any(record.exc_info for record in caplog.records)


def test_whoever_asks_under_wrong_names_does_not_fill_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client()

    def ask() -> None:
        is_problem(client.get("/admin/", headers={"Host": "other.example"}), 400)

    ask()
    monkeypatch.setattr(errors, "AT_TIMES_SECONDS", 60.0)
    for _ in range(5):
        ask()
    monkeypatch.setattr(errors, "AT_TIMES_SECONDS", 0.0)
    ask()

    first, last = (record.getMessage() for record in caplog.records)
    assert "ALLOWED_HOSTS" in first
    assert last.startswith(first)
    assert last.endswith("(and 5 more since the last one)")


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin", APP, SESSIONS, "/x"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:443", "10.1.2.3"])
def test_nobody_is_sent_on_to_a_name_that_is_not_ours(host: str, path: str, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True

    answer = Client().get(path, headers={"Host": host})

    assert "ALLOWED_HOSTS" in is_problem(answer, 400)["message"]
    assert "Location" not in answer


@pytest.mark.parametrize("host", ["logs.example", "log_shuttle"])
def test_plain_http_becomes_https_under_the_name_that_was_asked(host: str, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True

    answer = Client().get(APP, headers={"Host": host})

    assert (answer.status_code, answer["Location"]) == (301, f"https://{host}{APP}")


def test_over_https_the_api_answers_under_any_name(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True

    is_problem(Client().get(APP, headers={"Host": "10.1.2.3"}, secure=True), 401)
    is_problem(Client().get("/admin/", headers={"Host": "10.1.2.3"}, secure=True), 400)


def test_an_admin_can_log_in_under_a_name_with_an_underscore(django_user_model: Any) -> None:
    django_user_model.objects.create_superuser("operator", password="a long one")
    at = {"Host": "log_shuttle:5100"}

    answer = Client().post(
        "/admin/login/?next=/admin/", {"username": "operator", "password": "a long one"}, headers=at
    )

    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


@pytest.mark.parametrize(
    ("host", "origin", "taken"),
    [
        ("log_shuttle:5100", "http://log_shuttle:5100", True),
        ("logs.example", "", True),
        ("other.example", "http://other.example", False),
        ("log_shuttle:5100", "http://other.example", False),
        ("a b", "", False),
    ],
)
async def test_a_pages_websocket_is_taken_under_the_same_names(
    host: str, origin: str, taken: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def accepts(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})

    headers = [(b"host", host.encode()), (b"origin", origin.encode())]
    asked = WebsocketCommunicator(OwnPagesOnly(accepts), "/x", headers=headers)

    assert (await asked.connect())[0] is taken
    said = [record.getMessage() for record in caplog.records]
    assert said == ([] if taken else [f"Refused WebSocket /x: 403 {NOT_OURS}"])


def test_an_original_client_calls_by_address(api: Api) -> None:
    """No type, no length that is known before, and the cluster's own address."""
    body = json.dumps({"url": "syslog://h:1514"})

    answer = api.post(APP, body, Host="10.0.0.7:5000", content_type="")

    assert answer.status_code == 201
