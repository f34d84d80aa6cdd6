"""What is refused is in our log: app, route and reason on one line, and no secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from tests.contract.conftest import Api, is_problem

APP = "/apps/gold-gs/log-drains"
URL = "https://user:hunter2@logs.example.com/in?key=hunter2"

Say = Callable[[], list[str]]


@pytest.fixture
def refused(caplog: pytest.LogCaptureFixture) -> Say:
    """The lines since it was asked last: one for each refusal."""
    caplog.set_level(logging.INFO)
    cache.clear()

    def lines() -> list[str]:
        said = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return said

    return lines


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", APP, "{", f"POST {APP}: 400 the body is not JSON"),
        (
            "POST",
            APP,
            {"url": "tcp://h:1"},
            f"POST {APP}: 422 url: the URL's scheme must be one of",
        ),
        ("POST", APP, {"filters": {}}, f"POST {APP}: 422 url: is missing"),
        ("GET", f"{APP}/x", b"", f"GET {APP}/x: 404 No such log drain or app found"),
        ("PUT", APP, {}, f'PUT {APP}: 405 Method "PUT" not allowed'),
        ("POST", APP, b"x" * 300_000, f"POST {APP}: 413 the body is larger than"),
        (
            "POST",
            "/log-sessions",
            {"app": "gold", "space": "gs", "lines": -1},
            "POST /log-sessions for gold-gs: 422 lines: must be a whole number",
        ),
        (
            "POST",
            "/log-sessions",
            {"site": "w.example", "tial": 1},
            "POST /log-sessions for w.example: 422 tial: is not known: did you mean tail?",
        ),
        (
            "POST",
            "/log-events",
            {"log": 5, "topic": "gs", "kubernetes": {"container_name": "gold"}},
            "POST /log-events for gold-gs: 422 log: must be text",
        ),
        ("GET", "/nothing", b"", "GET /nothing: 404 there is nothing here"),
    ],
)
def test_a_refusal_is_one_line(
    method: str, path: str, body: Any, said: str, api: Api, refused: Say
) -> None:
    answer = api.call(method, path, body)

    (line,) = refused()
    assert line.startswith(f"Refused {said}")
    assert answer.json()["detail"] in line


def test_a_twin_and_a_missing_key_are_told_too(
    api: Api, refused: Say, with_authorization: Callable[[str | None], Api]
) -> None:
    twin = api.post(APP, {"url": URL}).json()["id"]

    api.post(APP, {"url": URL})
    with_authorization("hunter2").get(APP)
    with_authorization(None).get(APP)

    assert refused() == [
        f"Refused POST {APP}: 409 a drain with this URL exists already: {twin}",
        f"Refused GET {APP}: 401 the key in the Authorization header is not known",
        f"Refused GET {APP}: 401 send your key as `Authorization: <key>`",
    ]


def admin_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.django_db
def test_a_page_of_the_admin_that_is_refused_is_told_once(
    refused: Say, django_user_model: Any
) -> None:
    staff = admin_of(django_user_model.objects.create_user("staff", is_staff=True))
    operator = admin_of(django_user_model.objects.create_superuser("operator"))
    parts = "multipart/form-data"  # of which nobody knows where they end

    assert staff.get("/admin/drains/drain/").status_code == 403
    assert operator.get("/admin/nothing/").status_code == 404
    assert operator.post("/admin/login/", b"x", content_type=parts).status_code == 400

    assert refused() == [
        "Refused GET /admin/drains/drain/: 403 this is not allowed",
        "Refused GET /admin/nothing/: 404 there is nothing here",
        "Refused POST /admin/login/: 400 Invalid boundary in multipart: None",
    ]


@pytest.mark.django_db
def test_what_django_finds_suspicious_is_told_by_django_alone(
    refused: Say, django_user_model: Any
) -> None:
    operator = admin_of(django_user_model.objects.create_superuser("operator"))

    assert operator.get("/admin/drains/drain/?_to_field=url").status_code == 400

    (line,) = refused()
    assert "Refused" not in line


def test_what_is_done_is_not_told(api: Api, refused: Say) -> None:
    made = api.post(APP, {"url": URL}).json()
    api.get(f"{APP}/{made['id']}")

    assert refused() == []


@pytest.mark.parametrize(
    "body",
    [
        {"url": "https://user:hunter2@h/#f"},
        {"url": "https://user:hunter2@logs.example.com:25/"},
        {"url": URL, "headers": {"X-A": "hunter2\n"}},
        {"url": "syslog://h:1514", "tls": {"key": "hunter2"}},
        {"url": URL, "name": "hunter2\n"},
        f'{{"url": "{URL}", "url": "{URL}"}}',
    ],
)
def test_no_secret_is_in_it(body: Any, api: Api, refused: Say) -> None:
    is_problem(api.call("POST", f"{APP}?key=hunter2", body, **{"X-Key": "hunter2"}), 422) if (
        isinstance(body, dict)
    ) else is_problem(api.post(APP, body), 400)

    (line,) = refused()
    assert "hunter2" not in line


def test_nobody_forges_or_floods_a_line(api: Api, refused: Say) -> None:
    api.get("/apps/gold%0AERROR%1B-gs/log-drains")
    api.post("/log-sessions", {"app": "g" * 5000 + "\n", "space": "\u202e"})
    api.post(APP, {"url": URL, "a\nb": 1})

    for line in refused():
        assert line.isprintable()
        assert len(line) < 600
