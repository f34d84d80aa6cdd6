"""A start with keys that cannot read all rows: one message says which, and what to do."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps

from drains import services, unreadable
from drains.fields import Encrypted
from drains.models import Drain
from drains.selectors import route_changes
from drains.unreadable import what_cannot_be_read
from events.keys import AppKey
from logshuttle_site.management.commands import runweb
from logshuttle_site.notifications.models import Recipient

pytestmark = pytest.mark.django_db


def lost(text: str = "syslog://h:514") -> Encrypted:
    return Encrypted(Fernet(Fernet.generate_key()).encrypt(text.encode()).decode())


def drains(count: int, *, unreadable: int) -> list[Drain]:
    made = [services.create_drain(AppKey(f"a{n}", "gs"), "syslog://h:514") for n in range(count)]
    Drain.objects.filter(pk__in=[of.pk for of in made[:unreadable]]).update(url=lost())
    return made


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(("count", "more"), [(2, ""), (20, ""), (23, " and 3 more")])
def test_a_worker_tells_of_all_in_one_message(
    count: int, more: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = drains(count + 1, unreadable=count)
    lost_options = Drain.objects.filter(pk=made[0].pk)
    lost_options.update(url=made[-1].url, stored_options=f'{{"headers": "{lost("{}")}"}}')

    changes = route_changes(None)

    (message,) = said(caplog)
    assert message.startswith(f"{count} drains wait: FIELD_ENCRYPTION_KEYS lacks the key. Add the")
    assert message.count(" → syslog://h:514)") == min(count, 20)
    assert message.endswith(f"{more}.")
    assert len([route for route in changes.routes if not route.fault]) == 1


def test_one_drain_is_named(caplog: pytest.LogCaptureFixture) -> None:
    drain, *_ = drains(2, unreadable=1)
    route_changes(None)
    (message,) = said(caplog)
    assert message.startswith(f"Drain {drain.pk} (a0-gs → syslog://h:514) waits: FIELD_ENCRYPTION")


def test_the_web_looks_at_some_and_says_what_it_found(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    drains(5, unreadable=5)
    Recipient.objects.create(address=lost("https://h/"), shown="https://h/", secret="")
    with monkeypatch.context() as patch:
        patch.setattr(unreadable, "LOOKED_AT_MAX", 3)
        sampled = what_cannot_be_read(apps.get_models())
    assert "3 of 3 looked at, of 5 drains: " in sampled

    monkeypatch.setattr("django.db.connection.close", lambda: None)
    runweb._say_what_cannot_be_read()

    (message,) = said(caplog)
    assert "5 of 5 drains: " in message
    assert "1 of 1 recipients: " in message
    assert "all others go on" in message


def test_nothing_is_said_where_all_can_be_read(settings: Any) -> None:
    drains(2, unreadable=0)
    old = settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *old]
    assert what_cannot_be_read(apps.get_models()) == ""
