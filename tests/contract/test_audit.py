"""Every change is on record, with who made it and without a secret; and only what was done is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from drains import many, services
from drains.models import Drain, DrainEvent
from drains.trials import try_out
from events import changes
from events.acting import Actor, acting_as
from events.changes import Change, announce
from events.keys import AppKey
from logshuttle_site.audit import recorder
from logshuttle_site.audit.entry_json import line_of
from logshuttle_site.audit.models import AppendOnlyError, Entry
from logshuttle_site.notifications.models import Recipient
from sessions_app.models import TailSession
from tests.contract.conftest import Api
from tests.support.certificates import Authority

GOLD = AppKey("gold", "gs")
APP = "/apps/gold-gs/log-drains"
CANARY = "c4n4ry0f4ll5ecret5"
URL = f"https://user:{CANARY}@h.example/in"
SHOWN = "https://user:***@h.example:443/in"

pytestmark = pytest.mark.django_db


def entries(**only: Any) -> list[Entry]:
    """The first first."""
    return list(Entry.objects.filter(**only).order_by("pk"))


def last() -> Entry:
    return entries()[-1]


def sides(entry: Entry) -> tuple[dict[str, Any], dict[str, Any]]:
    return entry.before, entry.after


@pytest.fixture
def drain() -> Drain:
    return services.create_drain(GOLD, URL, begin=())


def test_a_change_by_the_api_says_who_from_where_and_in_which_request(api: Api) -> None:
    answer = api.post(APP, {"url": URL, "name": "mine"}, **{"X-Request-Id": "abcdefgh-1"})

    made = last()
    assert (made.actor_kind, made.actor, made.address) == ("key", "AUTH_KEY", "127.0.0.1")
    assert (made.request_id, made.kind, made.what) == ("abcdefgh-1", "drain", "made")
    assert (made.object_id, made.owner) == (answer.json()["id"], "gold-gs")
    assert sides(made) == ({}, {"url": SHOWN, "name": "mine"})
    assert (timezone.now() - made.at).total_seconds() < 60


def test_only_what_is_another_is_told(api: Api, drain: Drain) -> None:
    path = f"{APP}/{drain.pk}"
    api.patch(path, {"name": "mine", "connections": 4, "framing": "newline"})
    assert sides(last()) == ({"name": "", "connections": None}, {"name": "mine", "connections": 4})

    api.patch(path, {"filter": {"processes": ["web"]}})
    assert last().before["filter"]["processes"] == []
    assert last().after["filter"]["processes"] == ["web"]

    api.post(f"{path}/pause")
    assert (last().what, *sides(last())) == ("paused", {"paused": False}, {"paused": True})
    api.post(f"{path}/resume")
    assert (last().what, *sides(last())) == ("resumed", {"paused": True}, {"paused": False})
    api.post(f"{path}/retry")
    assert (last().what, *sides(last())) == ("tried", {}, {})


def test_what_is_as_it_was_is_on_no_record(api: Api, drain: Drain) -> None:
    """Who sets the same again and again would bury what is done."""
    before = Entry.objects.count()
    path = f"/apps/{drain.key}/log-drains/{drain.pk}"

    assert api.patch(path, {"name": drain.name}).status_code == 200
    assert api.post(f"{path}/resume").status_code == 200

    assert Entry.objects.count() == before


def test_one_that_is_gone_is_told_as_it_was(api: Api, drain: Drain) -> None:
    api.delete(f"{APP}/{drain.pk}")
    assert (last().what, *sides(last())) == ("deleted", {"url": SHOWN}, {})


def test_a_secret_that_is_another_is_told_as_changed_and_never_shown(
    api: Api, drain: Drain, authority: Authority
) -> None:
    path, own = f"{APP}/{drain.pk}", authority.client()
    api.patch(path, {"url": URL.replace(CANARY, f"{CANARY}2")})
    assert sides(last()) == ({"url": SHOWN}, {"url": SHOWN})

    for value in (CANARY, f"{CANARY}2"):
        assert api.patch(path, {"headers": {"X-Key": value}}).status_code == 200
    assert sides(last()) == ({"headers": {"X-Key": "***"}}, {"headers": {"X-Key": "***"}})

    tls = {"certificate": own.chain, "key": own.key, "ca": authority.pem}
    assert api.patch(path, {"tls": tls}).status_code == 200
    told = last().after["tls"]
    assert told["key"] == "set"
    assert "until" in told["certificate"]
    assert "SHA-256" in told["ca"]

    every = b"\n".join(map(line_of, entries())).decode()
    assert CANARY not in every
    assert "PRIVATE KEY" not in every
    assert own.key.split("\n")[1] not in every


def test_what_nobody_can_read_any_more_can_be_changed(drain: Drain, settings: Any) -> None:
    services.change_drain(drain, headers={"X-Key": CANARY})
    settings.FIELD_ENCRYPTION_KEYS = ["QW5vdGhlciBmaWVsZCBrZXkgb2YgdGhlIHRlc3RzISE="]

    services.change_drain(drain, url="https://new.example/", headers={})

    assert last().after["url"] == "https://new.example:443/"
    assert CANARY not in line_of(last()).decode()


def test_what_is_undone_is_on_no_record(api: Api, drain: Drain) -> None:
    before = len(entries())
    assert api.post(APP, {"url": URL}).status_code == 409
    assert api.patch(f"{APP}/{drain.pk}", {"connections": 0}).status_code == 422
    assert len(entries()) == before


def test_without_its_entry_nothing_is_changed(
    drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(recorder, "_entry", fail)
    with pytest.raises(RuntimeError):
        services.change_drain(drain, name="mine")
    assert Drain.objects.get().name == ""


def test_of_many_each_has_an_entry_of_the_same_request_in_one_statement_more() -> None:
    for number in range(30):
        services.create_drain(AppKey(f"a{number}", "gs"), URL, begin=())
    actor = Actor("user", "op", "192.0.2.1", "one-request")

    with acting_as(actor), CaptureQueriesContext(connection) as asked:
        assert many.pause_all(Drain.objects.all()) == 30

    found = entries(request_id="one-request")
    assert {(of.what, of.actor, of.address) for of in found} == {("paused", "op", "192.0.2.1")}
    assert len({of.owner for of in found}) == 30
    assert sum('INSERT INTO "audit_entry"' in each["sql"] for each in asked) == 1

    with acting_as(actor):
        many.delete_all(Drain.objects.all())
    assert last().before == {"url": SHOWN, "paused": True}


def test_a_test_line_is_told_as_it_dials_out_and_is_none_of_the_drains_history(
    drain: Drain,
) -> None:
    try_out(drain)
    new = services.new_drain(GOLD, "https://new.example/")
    try_out(new)

    tested = entries(what="tested")
    assert [of.object_id for of in tested] == [str(drain.pk), ""]
    assert tested[0].after == {"ok": False, "failed_at": "resolve"}
    assert not DrainEvent.objects.filter(what="tested").exists()


def test_a_tail_is_opened_and_revoked_once(api: Api) -> None:
    asked = {"app": "gold", "space": "gs", "lines": 5, "q": "error"}
    session_id = api.post("/log-sessions", asked).json()["id"]

    opened = last()
    assert (opened.kind, opened.what, opened.owner) == ("session", "opened", "gold-gs")
    assert opened.object_id == TailSession.objects.get().name
    assert opened.after["lines"] == 5
    assert opened.after["text"] == "error"
    assert session_id not in line_of(opened).decode()

    api.delete(f"/log-sessions/{session_id}")
    api.delete(f"/log-sessions/{session_id}")
    assert [of.what for of in entries(kind="session")] == ["opened", "revoked"]


def test_recipients_are_told_without_their_addresses_paths(operator: Client) -> None:
    form = {"name": "n", "kind": "webhook", "minutes": 5, "enabled": "on", "events": "lines.lost"}
    add = "/admin/notifications/recipient/add/"
    operator.post(add, {**form, "new_address": f"https://hooks.example.com/{CANARY}"})
    recipient = Recipient.objects.get()
    page = f"/admin/notifications/recipient/{recipient.pk}/"
    operator.post(f"{page}change/", {**form, "minutes": 7})
    operator.post(f"{page}secret/")
    operator.post(f"{page}delete/", {"post": "yes"})

    found = entries(kind="recipient")
    assert [of.what for of in found] == ["made", "changed", "changed", "deleted"]
    assert {(of.actor_kind, of.actor) for of in found} == {("user", "operator")}
    assert found[0].after["address"] == "https://hooks.example.com:443/***"
    assert sides(found[1]) == ({"minutes": 5}, {"minutes": 7})
    assert sides(found[2]) == ({"secret": "***"}, {"secret": "***"})
    every = b"\n".join(map(line_of, found)).decode()
    assert CANARY not in every
    assert "whsec_" not in every


def test_a_rotation_is_one_entry(drain: Drain) -> None:
    with acting_as(Actor("command", "rotatesecrets by me", "host", "run")):
        call_command("rotatesecrets", skip_checks=True, verbosity=0)
    assert (last().kind, last().what, last().actor) == ("secrets", "rotated", "rotatesecrets by me")
    assert last().after["drains"] == {"rows": 1, "written": 0, "unread": 0}


def test_entries_are_neither_changed_nor_deleted(drain: Drain) -> None:
    entry = last()
    for forbidden in (
        entry.save,
        entry.delete,
        Entry.objects.all().delete,
        lambda: Entry.objects.update(actor="me"),
        lambda: Entry.objects.bulk_update([entry], ["actor"]),
        lambda: Entry.objects.update_or_create({"actor": "me"}, pk=entry.pk),
    ):
        with pytest.raises(AppendOnlyError), transaction.atomic():
            forbidden()
    assert [of.actor for of in entries()] == ["log shuttle"]


def test_a_name_that_is_too_long_undoes_nothing() -> None:
    with acting_as(Actor("key", "n" * 300, "a" * 100, "r" * 100)):
        announce(Change("key", "i" * 100, "w" * 50, "o" * 600, "about"))
    assert len(last().actor) == 200
    assert len(last().owner) == 520


def test_lines_are_json(drain: Drain) -> None:
    (entry,) = entries()
    read = json.loads(line_of(entry))
    assert list(read) == [
        *("at", "by", "who", "from", "request_id", "kind", "what", "owner", "id", "about"),
        *("before", "after"),
    ]
    assert (read["by"], read["who"], read["id"]) == ("system", "log shuttle", str(drain.pk))


def test_it_listens_from_the_start() -> None:
    assert recorder.record in changes._listeners
