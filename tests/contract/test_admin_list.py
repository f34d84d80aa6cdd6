"""The list of drains: worst first, narrowed by state, and no query makes it stumble."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from drains import services
from drains.models import Drain
from events.keys import AppKey
from shuttle.commit.status_rows import write_statuses
from shuttle.commit.store import FeedStatus

LIST = "/admin/drains/drain/"


@pytest.fixture
def drains(db: None) -> dict[str, Drain]:
    """By their state; all are of apps of that name."""
    states = ("live", "failing", "replaying", "paused")
    made = {
        state: services.create_drain(AppKey(state, "gs"), f"syslog://{state}.example.com:514")
        for state in states
    }
    statuses = [
        FeedStatus(str(drain.pk), "live" if state == "paused" else state, "", None, None)
        for state, drain in made.items()
    ]
    write_statuses("w1", [status._replace(lines_sent=1) for status in statuses])
    services.change_drain(made["paused"], paused=True)
    return made


def shown(page: Any) -> list[str]:
    """The owners of its rows."""
    assert page.status_code == 200
    return re.findall(r'class="field-owner"><a [^>]*>([^<]*)-gs<', page.content.decode())


def test_what_is_worst_off_stands_first(operator: Client, drains: dict[str, Drain]) -> None:
    assert shown(operator.get(LIST))[:2] == ["failing", "replaying"]


@pytest.mark.parametrize("state", ["live", "failing", "replaying", "paused"])
def test_a_state_narrows_it(operator: Client, drains: dict[str, Drain], state: str) -> None:
    page = operator.get(LIST, {"state": state})
    assert shown(page) == [state]
    assert "Failing (1)" in page.content.decode()


def test_one_is_found_by_its_id_and_by_its_receiver(
    operator: Client, drains: dict[str, Drain]
) -> None:
    for text in (str(drains["failing"].pk), str(drains["failing"].pk)[:8], "failing.example"):
        assert shown(operator.get(LIST, {"q": text})) == ["failing"]
    assert shown(operator.get(LIST, {"scheme": "https"})) == []


@pytest.mark.parametrize(
    "query",
    [
        {"state": "nonsense"},
        {"p": "x"},
        {"p": "0"},
        {"p": "9999"},
        {"o": "x"},
        {"space__foo": "1"},
        {"nobody": "1"},
        {"created_at__gte": "x"},
    ],
)
def test_a_query_that_makes_no_sense_is_a_400(
    operator: Client, drains: dict[str, Drain], query: dict[str, str]
) -> None:
    assert operator.get(LIST, query).status_code == 400


def test_many_are_tried_at_once_and_paused_ones_are_told(
    operator: Client, drains: dict[str, Drain]
) -> None:
    ids = [drains[name].pk for name in ("failing", "replaying", "paused")]
    page = operator.post(LIST, {"action": "try_now", "_selected_action": ids}, follow=True)
    said = page.content.decode()
    assert "2 drains tried" in said
    assert "1 drain paused: resume them first" in said
    assert {drain.tries for drain in Drain.objects.filter(pk__in=ids[:2])} == {1}
