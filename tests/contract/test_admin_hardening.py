"""The admin against those who guess, lure, frame and forge (S12). Who may do what is in
test_admin_matrix.py, rows of others in test_admin_rows.py, all of the log-in in test_login.py."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from drains.models import Drain
from tests.support.admin_stage import Stage, client_of, staged, user_of
from tests.support.admin_table import CAST, TABLE

LOGIN, LIST = "/admin/login/", "/admin/drains/drain/"
RIGHT = "a right password"
SUPER = CAST.index("super")
WRITES = [row for row in TABLE if row.method == "POST"]
PAGES = [row for row in TABLE if row.method == "GET" and row.codes[SUPER] == 200]
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Of every page, with what these have to say."""
POLICY = ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'")


@pytest.fixture
def stage(db: None) -> Stage:
    return staged()


@pytest.fixture
def op(db: None, settings: Any) -> Any:
    cache.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    yield get_user_model().objects.create_superuser("op", password=RIGHT)
    cache.clear()


def log_in(client: Client, password: str = RIGHT, to: str = "/admin/") -> Any:
    values = {"username": "op", "password": password, "next": to}
    return client.post(LOGIN, values)


def test_guessing_ends_after_five(op: Any) -> None:
    client = Client()
    assert [log_in(client, "wrong").status_code for _ in range(5)] == [200] * 4 + [429]
    assert log_in(client).status_code == 429
    assert client.get("/admin/").status_code == 302


def test_a_session_begins_with_the_log_in(op: Any) -> None:
    """One that somebody was given before is worth nothing after it."""
    client = Client()
    client.cookies["sessionid"] = "forged-by-somebody-who-knows-it0"
    log_in(client)
    assert client.cookies["sessionid"].value != "forged-by-somebody-who-knows-it0"
    before = client.cookies["sessionid"].value
    client.post("/admin/logout/")
    client.cookies["sessionid"] = before
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("is_https", [True, False])
def test_its_cookies_are_sent_from_our_pages_alone(op: Any, is_https: bool, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = is_https
    client = Client()
    client.get(LOGIN)
    log_in(client)
    for name in ("sessionid", "csrftoken"):
        cookie = client.cookies[name]
        assert cookie["samesite"] == "Strict"
        assert bool(cookie["secure"]) is is_https
        assert not cookie["domain"]
    assert client.cookies["sessionid"]["httponly"]


# Forged requests.


def forger(stage: Stage) -> Client:
    """The browser of somebody who has logged in, on a page of somebody else."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(user_of("super"))
    return client


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-CSRFToken": "x" * 64},
        {"Origin": "https://evil.example"},
        {"Referer": "https://evil.example/admin/"},
        {"Origin": "null"},
    ],
)
def test_no_post_of_another_page_does_anything(headers: dict[str, str], stage: Stage) -> None:
    client, before = forger(stage), stage.state()
    codes = set()
    for row in WRITES:
        answer = client.post(
            stage.path(row.name), stage.form(row.name, row.action), headers=headers
        )
        codes.add(answer.status_code)
    assert codes == {403}
    assert stage.state() == before
    assert client.get("/admin/").status_code == 200, "nor is anybody logged out"


def test_a_token_of_somebody_elses_is_none(stage: Stage) -> None:
    other = Client()
    other.get(LOGIN)
    client = forger(stage)
    client.get(f"{LIST}add/")
    token = {"X-CSRFToken": other.cookies["csrftoken"].value}
    form = stage.form("drains_drain_act", "")
    assert client.post(stage.path("drains_drain_act"), form, headers=token).status_code == 403
    ours = {"X-CSRFToken": client.cookies["csrftoken"].value}
    assert client.post(stage.path("drains_drain_act"), form, headers=ours).status_code == 200


def test_a_log_in_is_not_forged_either(op: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    assert log_in(client).status_code == 403


def test_nothing_is_done_by_looking(stage: Stage) -> None:
    """Whatever is asked for: links and pictures make such requests."""
    client, before = client_of("super"), stage.state()
    for row in WRITES:
        asked = stage.form(row.name, row.action)
        for method in (client.get, client.head, client.options):
            method(stage.path(row.name), asked)
        client.get(stage.path(row.name), asked, headers={"X-HTTP-Method-Override": "POST"})
    assert stage.state() == before
    assert client.get("/admin/").status_code == 200


# Frames and what else a browser may do.


def test_every_page_says_what_a_browser_may(stage: Stage) -> None:
    client = client_of("super")
    wrong = []
    for row in PAGES:
        with transaction.atomic():
            answer = client.get(stage.path(row.name))
        if answer["Content-Type"].startswith("text/html") and answer.content:
            said = {name: answer.get(name) for name in HEADERS}
            policy = answer["Content-Security-Policy"].split("; ")
            lacking = [one for one in POLICY if not any(part.startswith(one) for part in policy)]
            wrong += [(row.name, said, lacking)] if said != HEADERS or lacking else []
    assert wrong == []
    assert len(PAGES) > 30


def test_pages_are_kept_by_nobody(stage: Stage) -> None:
    client = client_of("super")
    kept = {"password_change", "password_change_done", "jsi18n", "search"}
    for row in PAGES:
        if row.name not in kept:
            assert "no-store" in client.get(stage.path(row.name))["Cache-Control"], row.name


# Redirects.

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "\t//evil.example",
    "https://localhost@evil.example/",
    "https://localhost.evil.example/",
]


@pytest.mark.parametrize("to", ELSEWHERE)
def test_nobody_is_led_elsewhere(to: str, op: Any) -> None:
    client = Client()
    answer = log_in(client, to=to)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    for path in (LOGIN, "/admin/logout/", "/admin/password_change/", LIST, "/admin/"):
        for answer in (client.get(path, {"next": to}), client.post(path, {"next": to})):
            assert "evil" not in answer.get("Location", ""), path
        log_in(client)


@pytest.mark.parametrize(
    "path",
    [
        "/admin//evil.example",
        "/admin/../evil.example",
        "//evil.example/admin/",
        "/admin/%0d%0aX: y",
    ],
)
def test_no_path_leads_elsewhere(path: str, op: Any) -> None:
    known = Client()
    log_in(known)
    for client in (Client(), known):
        answer = client.get(path)
        location = answer.get("Location", "/")
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))
        assert "X" not in answer.headers


def test_a_drain_of_another_kind_of_id_is_none(stage: Stage) -> None:
    client = client_of("super")
    for key in ("1", "x", "../../auth/user/1", "0" * 32, str(Drain.objects.get().pk).upper()):
        assert client.get(f"{LIST}{key}/parts").status_code == 404
        assert client.post(f"{LIST}{key}/act", {"action": "pause"}).status_code == 404
