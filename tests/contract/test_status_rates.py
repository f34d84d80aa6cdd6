"""What a drain was sent when, beside its status: written where it is news, in every database."""

from __future__ import annotations

from typing import Any

import pytest

from drains.models import DrainStatus
from drains.services import create_drain
from events.keys import AppKey
from shuttle.commit.database_store import DatabaseStore
from shuttle.commit.store import FeedStatus
from tests.support.reports import alive

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["sqlite", "postgres"], autouse=True)
def any_database(request: pytest.FixtureRequest) -> None:
    if request.param == "postgres":
        request.getfixturevalue("in_postgres")


def test_what_was_sent_when_stays_as_it_is_until_it_is_told_anew() -> None:
    store = DatabaseStore("logshuttle")
    drains = [create_drain(AppKey(app, "gs"), "syslog://h:514", begin=()) for app in ("a", "b")]
    one, two = (FeedStatus(str(of.pk), "live", "", None, None, lines_sent=1) for of in drains)
    told: dict[str, Any] = {"sent_by_minute": "1 2 3", "sent_by_quarter": "4 5 6"}
    store.publish(alive("w1"), [one._replace(**told), two._replace(**told)])
    anew: dict[str, Any] = {"sent_by_minute": "1 2 4", "sent_by_quarter": "4 5 7"}
    store.publish(
        alive("w1"),
        [one._replace(lines_sent=2, lines_lately=9), two._replace(lines_sent=2, **anew)],
    )
    rows = DrainStatus.objects.order_by("drain__app")
    assert [
        (row.lines_sent, row.lines_lately, row.sent_by_minute, row.sent_by_quarter) for row in rows
    ] == [(2, 9, "1 2 3", "4 5 6"), (2, 0, "1 2 4", "4 5 7")]
