"""Drains of the time when each option was a column keep what was chosen, there and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet

from drains.filters import LineFilter
from drains.models import Drain
from drains.option_values import DEFAULTS, DrainOptions, TlsOptions
from events.keys import AppKey
from tests.support.migrating import drains_of, migrate, upgrade
from tests.support.routes import load_route_table

BEFORE = "0006_starts"
HEADERS = {"X-Key": "s3cret", "x-b": "1"}
TLS = {"ca": "a CA", "certificate": "a certificate", "key": "a s3cret key"}
FILTER = {
    "sources": ["app"],
    "processes": ["web", "worker"],
    "streams": ["stderr"],
    "include": "a+ő",
    "exclude": "health",
}
CHOSEN = DrainOptions(
    framing="octet",
    format="logplex",
    on_lag="skip",
    max_lag_seconds=60,
    connections=3,
    filter=LineFilter(
        frozenset({"app"}), frozenset({"web", "worker"}), frozenset({"stderr"}), "a+ő", "health"
    ),
    headers=tuple(HEADERS.items()),
    tls=TlsOptions(**TLS),
)
PLAIN = ("framing", "format", "on_lag", "max_lag_seconds", "connections")
COLUMNS: dict[str, Any] = {
    **{name: getattr(CHOSEN, name) for name in PLAIN},
    "filter": FILTER,
    "headers": json.dumps(HEADERS),
    "tls": json.dumps(TLS),
}
"""CHOSEN as version 0006 of the schema has it."""


@pytest.fixture
def old(transactional_db: None) -> Iterator[Any]:
    """The model of a drain whose options are columns, in a database that has them."""
    with drains_of(BEFORE) as model:
        yield model


def drain_of(old: Any, app: str, **columns: Any) -> Any:
    return old(app=app, space="gs", url="https://h/", url_digest="x", address="x", **columns)


def rows_of(old: Any) -> list[Any]:
    """What is encrypted in them stays so: equal texts are the very same."""
    return list(old.objects.order_by("app").values_list("app", *COLUMNS, "updated_at"))


def test_every_option_is_kept(old: Any) -> None:
    drain_of(old, "all", **COLUMNS).save()
    drain_of(old, "none").save()
    drain_of(old, "two", connections=2, filter={**FILTER, "include": "(a"}).save()
    rows = rows_of(old)

    upgrade()

    stored = dict(Drain.objects.values_list("app", "stored_options"))
    assert Drain.objects.get(app="all").options == CHOSEN
    assert "s3cret" not in stored["all"]
    assert stored["none"] == ""
    assert json.loads(stored["two"]).keys() == {"connections", "filter"}
    # A pattern that could not be used before cannot be used now, and keeps nobody else out.
    routes = load_route_table().by_key
    usable = {key for key, (route,) in routes.items() if route.takes_lines}
    assert usable == {AppKey("all", "gs"), AppKey("none", "gs")}
    assert routes[AppKey("none", "gs")][0].options == DEFAULTS
    migrate(BEFORE)
    assert rows_of(old) == rows


def test_what_nobody_can_read_is_kept_for_the_day_when_its_key_is_found(
    old: Any, settings: Any
) -> None:
    known, lost = settings.FIELD_ENCRYPTION_KEYS, [Fernet.generate_key().decode()]
    settings.FIELD_ENCRYPTION_KEYS = lost
    drain_of(old, "lost", **COLUMNS).save()
    settings.FIELD_ENCRYPTION_KEYS = known
    rows = rows_of(old)

    upgrade()

    drain = Drain.objects.get()
    assert load_route_table().by_key[AppKey("lost", "gs")][0].fault
    assert (drain.shown_options.connections, drain.shown_options.headers) == (3, ())
    migrate(BEFORE)
    assert rows_of(old) == rows
    upgrade()
    settings.FIELD_ENCRYPTION_KEYS = lost
    assert Drain.objects.get().options == CHOSEN


def test_more_drains_than_are_written_at_once(old: Any) -> None:
    given = {f"a{number}": 2 + number % 39 for number in range(1_201)}
    old.objects.bulk_create(drain_of(old, app, connections=n) for app, n in given.items())

    upgrade()

    assert {drain.app: drain.options.connections for drain in Drain.objects.all()} == given
    migrate(BEFORE)
    assert dict(old.objects.values_list("app", "connections")) == given
