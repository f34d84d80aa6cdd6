"""Rows → routes: one that cannot be read here is not one that is gone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.fernet import Fernet

from drains import services
from drains.destination import NOWHERE
from drains.fields import UndecryptableError
from drains.models import Drain
from drains.option_values import DrainOptions
from drains.selectors import route_changes
from events.keys import AppKey, Key
from tests.support.routes import load_route_table

pytestmark = pytest.mark.django_db

GOLD, BOLD = AppKey("gold", "gs"), AppKey("bold", "hs")
LACKS_THE_KEY = "FIELD_ENCRYPTION_KEYS lacks the key"


def faults() -> dict[Key, str]:
    """By whose the drains are."""
    return {key: routes[0].fault for key, routes in load_route_table().by_key.items()}


def test_a_drain_that_nobody_can_read_stays_and_says_so(settings: Any) -> None:
    services.create_drain(GOLD, "syslog://h:514", on_lag="skip", connections=3)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    services.create_drain(BOLD, "syslog://h:514")

    assert faults() == {GOLD: f"its URL cannot be read: {LACKS_THE_KEY}", BOLD: ""}
    (lost,) = load_route_table().by_key[GOLD]
    assert (lost.destination, lost.takes_lines, lost.rests) == (NOWHERE, False, True)
    assert (lost.options.on_lag, lost.options.connections) == ("skip", 3)
    with pytest.raises(UndecryptableError):
        _ = Drain.objects.of(GOLD).get().plain_url


def test_a_url_that_todays_rules_refuse_keeps_its_drain() -> None:
    drain = services.create_drain(GOLD, "syslog://h:514")
    drain.url = "syslog://h:0"
    drain.save()

    assert faults()[GOLD].startswith("its URL cannot be used: the URL's port must be")


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        ({"filter": {"include": "(a"}}, "its options cannot be used: "),
        ({"framing": "of a newer version"}, "its options cannot be used: "),
        ({"tls": "gAAAAAB"}, f"its options cannot be read: {LACKS_THE_KEY}"),
    ],
)
def test_options_that_cannot_be_used_keep_their_drain(stored: Any, says: str) -> None:
    services.create_drain(GOLD, "syslog+tls://h:6514")
    Drain.objects.update(stored_options=json.dumps({**stored, "connections": 2}))

    (lost,) = load_route_table().by_key[GOLD]
    assert lost.fault.startswith(says)
    assert (lost.destination, lost.options) == (NOWHERE, DrainOptions(connections=2))


def test_a_drain_that_cannot_be_read_is_tried_again_when_it_has_changed(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    known = settings.FIELD_ENCRYPTION_KEYS
    drain = services.create_drain(GOLD, "syslog://h:514")
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    first = route_changes(None)
    assert first.routes[0].fault
    assert not route_changes(first.mark).routes
    assert caplog.text.count(LACKS_THE_KEY) == 1

    services.change_drain(drain, url="syslog://other:514")
    assert route_changes(first.mark).routes[0].destination.host == "other"

    settings.FIELD_ENCRYPTION_KEYS = known
    assert route_changes(None).routes[0].fault, "the new one's key is lost now"
