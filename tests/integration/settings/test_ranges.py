"""Ranges of addresses, and ports: refused at the start in a line, or requests go by them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache

from logshuttle_site.forwarded import agreed
from logshuttle_site.peers import TrustedProxies
from tests.contract.conftest import Api
from tests.support.settings_start import assert_each, assert_refused, started, table

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

REFUSED, TAKEN = table("ranges")
CLIENT = "203.0.113.7"


def split(row: str) -> tuple[str, str]:
    name, _, value = row.partition("=")
    return name, value


def test_what_is_no_range_is_refused() -> None:
    assert_each(REFUSED, lambda row: assert_refused(*split(row)))


def test_requests_go_by_what_is_taken(settings: Any) -> None:
    def holds(row: str) -> None:
        found = re.fullmatch(r"(\w+)=(.*) ([→✗]) (\S+)", row)
        assert found is not None
        name, value, sign, tried = found.groups()
        setattr(settings, name, started({name: value})[name])
        try:
            if name == "TRUSTED_PROXIES":
                said, _ = agreed(
                    {b"x-forwarded-for": CLIENT}, tried, TrustedProxies(settings.TRUSTED_PROXIES)
                )
                assert said.address == CLIENT
            else:
                cache.clear()
                made = Api("key-of-the-tests").post("/apps/gold-gs/log-drains", {"url": tried})
                assert made.status_code == (201 if sign == "→" else 422), made.content
                if sign == "→":
                    Api("key-of-the-tests").delete(f"/apps/gold-gs/log-drains/{made.json()['id']}")
        finally:
            setattr(settings, name, [])

    assert_each(TAKEN, holds)
