"""Drains of before are found, compared and shown by today's rules, whatever can be read of them."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from drains.destination import Destination
from drains.fields import Encrypted
from drains.models import Drain, DrainEvent, Installation
from drains.url_digests import url_digests_of
from tests.support.migrating import drains_of
from tests.support.migrating import upgrade as upgrade_tables
from tests.unit.drains.test_destination import GOOD

BEFORE = "0021_indexes_of_lists"
MIGRATION = import_module("drains.migrations.0024_keyed_digests")
KEY = "0123456789abcdef0123456789abcdef"


HERE = SimpleNamespace(connection=connection)
pytestmark = pytest.mark.django_db


def upgrade() -> None:
    """The columns are those of today."""
    MIGRATION.renew_drains(apps, HERE)
    MIGRATION.renew_events(apps, HERE)
    MIGRATION.renew_admin_log(apps, HERE)


def made(url: str, app: str = "gold", **columns: Any) -> Any:
    """As the version before did, with the digest that it made of SECRET_KEY."""
    told = {"address": "x", "url_digest": url_digests_of(Destination.parse(url))[-1], **columns}
    return Drain.objects.create(app=app, space="gs", url=url, **told).pk


def test_each_good_url_becomes_what_it_is_today() -> None:
    """The migration's own rules are those of the day it was made."""
    made_of = {
        made(url, f"app{number}"): url
        for number, (url, _) in enumerate([*GOOD, (f"https://t0k@h/in/{KEY}", None)])
    }

    upgrade()

    for drain in Drain.objects.all():
        to = Destination.parse(made_of[drain.pk])
        assert drain.plain_url == made_of[drain.pk]
        assert (drain.address, drain.host) == (to.redacted, to.host)
        assert drain.url_digest == url_digests_of(to)[0]


def test_a_row_that_nobody_can_read_is_named_and_loses_only_what_is_shown_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    token = Fernet(Fernet.generate_key()).encrypt(b"https://t0k3n@h/").decode()
    address = f"https://t0k3n:***@h.example:443/in/{KEY}?***"
    lost = made("https://h/", address=address, host="h.example")
    Drain.objects.filter(pk=lost).update(url=Encrypted(token))
    odd = made("https://h/", "odd", address="x")
    Drain.objects.filter(pk=odd).update(url="s3cret")
    good = made("https://h/", "bold")

    upgrade()

    drain = Drain.objects.get(pk=lost)
    assert drain.address == "https://***@h.example:443/in/***cdef?***"
    assert (drain.url, drain.url_digest) == (
        token,
        url_digests_of(Destination.parse("https://h/"))[-1],
    )
    assert Drain.objects.get(pk=good).address == "https://h:443/"
    said = capsys.readouterr().out
    assert f"Drain {lost} of gold-gs to h.example cannot be read, and stays as it is" in said
    assert f"Drain {odd} of odd-gs" in said
    assert str(good) not in said
    assert "s3cret" not in said


def test_who_has_a_url_twice_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Which another SECRET_KEY let in. Both go on."""
    twins = [
        made(url, url_digest=digest)
        for url, digest in (("https://h/", "a"), ("https://h", "b"), ("https://h:443/", "c"))
    ]
    other = made("https://h/", "bold")

    upgrade()

    digest = url_digests_of(Destination.parse("https://h/"))[0]
    digests = dict(Drain.objects.values_list("pk", "url_digest"))
    assert digests.pop(other) == digest
    assert sorted(digests) == sorted(twins)
    assert sorted(digests.values()) == sorted(
        found if found == digest else f"twin {pk}" for pk, found in digests.items()
    )
    assert list(digests.values()).count(digest) == 1
    assert capsys.readouterr().out.count("has the URL of drain") == 2


def test_without_keys_it_says_what_it_needs(settings: Any) -> None:
    made("https://h/")
    known, settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS, []
    with pytest.raises(CommandError, match="run migrate with the SECRET_KEY or the FIELD_ENC"):
        upgrade()
    settings.FIELD_ENCRYPTION_KEYS = known
    Drain.objects.all().delete()
    upgrade()


def test_it_goes_in_portions_and_can_be_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MIGRATION, "ROWS_AT_ONCE", 10)
    for number in range(25):
        made(f"https://h/{number}")
    with CaptureQueriesContext(connection) as queries:
        upgrade()
    asked = [q["sql"] for q in queries if 'FROM "drains_drain"' in q["sql"]]
    assert sum("LIMIT 10" in sql for sql in asked) == 4  # of ten, ten, five, none
    before = set(Drain.objects.values_list("pk", "url_digest", "address"))

    upgrade()

    assert set(Drain.objects.values_list("pk", "url_digest", "address")) == before


def test_a_url_that_somebody_changes_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    pk = made("https://before/")
    renew = MIGRATION.renew

    def renewed(drain: Any) -> Any:
        Drain.objects.filter(pk=pk).update(url="https://after/", url_digest="of after")
        return renew(drain)

    monkeypatch.setattr(MIGRATION, "renew", renewed)

    upgrade()

    drain = Drain.objects.get(pk=pk)
    assert (drain.plain_url, drain.url_digest) == ("https://after/", "of after")


def test_histories_and_the_admins_log_lose_keys_too() -> None:
    """Also those of drains that are gone: nobody knows whether a user was the secret."""
    rows = DrainEvent.objects
    at = datetime(2026, 1, 1, tzinfo=UTC)
    addresses = {
        f"https://t0k3n:***@h:443/in/{KEY}?***": "https://***@h:443/in/***cdef?***",
        "https://h:443/in": "https://h:443/in",
        "syslog://h:514": "syslog://h:514",
    }
    for number, address in enumerate(addresses):
        told = {"owner": "gold-gs", "address": address, "what": "made", "at": at, "minute": at}
        rows.create(drain=_uuid(number), **told)
    user = User.objects.create(username="operator")
    kind = ContentType.objects.get_for_model(Drain)
    for said in (f"gold-gs → https://t0k3n:***@h:443/{KEY}", "gold-gs → syslog://h:514"):
        LogEntry.objects.create(
            user=user, content_type=kind, object_repr=said, action_flag=1, object_id="1"
        )

    upgrade()

    assert set(DrainEvent.objects.values_list("address", flat=True)) == set(addresses.values())
    assert set(LogEntry.objects.values_list("object_repr", flat=True)) == {
        "gold-gs → https://***@h:443/***cdef",
        "gold-gs → syslog://h:514",
    }


def test_what_grows_by_its_stars_is_cut_to_its_column() -> None:
    """Letters that URLs escape: a database that counts characters would refuse the row."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    address = ("https://u:***@h:443" + ("/k3y45678" + "\U0001f600" * 4) * 200)[:2100]
    DrainEvent.objects.create(
        drain=_uuid(0), owner="gold-gs", address=address, what="made", at=at, minute=at
    )
    token = Fernet(Fernet.generate_key()).encrypt(b"https://h/").decode()
    lost = made("https://h/", address=address)
    Drain.objects.filter(pk=lost).update(url=Encrypted(token))
    LogEntry.objects.create(
        user=User.objects.create(username="operator"),
        content_type=ContentType.objects.get_for_model(Drain),
        object_repr=f"gold-gs → {address}"[:200],
        action_flag=1,
        object_id="1",
    )

    upgrade()

    assert len(DrainEvent.objects.get().address) == 2100
    assert len(Drain.objects.get(pk=lost).address) == 2100
    assert len(LogEntry.objects.get().object_repr) == 200


def test_an_installation_of_before_writes_what_the_version_before_can_read(
    transactional_db: None,
) -> None:
    """Until `rotatesecrets`: during an upgrade its workers are still there."""
    with drains_of(BEFORE) as old:
        old._meta.apps.get_model("drains", "Installation").objects.create(public_id="x")
        upgrade_tables()
        assert Installation.objects.get().has_former_key
    assert not Installation(public_id="new").has_former_key


def _uuid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"
