"""Who gets what in the admin: each view and action, and each kind of user, by one table."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client

from drains.delivery.trial import Step
from tests.support.admin_stage import SECRETS, Stage, client_of, routes, staged, user_of
from tests.support.admin_table import CAST, TABLE, Row

REFUSED = {403, 404, 405}


@pytest.fixture(autouse=True)
def _nobody_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [Step("send", True, 1, "received")]

    async def delivered(message: Any) -> str:
        return ""

    monkeypatch.setattr("drains.admin.trial.try_out", lambda drain: (True, steps))
    monkeypatch.setattr(
        "drains.admin.drain_admin.try_out_all", lambda drains: [(True, steps) for _ in drains]
    )
    monkeypatch.setattr("logshuttle_site.notifications.admin.deliver", delivered)


@pytest.fixture
def stage(db: None) -> Stage:
    return staged()


def answer_to(client: Client, stage: Stage, row: Row) -> Any:
    path = stage.path(row.name)
    if row.method == "GET":
        return client.get(path)
    return client.post(path, stage.form(row.name, row.action))


def text_of(answer: Any) -> str:
    """An export has what the pages have, and tests of its own."""
    return "" if answer.streaming else answer.content.decode()


def test_the_table_has_every_view_and_action_there_is() -> None:
    assert {row.name for row in TABLE} == set(routes())
    listed = {(row.name, row.action) for row in TABLE if row.action}
    there = set()
    for model, model_admin in admin.site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}_changelist"
        offered = model_admin._get_base_actions()  # type: ignore[attr-defined]
        there |= {(name, action) for _, action, _ in offered}
    without = ("shuttle_worker", "shuttle_malformedsample", "access_apikey", "audit_entry")
    read_only = {f"{name}_changelist" for name in without}
    nobodys = {("sessions_app_tailsession_changelist", "delete_selected")}
    assert {of for of in there if of[0] not in read_only} - listed == nobodys
    assert listed <= there


@pytest.mark.parametrize("kind", CAST)
def test_each_gets_what_the_table_says(kind: str, stage: Stage) -> None:
    client, before = client_of(kind), stage.state()
    cookies = {name: cookie.value for name, cookie in client.cookies.items()}
    found, changed, told = {}, [], []
    for row in TABLE:
        with transaction.atomic():
            answer = answer_to(client, stage, row)
            is_refused = answer.status_code in REFUSED or kind in ("stranger", "outsider")
            if is_refused and stage.state() != before:
                changed.append(row)
            told += [(row, secret) for secret in SECRETS if secret in text_of(answer)]
            transaction.set_rollback(True)
            client.cookies = SimpleCookie(cookies)
        found[row.name, row.method, row.action] = answer.status_code
    place = CAST.index(kind)
    assert found == {(row.name, row.method, row.action): row.codes[place] for row in TABLE}
    assert changed == []
    assert told == []


def test_what_is_said_after_an_error_has_no_secret(stage: Stage) -> None:
    """Neither what stands there nor what was given."""
    client = client_of("super")
    wrong = {"new_url": "https://me:c4nary@h.example/?a=c4nary", "connections": "x"}
    secret = {"new_headers": "X-Key: c4nary", "tls_key": "c4nary", "tls_ca": "c4nary"}
    for name in ("drains_drain_add", "drains_drain_change"):
        page = client.post(stage.path(name), {**stage.form(name, ""), **wrong, **secret})
        assert page.status_code == 200
        assert page.content.decode().count("Once more, please") >= 2
        assert "c4nary" not in page.content.decode()
    name = "notifications_recipient_change"
    form = {**stage.form(name, ""), "new_address": "https://h/c4nary", "minutes": "x"}
    page = client.post(stage.path(name), form)
    assert page.status_code == 200
    assert "c4nary" not in page.content.decode()


def test_a_url_without_secrets_comes_back_to_be_mended(stage: Stage) -> None:
    form = {**stage.form("drains_drain_add", ""), "new_url": "syslog://h", "owner": ""}
    page = client_of("super").post(stage.path("drains_drain_add"), form)
    assert 'value="syslog://h"' in page.content.decode()


def test_who_may_only_look_sees_what_is_set_and_nothing_secret(stage: Stage) -> None:
    page = client_of("view").get(stage.path("drains_drain_change")).content.decode()
    assert "rfc5424" in page
    assert "X-Key" in page
    assert "After an outage" in page
    assert "New URL" not in page
    assert "Remove all headers" not in page


@pytest.mark.parametrize(
    "query",
    [
        "drains/drain/?url__startswith=g",
        "drains/drain/?stored_options__contains=x",
        "drains/drain/?url_digest__gte=0",
        "drains/drain/?cursors__topic=gs",
        "notifications/recipient/?secret__startswith=g",
        "notifications/recipient/?address__contains=g",
        "notifications/message/?recipient__secret__startswith=g",
        "sessions_app/tailsession/?text__contains=a",
        "auth/user/?password__startswith=p",
    ],
)
def test_what_is_not_shown_cannot_be_asked_for_letter_by_letter(query: str, stage: Stage) -> None:
    assert client_of("view").get(f"/admin/{query}").status_code == 400


@pytest.mark.parametrize("kind", ["view", "change", "delete", "none"])
def test_tails_are_for_those_with_the_permission(kind: str, stage: Stage) -> None:
    client = client_of(kind)
    names = ("index", "drains_drain_changelist", "drains_drain_change", "drains_drain_parts")
    for name in names:
        page = client.get(stage.path(name)).content.decode()
        assert "tailsession/add" not in page, name
        assert "tail-form" not in page, name


# Users: nobody gets more than they have.


@pytest.mark.parametrize("target", ["super", "delete", "delete, not active"])
def test_who_may_change_users_takes_over_none_with_other_rights(target: str, stage: Stage) -> None:
    client, other = client_of("change"), user_of(target.partition(",")[0])
    other.is_active = target in ("super", "delete")  # who is not has no permissions, says Django
    other.save()
    page = f"/admin/auth/user/{other.pk}"
    assert client.get(f"{page}/change/").status_code == 200, "to be looked at"
    assert client.get(f"{page}/password/").status_code == 403
    for form in ("change", "password"):
        assert client.post(f"{page}/{form}/", {"password1": "x"}).status_code == 403


def test_who_may_change_users_gives_nobody_more(stage: Stage) -> None:
    client = client_of("change")
    name = "auth_user_change"
    more = {"is_superuser": "on", "is_staff": "on", "user_permissions": ["1"], "groups": ["1"]}
    assert client.post(stage.path(name), {**stage.form(name, ""), **more}).status_code == 302
    somebody = stage.rows["auth.user"]
    somebody.refresh_from_db()
    assert somebody.first_name == "changed"
    assert not somebody.is_superuser
    assert not somebody.get_all_permissions()
    name = "auth_group_change"
    client.post(stage.path(name), {"name": "changed", "permissions": ["1"]})
    assert not stage.rows["auth.group"].permissions.exists()
