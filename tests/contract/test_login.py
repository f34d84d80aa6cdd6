"""The admin's log-in: who may try, how often, and what is said to who may not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from logshuttle_site.errors import RefusalsAtTimes
from logshuttle_site.login import guard
from logshuttle_site.login.known import COOKIE
from logshuttle_site.login.turns import Turns

PATH = "/admin/login/"
RIGHT = "a right password"


@pytest.fixture(autouse=True)
def _op(db: None, settings: Any) -> Iterator[None]:
    cache.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    get_user_model().objects.create_superuser("op", password=RIGHT)
    yield
    cache.clear()


def login(
    client: Client | None = None,
    password: str = "wrong",
    user: str = "op",
    address: str = "127.0.0.1",
) -> Any:
    values = {"username": user, "password": password, "next": "/admin/"}
    return (client or Client()).post(PATH, values, headers=None, REMOTE_ADDR=address)


def guess(times: int) -> list[int]:
    return [login().status_code for _ in range(times)]


def test_who_knows_the_password_is_in() -> None:
    answer = login(password=RIGHT)

    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert answer.cookies[COOKIE]["path"] == PATH
    assert answer.cookies[COOKIE]["httponly"]
    assert "op" not in answer.cookies[COOKIE].value.split(":")


def test_after_five_wrong_ones_from_an_address_the_right_one_is_not_looked_at() -> None:
    assert guess(5) == [200] * 4 + [429]

    answer = login(password=RIGHT)

    assert answer.status_code == 429
    assert 14 * 60 < int(answer["Retry-After"]) <= 15 * 60
    text = " ".join(answer.content.decode().split())
    assert "Too many wrong passwords" in text
    assert re.search(r"Try again at \d\d:\d\d UTC</strong>, in 15 minutes", text)
    assert login(password=RIGHT, address="192.0.2.7").status_code == 302


def test_it_ends_when_the_page_says_so_however_often_it_is_tried_meanwhile() -> None:
    guess(9)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=10))

    assert 4 * 60 < int(login(password=RIGHT)["Retry-After"]) <= 5 * 60
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert login(password=RIGHT).status_code == 302


def test_an_address_guesses_so_often_whoever_it_is_about() -> None:
    users = [f"user{number}" for number in range(20)]
    assert {login(user=user).status_code for user in users} == {200}

    assert login(user="another").status_code == 429
    assert login(password=RIGHT).status_code == 429
    assert login(password=RIGHT, address="192.0.2.7").status_code == 302


def test_neighbours_in_ipv6_are_one_address() -> None:
    tries = [login(address=f"2001:db8::{number}").status_code for number in range(1, 7)]

    assert tries == [200] * 4 + [429] * 2
    assert login(password=RIGHT, address="2001:db8:0:1::1").status_code == 302


def test_a_user_is_guessed_so_often_from_wherever() -> None:
    addresses = [f"192.0.2.{number}" for number in range(20)]
    assert {login(address=address).status_code for address in addresses} == {200}

    assert login(password=RIGHT, address="192.0.2.200").status_code == 429


def test_a_user_has_one_count_however_the_name_is_spelled() -> None:
    """Django takes compatibility letters for the same."""
    spellings = ["op", "ｏｐ", "ｏp", " ᵒᵖ", "ⓞⓟ"]
    for number in range(20):
        login(user=spellings[number % 5], address=f"192.0.2.{number}")

    assert login(user="𝐨𝐩", address="192.0.2.200").status_code == 429
    assert login(password=RIGHT, address="192.0.2.200").status_code == 429


def test_a_known_browser_is_known_by_each_spelling() -> None:
    known = Client()
    login(known, RIGHT)
    known.post("/admin/logout/")
    assert {login(known, user="ｏｐ").status_code for _ in range(10)} == {200}

    assert login(known, RIGHT).status_code == 429


def test_guesses_of_others_lock_nobody_out_of_a_browser_that_is_known() -> None:
    known = Client()
    assert login(known, RIGHT).status_code == 302
    known.post("/admin/logout/")
    for number in range(20):
        login(address=f"192.0.2.{number}")
    guess(5)

    assert login(password=RIGHT).status_code == 429
    assert login(known, RIGHT).status_code == 302


def test_such_a_browser_has_a_count_of_its_own() -> None:
    known = Client()
    login(known, RIGHT)
    known.post("/admin/logout/")
    assert {login(known).status_code for _ in range(10)} == {200}

    assert login(known, RIGHT).status_code == 429
    assert login(password=RIGHT).status_code == 302
    assert not AccessAttempt.objects.exists()


def test_a_forged_cookie_is_nobodys() -> None:
    client = Client()
    client.cookies[COOKIE] = "op:1:forged"
    for _ in range(5):
        login(client)

    assert login(client, RIGHT).status_code == 429


def test_a_name_of_any_letters_is_known_too() -> None:
    get_user_model().objects.create_superuser("оператор", password=RIGHT)
    client = Client()
    assert login(client, RIGHT, "оператор").status_code == 302
    assert client.cookies[COOKIE].value.isascii()


def test_who_finds_no_turn_is_told_and_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "TURNS", Turns(of_one_max=0))

    before = guard.refused["turns_of_an_address"]

    answer = login(password=RIGHT)

    assert guard.refused["turns_of_an_address"] == before + 1
    assert (answer.status_code, answer["Retry-After"]) == (429, "5")
    assert "Your password was not looked at" in answer.content.decode()
    assert not AccessAttempt.objects.exists()


def test_nothing_secret_is_kept_of_a_try() -> None:
    client = Client(enforce_csrf_checks=True)
    client.get(PATH)
    token = client.cookies["csrftoken"].value
    values = {"username": "op", "password": "s3cret", "csrfmiddlewaretoken": token}
    assert client.post(PATH, values).status_code == 200

    kept = " ".join(str(value) for value in AccessAttempt.objects.values().get().values())
    assert "s3cret" not in kept
    assert token not in kept


def test_refusals_are_said_at_times(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_refusals", RefusalsAtTimes())
    guess(20)

    said = [record.getMessage() for record in caplog.records]
    assert len(said) <= 3
    assert any("Refused POST /admin/login/: 429" in line and "127.0.0.1" in line for line in said)


@pytest.mark.parametrize("password", ["", "x" * 100_000, "a\0b"])
@pytest.mark.parametrize("user", ["", "x" * 151, "o\0p", "op"])
def test_odd_tries_are_answered(user: str, password: str) -> None:
    assert login(password=password, user=user).status_code == 200
