"""API keys in the admin: looked at, made, replaced, revoked."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from events.access import Scope
from logshuttle_site.access.models import ApiKey
from tests.contract.conftest import Api
from tests.support.keys import new_key, row_of

LIST = "/admin/access/apikey/"
APP = "/apps/gold-gs/log-drains"
KEY = re.compile(r"ls_[a-z0-9]{8}_[\w-]{43}")
PASSWORD = "of-the-tests"
GOLD = {
    "name": "cart team, Terraform",
    "scopes": ["drains", "sessions"],
    "reach": "app:gold-gs\n site:www.gold.example",
    "ends": "90d",
    "password": PASSWORD,
}


@pytest.fixture(autouse=True)
def _no_guesses_before(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def operator(db: None) -> Client:
    return client_of(User.objects.create_superuser("operator", password=PASSWORD))


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("staff", password=PASSWORD, is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    return client_of(user)


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.content.decode())


def make(client: Client, **changes: Any) -> Any:
    return client.post(f"{LIST}add/", {**GOLD, **changes})


def test_a_new_key_fills_the_page_once_and_works(operator: Client) -> None:
    assert "Your password" in text_of(operator.get(f"{LIST}add/"))
    answer = make(operator)
    page = text_of(answer)
    (key,) = {*KEY.findall(page)}
    assert "no-store" in answer["Cache-Control"]
    assert "This is the only time it is shown." in page
    assert "The key of “cart team, Terraform”" in page
    assert f'curl -H "Authorization: {key}" http://testserver/apps/gold-gs/log-drains' in page
    assert Api(key).get(APP).status_code == 200
    row = ApiKey.objects.get()
    assert (row.scopes, row.reach) == (
        ["drains", "sessions"],
        ["app:gold-gs", "site:www.gold.example"],
    )
    for path in (LIST, f"{LIST}{row.pk}/change/", "/admin/"):
        page = text_of(operator.get(path))
        assert not KEY.search(page)
        assert row.digest not in page
    assert key[12:] not in str(dict(operator.session.items()))
    assert key[12:] not in str(operator.cookies)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"password": ""}, "This field is required."),
        ({"password": "wrong"}, "This is not your password."),
        ({"name": " "}, "This field is required."),
        ({"scopes": []}, "This field is required."),
        ({"scopes": ["all"]}, "not one of the available choices"),
        ({"scopes": ["secrets"]}, "secrets are of drains: give it beside drains or read."),
        ({"reach": ""}, "is empty: say whose drains and lines; * is everything."),
        ({"reach": "gold-gs"}, "'gold-gs' is none of app:NAME-SPACE"),
        ({"ends": "soon"}, "'soon' is neither a span such as 90d"),
        ({"ends": "2020-01-01"}, "is over."),
    ],
)
def test_what_cannot_be_is_refused(operator: Client, changes: Any, why: str) -> None:
    page = text_of(make(operator, **changes))
    assert why in page
    assert not KEY.search(page)
    assert PASSWORD not in page
    assert not ApiKey.objects.exists()


def test_a_password_is_not_guessed_here(operator: Client) -> None:
    for _ in range(5):
        assert "This is not your password." in text_of(make(operator, password="wrong"))
    assert "Wrong too often: try again in 15 min." in text_of(make(operator))
    assert not ApiKey.objects.exists()


def test_a_list_says_who_may_what_and_until_when(operator: Client) -> None:
    new_key("drains", reach=["space:demo"], name="of the far end", lives=timedelta(days=15))
    new_key("read", "secrets", name="of the near end", lives=timedelta(days=13))
    new_key("operator", name="of no end")
    new_key("read", name="of yesterday", lives=timedelta(days=-1))
    ApiKey.objects.filter(name="of no end").update(last_used_at=timezone.now())
    page = text_of(operator.get(LIST))
    for said in ("space:demo", "everything", "read, secrets", "never", "Expired</span>"):
        assert said in page
    rows = {row: row.count("Soon</span>") for row in page.split("<tr>")}
    assert [count for row, count in rows.items() if "of the near end" in row] == [1]
    assert sum(rows.values()) == 1
    assert "of yesterday" not in text_of(operator.get(f"{LIST}?state=alive"))
    assert "of no end" not in text_of(operator.get(f"{LIST}?state=over"))
    assert "of the near end" in text_of(operator.get(f"{LIST}?q=near"))
    assert operator.get(f"{LIST}?state=lost").status_code == 400


def test_an_empty_list_says_so(operator: Client) -> None:
    assert "No keys yet." in text_of(operator.get(LIST))


def test_a_key_is_replaced_by_another(operator: Client) -> None:
    old = new_key("drains", reach=["app:gold-gs"], name="cart team")
    path = f"{LIST}{row_of(old).pk}/"
    assert "Replace it" in text_of(operator.get(f"{path}change/"))
    assert "The old one ends" in text_of(operator.get(f"{path}rotate/"))
    wrong = {"beside": "never", "password": PASSWORD}
    assert "say when the old one ends" in text_of(operator.post(f"{path}rotate/", wrong))
    answer = operator.post(f"{path}rotate/", {"beside": "2d", "password": PASSWORD})
    (new,) = {*KEY.findall(text_of(answer))}
    assert "no-store" in answer["Cache-Control"]
    for key in (old, new):
        assert Api(key).get(APP).status_code == 200
    again = operator.post(f"{path}rotate/", {"beside": "2d", "password": PASSWORD})
    assert "two are enough, revoke one first" in text_of(again)


def test_a_key_is_revoked_by_a_post_that_asks_first(operator: Client) -> None:
    key = new_key("read", name="cart team")
    row = row_of(key)
    path = f"{LIST}{row.pk}/revoke/"
    assert "Revoke it" in text_of(operator.get(f"{LIST}{row.pk}/change/"))
    assert operator.get(path).status_code == 405
    assert f"Revoke {row}?" in text_of(operator.post(path))
    assert Api(key).get(APP).status_code == 200
    page = text_of(operator.post(path, {"sure": "yes"}, follow=True))
    assert f"{row} is revoked" in page
    assert Api(key).get(APP).status_code == 401
    assert "Revoke it" not in text_of(operator.get(f"{LIST}{row.pk}/change/"))
    for name in ("revoke", "rotate"):
        assert operator.post(f"{LIST}{row.pk}/{name}/").status_code == 404


def test_nobody_changes_or_deletes_a_key(operator: Client) -> None:
    row = row_of(new_key("read"))
    answer = operator.post(f"{LIST}{row.pk}/change/", {"name": "other", "reach": '["*"]'})
    assert answer.status_code == 403
    assert operator.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ApiKey.objects.get().name == "of the tests"


def test_staff_do_what_their_permissions_say(db: None) -> None:
    row = row_of(new_key("read", name="cart team"))
    nobody = staff()
    for path in (LIST, f"{LIST}{row.pk}/change/", f"{LIST}add/"):
        assert nobody.get(path).status_code == 403
    User.objects.all().delete()
    onlooker = staff("view_apikey")
    assert "cart team" in text_of(onlooker.get(LIST))
    page = text_of(onlooker.get(f"{LIST}{row.pk}/change/"))
    assert "Revoke it" not in page
    assert make(onlooker).status_code == 403
    for name in ("revoke", "rotate"):
        assert onlooker.post(f"{LIST}{row.pk}/{name}/", {"sure": "yes"}).status_code == 403
    assert Client().get(LIST).status_code == 302


def test_nobody_gets_more_by_a_key_than_they_have(db: None) -> None:
    own = ("view_drain", "add_tailsession", "change_tailsession")
    maker = staff("view_apikey", "add_apikey", "change_apikey", *own)
    page = text_of(maker.get(f"{LIST}add/"))
    offered = {scope for scope in Scope if f'value="{scope}"' in page}
    assert offered == {"read", "sessions"}
    for scope in set(Scope) - offered:
        page = text_of(make(maker, scopes=[scope, "read"], reach="*"))
        assert "not one of the available" in page
    mighty = row_of(new_key("read", "secrets"))
    asked = {"beside": "2d", "password": PASSWORD}
    assert maker.post(f"{LIST}{mighty.pk}/rotate/", asked).status_code == 403
    modest = row_of(new_key("read"))
    assert KEY.search(text_of(maker.post(f"{LIST}{modest.pk}/rotate/", asked)))
    assert KEY.search(text_of(make(maker, scopes=["read", "sessions"])))


def test_pages_have_nothing_of_their_own_that_runs(operator: Client) -> None:
    pk = row_of(new_key("read")).pk
    pages = [operator.get(f"{LIST}{end}") for end in ("", "add/", f"{pk}/change/", f"{pk}/rotate/")]
    pages += [operator.post(f"{LIST}{pk}/revoke/"), make(operator)]
    for answer in pages:
        page = answer.content.decode()
        assert not re.search(r"<style|<script(?![^>]*\bsrc=)(?![^>]*json)|\sstyle=|\son\w+=", page)
