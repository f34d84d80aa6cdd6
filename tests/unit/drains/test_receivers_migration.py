"""Drains of the time before receivers were columns can be found by theirs."""

from __future__ import annotations

from typing import Any

import pytest

from drains.models import Drain
from tests.support.migrating import drains_of, upgrade

BEFORE = "0011_lines_cut"


@pytest.mark.parametrize(
    ("address", "receiver"),
    [
        ("syslog://logs.example.com:514", ("syslog", "logs.example.com", 514)),
        ("https://***:***@in.example.com:443/x?***", ("https", "in.example.com", 443)),
        ("syslog+tls://[2001:db8::1]:6514", ("syslog+tls", "2001:db8::1", 6514)),
        ("nothing that can be read [", ("", "", 0)),
    ],
)
def test_it_is_read_from_the_address_whatever_has_become_of_the_keys(
    transactional_db: None, address: str, receiver: tuple[str, str, int]
) -> None:
    with drains_of(BEFORE) as old:
        columns: dict[str, Any] = {"app": "gold", "space": "gs", "url_digest": "x"}
        pk = old.objects.create(url="lost", address=address, state="failing", **columns).pk
        upgrade()
        drain = Drain.objects.defer("url").get(pk=pk)
        assert (drain.scheme, drain.host, drain.port) == receiver
        assert (drain.severity, drain.tries) == (1, 0)
