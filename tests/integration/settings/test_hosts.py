"""Names of hosts, origins and URLs: refused at the start in a line, or they are answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.core.cache import cache
from django.test import Client

from logshuttle_site.notifications import mail
from tests.contract.conftest import Api
from tests.support.mail_server import MailServer
from tests.support.settings_start import assert_each, assert_refused, started, table

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

REFUSED, TAKEN = table("hosts")


def split(row: str) -> tuple[str, str]:
    name, _, value = row.partition("=")
    return name, value.replace("\\n", "\n")


def values_of(name: str) -> list[str]:
    return [value for each, value in map(split, TAKEN) if each == name]


def test_what_matches_nothing_is_refused() -> None:
    assert_each(REFUSED, lambda row: assert_refused(*split(row)))


def test_pages_are_served_under_names_that_are_taken(settings: Any) -> None:
    def serves(value: str) -> None:
        settings.ALLOWED_HOSTS = started({"ALLOWED_HOSTS": value})["ALLOWED_HOSTS"]
        for host in ("logs.example.com", "Logs.Example.Com:8443"):
            assert Client().get("/admin/login/", headers={"Host": host}).status_code == 200
        if value != "*":
            answer = Client().get("/admin/login/", headers={"Host": "else.example"})
            assert answer.status_code == 400

    assert_each(values_of("ALLOWED_HOSTS"), serves)


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("[::1]", "[::1]:5000"),
        ("::1", "[::1]"),
        ("http://[::1]:5000", "[::1]"),
        ("10.1.2.3:80", "10.1.2.3"),
        ("log_shuttle", "log_shuttle"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_odd_names_are_served_too(value: str, host: str, settings: Any) -> None:
    settings.ALLOWED_HOSTS = started({"ALLOWED_HOSTS": value})["ALLOWED_HOSTS"]
    assert Client().get("/admin/login/", headers={"Host": host}).status_code == 200


def test_pages_of_origins_that_are_taken_may_post(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]

    def may_post(value: str) -> None:
        settings.CSRF_TRUSTED_ORIGINS = started({"CSRF_TRUSTED_ORIGINS": value})[
            "CSRF_TRUSTED_ORIGINS"
        ]
        assert _status("https://pages.example.com") == 200  # the form once more, with its errors
        assert _status("https://else.example") == 403

    assert_each(values_of("CSRF_TRUSTED_ORIGINS"), may_post)


def _status(origin: str) -> int:
    cache.clear()
    client = Client(enforce_csrf_checks=True)
    client.get("/admin/login/")
    sent = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value, "username": "x"}
    return client.post("/admin/login/", sent, headers={"Origin": origin}).status_code


def test_sessions_have_urls_under_bases_that_are_taken(settings: Any) -> None:
    def is_base(value: str) -> None:
        settings.SESSION_URL = started({"SESSION_URL": value})["SESSION_URL"]
        cache.clear()
        made = Api("key-of-the-tests").post("/log-sessions", {"app": "gold", "space": "gs"})
        assert made.status_code == 201
        url = httpx.URL(made.json()["logplex_url"])
        base = httpx.URL(value)
        assert (url.scheme, url.netloc) == (base.scheme, base.netloc)
        assert url.path.startswith(f"{base.path.rstrip('/')}/log-sessions/")

    assert_each(values_of("SESSION_URL"), is_base)


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


def test_mail_goes_out_by_servers_and_from_senders_that_are_taken(
    settings: Any, mail_server: MailServer
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

    def goes_out(row: str) -> None:
        environ = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(mail_server.port)}
        found = started(environ | dict([split(row)]))
        for name in ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_USE_SSL"):
            setattr(settings, name, found[name])
        settings.DEFAULT_FROM_EMAIL = found["DEFAULT_FROM_EMAIL"]
        before = len(mail_server.taken)
        mail.send("you@mail.example", "kind", "id", {"text": "a message"})
        assert len(mail_server.taken) == before + 1
        sender = mail_server.taken[-1].sender
        assert sender in found["DEFAULT_FROM_EMAIL"]

    assert_each(
        [row for row in TAKEN if split(row)[0] in ("EMAIL_HOST", "DEFAULT_FROM_EMAIL")], goes_out
    )
