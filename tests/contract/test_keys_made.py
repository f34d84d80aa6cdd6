"""API keys: how they are made, replaced and revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from events.changes import Change, ignore, listen
from logshuttle_site.access import services
from logshuttle_site.access.errors import InvalidKeyError
from logshuttle_site.access.models import ApiKey
from tests.contract.conftest import Api
from tests.support.keys import new_key, row_of

APP = "/apps/gold-gs/log-drains"

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("wrong", "field", "why"),
    [
        ({"name": " "}, "name", "is empty"),
        ({"name": "x" * 101}, "name", "longer than 100"),
        ({"name": "a\nb"}, "name", "control character"),
        ({"scopes": []}, "scopes", "give one at least"),
        ({"scopes": ["all"]}, "scopes", "'all' is none of operator, drains"),
        ({"scopes": ["secrets"]}, "scopes", "beside drains or read"),
        ({"scopes": ["events", "secrets"]}, "scopes", "beside drains or read"),
        ({"reach": []}, "reach", "is empty: say whose drains and lines; * is everything"),
        ({"reach": ["shop-demo"]}, "reach", "is none of app:NAME-SPACE"),
        ({"reach": [f"app:a{n}-b" for n in range(101)]}, "reach", "at most 100"),
        ({"scopes": ["operator"], "reach": ["app:a-b"]}, "reach", "reaches everything"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(wrong: Any, field: str, why: str) -> None:
    good = {"name": "n", "scopes": ["drains"], "reach": ["app:a-b"]}
    with pytest.raises(InvalidKeyError) as caught:
        services.create_key(**{**good, **wrong})
    assert why in caught.value.faults[field]
    assert not ApiKey.objects.exists()


def test_two_are_alive_for_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    old = new_key("drains", reach=["app:gold-gs"], lives=timedelta(days=90))
    text, new = services.rotate_key(row_of(old), beside=timedelta(days=2))
    assert (new.scopes, new.reach, new.name) == (["drains"], ["app:gold-gs"], "of the tests")
    for key in (old, text):
        assert Api(key).get(APP).status_code == 200
    assert new.expires_at is not None
    assert round((new.expires_at - timezone.now()).total_seconds()) == 90 * 86_400
    ends = row_of(old).expires_at
    assert ends is not None
    assert round((ends - timezone.now()).total_seconds()) == 2 * 86_400
    for key in (old, text):
        with pytest.raises(InvalidKeyError, match="two are enough"):
            services.rotate_key(row_of(key))
    services.revoke_key(row_of(old))
    services.rotate_key(row_of(text))
    with pytest.raises(InvalidKeyError, match="is revoked: make a new key"):
        services.rotate_key(row_of(old))


def test_an_old_key_never_lives_longer_by_its_successor() -> None:
    old = row_of(new_key("read", lives=timedelta(hours=1)))
    before = old.expires_at
    services.rotate_key(old, beside=timedelta(days=7))
    assert ApiKey.objects.get(pk=old.pk).expires_at == before


def test_what_is_done_to_keys_is_announced_without_them() -> None:
    heard: list[Change] = []
    listener = heard.extend
    listen(listener)
    try:
        old = new_key("read", name="cart team")
        text, new = services.rotate_key(row_of(old))
        services.revoke_key(new)
        services.revoke_key(new)
    finally:
        ignore(listener)
    assert [(of.kind, of.what, of.id) for of in heard] == [
        ("key", "made", row_of(old).prefix),
        ("key", "made", new.prefix),
        ("key", "replaced", row_of(old).prefix),
        ("key", "revoked", new.prefix),
    ]
    assert heard[0].before == {}
    assert (heard[0].after["scopes"], heard[0].after["reach"]) == (["read"], ["*"])
    assert heard[2].before == {"expires_at": None}
    assert heard[3].before == {"revoked_at": None}
    assert not any(part in str(heard) for part in (old[12:], text[12:], new.digest))
