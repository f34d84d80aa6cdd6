"""What browsers are told of each answer, and how our cookies travel."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from tests.contract.conftest import KEY

SITE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)
PASSWORD = "of-the-tests"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet() -> None:
    cache.clear()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/livez", 200),
        ("/octhc", 200),
        ("/", 401),
        ("/nothing", 401),
        ("/admin", 302),
        ("/apps/gold-gs/log-drains", 401),
        ("/log-sessions/5b0f7b0e-3c53-4f5e-9f43-0a9f5c1f2d3e", 404),
        ("/favicon.ico", 204),
        ("/static/sessions_app/tail.js", 200),
    ],
)
def test_every_answer_has_the_one_policy(path: str, status: int) -> None:
    answer = Client().get(path)
    answer.close()  # of a static file

    assert answer.status_code == status
    assert answer["Content-Security-Policy"] == SITE
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_answers_with_a_key_and_of_unknown_methods_have_it_too() -> None:
    client = Client(headers={"Authorization": KEY})
    assert client.get("/apps/gold-gs/log-drains")["Content-Security-Policy"] == SITE
    assert client.generic("SETTINGS", "/")["Content-Security-Policy"] == SITE


def test_only_pages_of_the_admin_that_have_the_theme_may_make_functions(operator: Client) -> None:
    themed = operator.get("/admin/drains/drain/")["Content-Security-Policy"]
    login = Client().get("/admin/login/")["Content-Security-Policy"]

    assert "'unsafe-eval'" in themed
    assert "'unsafe-eval'" not in login
    for policy in (themed, login):
        assert "unsafe-inline" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy


def test_cookies_come_along_from_our_own_pages_alone() -> None:
    get_user_model().objects.create_superuser("op", password=PASSWORD)
    client = Client()
    client.get("/admin/login/")
    answer = client.post("/admin/login/?next=/admin/", {"username": "op", "password": PASSWORD})

    assert answer.status_code == 302
    for name in ("sessionid", "csrftoken"):
        assert answer.cookies[name]["samesite"] == "Strict"
    assert answer.cookies["sessionid"]["httponly"]
    assert answer.cookies["sessionid"]["max-age"] == 8 * 3600


def test_where_there_is_tls_browsers_are_told_to_stay(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.ALLOWED_HOSTS = ["testserver"]
    plain, secure = Client().get("/admin/login/"), Client().get("/admin/login/", secure=True)

    assert (plain.status_code, plain["Location"]) == (301, "https://testserver/admin/login/")
    assert plain["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in plain
    assert secure["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
