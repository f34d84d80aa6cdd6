"""Drains of the time before: when their certificates end is known, where they can be read."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from drains.fields import encrypted
from drains.models import Drain
from drains.options.pem import ends_at
from tests.support.certificates import Authority
from tests.support.migrating import drains_of, upgrade

BEFORE = "0014_drain_events"
CLIENT = Authority().client()


def stored(**tls: str) -> str:
    return json.dumps({"connections": 2, "tls": encrypted(json.dumps(tls))})


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (stored(ca="", certificate=CLIENT.chain, key=CLIENT.key), ends_at(CLIENT.chain)),
        (stored(ca=CLIENT.chain), None),
        (stored(certificate="no certificate"), None),
        (json.dumps({"tls": "of a key that is lost"}), None),
        ('{"tls": 5}', None),
        ('"tls", cut off', None),
        (json.dumps({"headers": '"tls"'}), None),
        ("", None),
    ],
)
def test_it_is_read_from_the_options_where_that_can_be(
    transactional_db: None, options: str, found: datetime | None
) -> None:
    with drains_of(BEFORE) as old:
        columns: dict[str, Any] = {"app": "gold", "space": "gs", "url_digest": "x"}
        pk = old.objects.create(url="lost", address="", stored_options=options, **columns).pk
        upgrade()
        assert Drain.objects.defer("url").get(pk=pk).certificate_ends_at == found
