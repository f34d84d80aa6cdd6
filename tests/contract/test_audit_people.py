"""Log-ins, users and what they may do, on record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from events.limits import Limit
from logshuttle_site.audit import logins
from logshuttle_site.audit.entry_json import line_of
from logshuttle_site.audit.models import Entry

RIGHT = "a right password"


@pytest.fixture(autouse=True)
def _op(db: None, settings: Any) -> Iterator[None]:
    cache.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    User.objects.create_superuser("op", password=RIGHT)
    yield
    cache.clear()


def login(password: str = "wrong", user: str = "op", address: str = "192.0.2.7") -> Client:
    client = Client()
    values = {"username": user, "password": password, "next": "/admin/"}
    client.post("/admin/login/", values, headers=None, REMOTE_ADDR=address)
    return client


def entries(kind: str) -> list[Entry]:
    return list(Entry.objects.filter(kind=kind).order_by("pk"))


def said(kind: str) -> list[tuple[str, str, str]]:
    return [(of.what, of.actor, of.address) for of in entries(kind)]


def test_who_logs_in_and_out_is_on_record() -> None:
    login(RIGHT).post("/admin/logout/", REMOTE_ADDR="192.0.2.8")

    assert said("login") == [("logged in", "op", "192.0.2.7"), ("logged out", "op", "192.0.2.8")]
    assert said("user") == [("made", "log shuttle", "")]  # no log-in changes a user


def test_a_password_that_is_looked_at_and_wrong_is_on_record() -> None:
    for _ in range(8):
        login()

    assert said("login") == [("failed to log in", "op", "192.0.2.7")] * 5  # then it is locked
    assert {of.actor_kind for of in entries("login")} == {"user"}


def test_a_name_that_is_no_users_is_not_repeated() -> None:
    login(user="hunter2", password="op")

    assert said("login") == [("failed to log in", "unknown user", "192.0.2.7")]
    assert "hunter2" not in line_of(entries("login")[0]).decode()


def test_failures_fill_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "FAILED", Limit("audit-test", 3, 60))
    for number in range(5):
        login(address=f"192.0.2.{number}")

    assert len(said("login")) == 3


def test_a_user_is_made_changed_given_rights_and_deleted() -> None:
    admin = login(RIGHT)
    staff, may = Group.objects.create(name="ops"), Permission.objects.get(codename="view_drain")
    password = "another passw0rd!"
    admin.post(
        "/admin/auth/user/add/",
        {
            "username": "new",
            "usable_password": "true",
            "password1": password,
            "password2": password,
        },
    )
    new = User.objects.get(username="new")
    page, form = f"/admin/auth/user/{new.pk}/", {"username": "new", "is_active": "on"}
    dates = {"date_joined_0": "2026-01-31", "date_joined_1": "00:00:00"}
    rights = {"is_staff": "on", "groups": [staff.pk], "user_permissions": [may.pk]}
    admin.post(f"{page}change/", {**form, **dates, **rights})
    admin.post(f"{page}password/", {"password1": f"{password}2", "password2": f"{password}2"})
    admin.post(f"{page}delete/", {"post": "yes"})

    made, *changed, gone = [of for of in entries("user") if of.about == "new"]
    assert (made.what, made.actor, made.after["username"]) == ("made", "op", "new")
    assert {"staff": True} in [of.after for of in changed]
    assert {"groups": ["ops"]} in [of.after for of in changed]
    assert {"permissions": ["drains.view_drain"]} in [of.after for of in changed]
    assert (changed[-1].before, changed[-1].after) == ({"password": "***"}, {"password": "***"})
    assert (gone.what, gone.before["staff"]) == ("deleted", True)
    every = b"\n".join(map(line_of, entries("user"))).decode()
    assert password not in every
    assert "md5$" not in every


def test_rights_are_told_before_and_after_from_either_side() -> None:
    ops, other = Group.objects.create(name="ops"), Group.objects.create(name="other")
    op = User.objects.get()
    op.groups.set([ops, other])
    op.groups.remove(other)
    ops.user_set.clear()
    ops.permissions.add(Permission.objects.get(codename="view_entry"))

    last = [(of.kind, of.before, of.after) for of in Entry.objects.order_by("pk")][-4:]
    assert last == [
        ("user", {"groups": []}, {"groups": ["ops", "other"]}),
        ("user", {"groups": ["ops", "other"]}, {"groups": ["ops"]}),
        ("group", {"users": ["op"]}, {"users": []}),
        ("group", {"permissions": []}, {"permissions": ["audit.view_entry"]}),
    ]


def test_users_of_commands_are_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", RIGHT)
    call_command("createsuperuser", "--noinput", username="root", email="", verbosity=0)

    assert (entries("user")[-1].about, entries("user")[-1].what) == ("root", "made")
