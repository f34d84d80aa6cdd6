"""The audit's page: who may look, how it is narrowed, and all of it as JSON lines."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from events.acting import Actor, acting_as
from events.changes import Change, announce
from logshuttle_site.audit import export, retention
from logshuttle_site.audit.models import Entry
from logshuttle_site.audit.searching import found_by
from logshuttle_site.notifications import notifier

LIST = "/admin/audit/entry/"
D1 = "5f0c1d2e-0000-4000-8000-000000000001"
REQUEST = "0f8b5f0a-2c51-4c8f-9d55-3f0d5f6f2a11"


def said(actor: Actor, *changes: Change) -> None:
    with acting_as(actor):
        announce(*changes)


@pytest.fixture
def some(db: None) -> None:
    """Three entries, of three who acted in three ways."""
    said(
        Actor("key", "ci", "192.0.2.1", REQUEST),
        Change("drain", D1, "made", "gold-gs", "syslog://a.example:514", after={"name": "<b>x"}),
    )
    said(
        Actor("user", "ann", "192.0.2.2", "request-of-ann"),
        Change("session", "s1", "opened", "bold-gs", "tail of bold-gs"),
    )
    said(
        Actor("command", "drains by root", "host-1", "request-of-root"),
        Change("drain", D1, "paused", "gold-gs", "syslog://a.example:514"),
    )


def names(page: Any) -> list[str]:
    """Who acted, in the rows that are shown."""
    return [of.actor for of in page.context["cl"].result_list]


@pytest.mark.parametrize(
    ("query", "actors"),
    [
        ("by=key", ["ci"]),
        ("who=ann", ["ann"]),
        ("kind=drain", ["drains by root", "ci"]),
        ("owner=bold-gs", ["ann"]),
        (f"request={REQUEST}", ["ci"]),
        (f"id={D1}", ["drains by root", "ci"]),
        (f"q={REQUEST}", ["ci"]),
        ("q=A.EXAMPLE", ["drains by root", "ci"]),
        ("q=a.example+paused", ["drains by root"]),
        ("q=192.0.2.2", ["ann"]),
        ("q=nothing", []),
        ("by=user&kind=drain", []),
    ],
)
def test_the_list_is_narrowed(some: None, operator: Client, query: str, actors: list[str]) -> None:
    page = operator.get(f"{LIST}?{query}")

    assert page.status_code == 200
    assert [name for name in names(page) if name != "operator"] == actors


def test_the_last_ones_stand_first(some: None, operator: Client) -> None:
    assert names(operator.get(f"{LIST}?days=1"))[-3:] == ["drains by root", "ann", "ci"]
    page = operator.get(LIST).content.decode()
    assert "added a drain: gold-gs → syslog://a.example:514" in page
    assert "they are kept for 400 days" in page


@pytest.mark.parametrize("query", ["by=nobody-knows", "days=2", "p=9", "kind=x", "nonsense=1"])
def test_what_makes_no_sense_is_refused(some: None, operator: Client, query: str) -> None:
    assert operator.get(f"{LIST}?{query}").status_code == 400


def test_one_entry_has_both_sides(operator: Client) -> None:
    after = {"url": "https://***@h/", "name": "<b>x"}
    change = Change(
        "drain", D1, "changed", "gold-gs", "https://***@h/", {**after, "name": ""}, after
    )
    said(Actor("key", "ci", "192.0.2.1", REQUEST), change)
    entry = Entry.objects.get(kind="drain")

    page = operator.get(f"{LIST}{entry.pk}/change/").content.decode()

    assert "&lt;b&gt;x" in page
    assert "<b>x" not in page
    assert "What is masked in it is another." in page
    assert f"?request={REQUEST}" in page


def test_nobody_adds_changes_or_deletes(some: None, operator: Client) -> None:
    entry = Entry.objects.get(actor="ci")
    assert operator.get(f"{LIST}add/").status_code == 403
    assert operator.post(f"{LIST}{entry.pk}/change/", {"actor": "me"}).status_code == 403
    assert operator.post(f"{LIST}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
    operator.post(LIST, action)
    assert Entry.objects.get(pk=entry.pk).actor == "ci"
    assert not Permission.objects.filter(codename="change_entry").exists()


@pytest.mark.parametrize("may", [True, False])
def test_who_has_the_permission_looks_and_exports(some: None, may: bool) -> None:
    staff = User.objects.create_user("staff", is_staff=True)
    if may:
        staff.user_permissions.add(Permission.objects.get(codename="view_entry"))
    client = Client()
    client.force_login(staff)

    for path in ("", "export", f"{Entry.objects.get(actor='ci').pk}/change/"):
        assert client.get(f"{LIST}{path}").status_code == (200 if may else 403)
    assert Client().get(f"{LIST}export").status_code == 302


def exported(client: Client, query: str) -> list[dict[str, Any]]:
    answer: Any = client.get(f"{LIST}export?{query}")
    assert answer["Content-Type"].startswith("application/x-ndjson")
    assert answer["Content-Disposition"].endswith('.jsonl"')

    async def read(parts: AsyncIterator[bytes]) -> bytes:
        return b"".join([part async for part in parts])

    body = async_to_sync(read)(answer.streaming_content)
    return [json.loads(line) for line in body.splitlines()]


def test_all_that_the_list_shows_is_exported_the_oldest_first(
    some: None, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "AT_ONCE", 1)
    monkeypatch.setattr(export, "close_old_connections", lambda: None)  # a test has but one

    lines = exported(operator, "kind=drain&p=1")

    assert [of["who"] for of in lines] == ["ci", "drains by root"]
    assert lines[0]["after"] == {"name": "<b>x"}


def test_a_list_takes_no_more_queries_with_more_entries(
    some: None, operator: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        said(Actor("key", f"k{number}"), Change("key", f"k{number}", "made", "a-b", "x"))

    with django_assert_num_queries(8):  # two of them ask who it is
        operator.get(LIST)


@pytest.mark.parametrize(("days", "left"), [(7, ["young"]), (0, ["old", "older", "young"])])
def test_what_is_old_is_forgotten_by_portions(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, days: int, left: list[str]
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 1)
    settings.AUDIT_DAYS = days
    ages = {"young": 6, "old": 8, "older": 9}
    now = timezone.now()
    Entry.objects.bulk_create(
        Entry(at=now - timedelta(days=age), about=about) for about, age in ages.items()
    )

    assert retention.forget_old() == 3 - len(left)

    assert sorted(Entry.objects.values_list("about", flat=True)) == left


def test_one_turn_forgets_so_many(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    monkeypatch.setattr(retention, "PORTIONS_MAX", 2)
    old = timezone.now() - timedelta(days=401)
    Entry.objects.bulk_create(Entry(at=old, about=str(number)) for number in range(5))

    assert [retention.forget_old(), retention.forget_old()] == [4, 1]


async def test_the_notifier_forgets_what_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(
        "logshuttle_site.notifications.outbox.prune", lambda: done.append("messages")
    )
    monkeypatch.setattr(notifier, "forget_old", lambda: done.append("entries"))
    asked = notifier.Notifier()

    async def ask(question: Callable[[], Any]) -> Any:
        return question()

    monkeypatch.setattr(asked, "_ask", ask)
    for minutes in (0, 1, 11):
        await asked._prune(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))

    assert done == ["messages", "entries"] * 2


def test_it_is_the_same_in_postgres(in_postgres: None) -> None:
    said(
        Actor("user", "Ann", "192.0.2.2", REQUEST),
        Change("session", "s1", "opened", "bold-gs", "tail of bold-gs", after={"text": "ü"}),
        Change("key", "k1", "made", "gold-gs", "ci", {"a": None}, {"a": [1]}),
    )

    assert [of.owner for of in found_by(Entry.objects.all(), "ann BOLD")] == ["bold-gs"]
    assert len(found_by(Entry.objects.all(), REQUEST)) == 2
    assert Entry.objects.get(kind="key", request_id=REQUEST).after == {"a": [1]}
    ours = Entry.objects.filter(request_id=REQUEST)  # others may have left theirs in this database
    assert ours.forget(timezone.now() + timedelta(1), 10) == 2
