"""Drains of two spellings of a site: one name, and of twins the older goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from drains.models import Drain, DrainCursor
from drains.services import change_drain
from events.keys import AppKey, SiteKey
from tests.support.migrating import drains_of, upgrade
from tests.support.routes import load_route_table

BEFORE = "0007_stored_options"
SHOP = "www.shop.example"


@pytest.fixture
def old(transactional_db: None) -> Iterator[Any]:
    """The model of a drain in a database in which sites are spelled as they were given."""
    with drains_of(BEFORE) as model:
        yield model


def add(old: Any, site: str, url: str = "https://h/", **columns: Any) -> Any:
    return old.objects.create(site=site, url=url, url_digest=url, address=url, **columns).pk


def sites() -> dict[Any, tuple[str, bool]]:
    return {drain.pk: (drain.site, drain.paused) for drain in Drain.objects.all()}


def test_names_become_one_spelling_and_nothing_else_changes(old: Any) -> None:
    given = [SHOP, "WWW.Other.Example.", "third.example:443", "[::1]:80", ":80"]
    pks = [add(old, site) for site in given]
    app = old.objects.create(app="Shop", space="gs", url="u", url_digest="d", address="u").pk
    before = dict(old.objects.values_list("pk", "updated_at"))

    upgrade()

    read = [SHOP, "www.other.example", "third.example", "[::1]", ":80"]
    assert sites() == {
        **{pk: (site, False) for pk, site in zip(pks, read, strict=True)},
        app: ("", False),
    }
    assert Drain.objects.get(pk=app).key == AppKey("Shop", "gs")
    assert dict(Drain.objects.values_list("pk", "updated_at")) == before
    assert Drain.objects.get(pk=app).url_digest == "d"


@pytest.mark.parametrize(
    "spellings",
    [
        ("WWW.Shop.example", SHOP),
        (SHOP, "WWW.Shop.example"),
        ("Www.Shop.example", f"{SHOP}.", f"{SHOP}:443", SHOP),
    ],
)
def test_of_twins_the_older_goes_on_and_the_others_are_paused_and_named(
    old: Any, spellings: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    first, *others = [add(old, site) for site in spellings]
    elsewhere = add(old, "WWW.SHOP.EXAMPLE", "https://elsewhere/")

    upgrade()

    assert sites() == {
        first: (SHOP, False),
        elsewhere: (SHOP, False),
        **dict.fromkeys(others, (SHOP, True)),
    }
    told = [line for line in capsys.readouterr().out.splitlines() if "is paused" in line]
    assert len(told) == len(others)
    for pk, line in zip(others, told, strict=True):
        assert all(part in line for part in (str(pk), str(first), SHOP, "https://h/"))


def test_a_twin_keeps_its_place_and_can_go_on(old: Any) -> None:
    add(old, SHOP)
    twin = add(old, "WWW.Shop.example", paused=False)
    DrainCursor.objects.create(drain_id=twin, topic="alamoweblogs", partition=0, offset=7)

    upgrade()
    drain = change_drain(Drain.objects.get(pk=twin), paused=False)

    assert drain.cursors.get().offset == 7
    assert [route.paused for route in load_route_table().by_key[SiteKey(SHOP)]] == [False, False]


def test_many_drains(old: Any) -> None:
    old.objects.bulk_create(
        old(site=site.format(n), url="u", url_digest="d", address="u")
        for n in range(700)
        for site in ("w{}.example", "W{}.Example")
    )

    upgrade()

    found = list(sites().values())
    assert len(found) == 1400
    assert all(
        found.count((f"w{n}.example", paused)) == 1
        for n in range(0, 700, 70)
        for paused in (True, False)
    )
