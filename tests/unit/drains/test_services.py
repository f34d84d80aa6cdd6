"""What the database holds, and what workers get of it."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from drains import services
from drains.fields import UndecryptableError
from drains.models import Drain
from drains.selectors import load_route_table, route_version
from events.keys import AppKey, SiteKey

pytestmark = pytest.mark.django_db

GOLD, BOLD = AppKey("gold", "gs"), AppKey("bold", "hs")
SECRET_URL = "https://user:hunter2@h.example/in?key=t0p"


def test_routes_are_what_drains_say() -> None:
    gold = services.create_drain(GOLD, "syslog://h:514")
    site = services.create_drain(SiteKey("www.gold.example"), SECRET_URL)
    services.change_drain(site, paused=True)

    table = load_route_table()

    assert table.version == route_version()
    assert table.spaces == {"gs"}
    (route,) = table.by_key[GOLD]
    assert (route.drain_id, route.destination.port, route.paused) == (str(gold.pk), 514, False)
    assert route.active_since_ms <= gold.active_since.timestamp() * 1000 < route.active_since_ms + 1
    assert table.by_id[str(site.pk)].paused


def test_a_url_is_not_to_be_read_in_the_database() -> None:
    services.create_drain(GOLD, SECRET_URL)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM drains_drain")
        columns = str(cursor.fetchall())

    assert "hunter2" not in columns
    assert "t0p" not in columns
    assert Drain.objects.get().plain_url == SECRET_URL


def test_a_drain_that_nobody_can_read_does_not_keep_the_others(settings: Any) -> None:
    services.create_drain(GOLD, "syslog://h:514")
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    services.create_drain(BOLD, "syslog://h:514")

    assert load_route_table().by_key.keys() == {BOLD}
    with pytest.raises(UndecryptableError):
        _ = Drain.objects.of(GOLD).get().plain_url


def test_an_old_key_still_reads_what_it_wrote(settings: Any) -> None:
    services.create_drain(GOLD, "syslog://h:514")
    settings.FIELD_ENCRYPTION_KEYS = [
        Fernet.generate_key().decode(),
        *settings.FIELD_ENCRYPTION_KEYS,
    ]

    assert load_route_table().by_key.keys() == {GOLD}
