"""What is done to several rows: each is asked about, and more than a page of them is confirmed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from drains import services
from drains.admin import DrainAdmin
from drains.models import Drain
from events.keys import AppKey
from shuttle.commit.store import FeedStatus
from tests.support.reports import write_statuses

LIST = "/admin/drains/drain/"
ALL: dict[str, Any] = {"select_across": 1, "index": 0}


def drains(*apps: str) -> dict[str, Drain]:
    urls = {app: f"syslog://{app}.example.com:514" for app in apps}
    return {app: services.create_drain(AppKey(app, "gs"), url) for app, url in urls.items()}


def paused() -> set[str]:
    return set(Drain.objects.filter(paused=True).values_list("app", flat=True))


def act(client: Client, action: str, query: str = "", **values: Any) -> Any:
    """What is shown after it."""
    data = {"action": action, "index": 0, **values}
    return client.post(f"{LIST}{query}", data, follow=True).content.decode()


@pytest.fixture
def gold_alone(monkeypatch: pytest.MonkeyPatch) -> dict[str, Drain]:
    """An installation whose operators may touch the drains of one app only."""

    def may(self: Any, request: Any, obj: Drain | None = None) -> bool:
        return obj is None or obj.app == "gold"

    for name in ("change", "delete"):
        monkeypatch.setattr(DrainAdmin, f"has_{name}_permission", may)
    return drains("gold", "bold")


def test_of_several_only_those_are_touched_that_may_be(
    operator: Client, gold_alone: dict[str, Drain]
) -> None:
    ids = [drain.pk for drain in gold_alone.values()]
    for action, check in (("pause", {"gold"}), ("resume", set())):
        said = act(operator, action, _selected_action=ids)
        assert "1 drain" in said
        assert "since you may not do this to them: 1 of 2" in said
        assert paused() == check
    act(operator, "try_now", _selected_action=ids)
    assert {drain.app: drain.tries for drain in Drain.objects.all()} == {"gold": 1, "bold": 0}
    act(operator, "delete_selected", _selected_action=ids, post="yes")
    assert [drain.app for drain in Drain.objects.all()] == ["bold"]


def test_where_none_may_be_touched_nothing_is_said_to_be_done(
    operator: Client, gold_alone: dict[str, Drain]
) -> None:
    said = act(operator, "pause", _selected_action=[gold_alone["bold"].pk])
    assert "1 of 1" in said
    assert "workers act" not in said
    assert paused() == set()


def test_ways_of_our_own_ask_about_the_row_too(
    operator: Client, gold_alone: dict[str, Drain]
) -> None:
    gold, bold = gold_alone["gold"].pk, gold_alone["bold"].pk
    assert operator.post(f"{LIST}{bold}/act", {"action": "pause"}).status_code == 403
    assert operator.post(f"{LIST}{gold}/act", {"action": "pause"}).status_code == 200
    assert b'value="test"' not in operator.get(f"{LIST}{bold}/parts").content
    assert b'value="test"' in operator.get(f"{LIST}{gold}/parts").content
    assert operator.post(f"{LIST}{bold}/change/", {"name": "mine"}).status_code == 403
    assert operator.get(f"{LIST}{bold}/delete/").status_code == 403
    assert paused() == {"gold"}


def test_a_cause_on_the_first_page_is_acted_on_for_those_alone(
    operator: Client, gold_alone: dict[str, Drain]
) -> None:
    Drain.objects.update(host="logs.example.com", port=514)
    failing = [
        FeedStatus(str(drain.pk), "failing", "no", 1.8e9, None) for drain in gold_alone.values()
    ]
    write_statuses("w1", failing)
    of = {"host": "logs.example.com", "port": "514", "why": "no"}
    said = operator.post("/admin/overview/act", {"action": "pause", **of}).json()["said"]
    assert said.startswith("1 drain paused")
    assert paused() == {"gold"}


def test_rows_that_are_not_seen_are_not_there(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = drains("gold", "bold")
    seen = DrainAdmin.get_queryset
    monkeypatch.setattr(
        DrainAdmin, "get_queryset", lambda self, request: seen(self, request).filter(app="gold")
    )
    bold = made["bold"].pk
    assert operator.get(f"{LIST}{bold}/parts").status_code == 404
    assert operator.post(f"{LIST}{bold}/act", {"action": "pause"}).status_code == 404
    assert operator.get(f"{LIST}{bold}/change/").status_code == 302, (
        "Django leads to the first page"
    )
    act(operator, "pause", _selected_action=[bold])
    assert paused() == set()


# More than a page.


@pytest.fixture
def four(operator: Client, monkeypatch: pytest.MonkeyPatch) -> dict[str, Drain]:
    monkeypatch.setattr(DrainAdmin, "list_per_page", 2)
    return drains("gold", "bold", "cold", "odd")


def test_all_that_match_are_named_by_their_number_first(
    operator: Client, four: dict[str, Drain]
) -> None:
    asked = act(operator, "pause", "?q=old", **ALL)
    assert "Pause: 3 drains?" in asked
    assert "All that match now (q: old)" in asked
    assert "gold-gs → syslog://gold.example.com:514" in asked
    assert re.findall(r'name="confirmed" value="(\d+)"', asked) == ["3"]
    assert paused() == set()

    assert "3 drains paused" in act(operator, "pause", "?q=old", confirmed="3", **ALL)
    assert paused() == {"gold", "bold", "cold"}


def test_who_matches_only_by_now_is_left_alone(operator: Client, four: dict[str, Drain]) -> None:
    drains("fold")
    said = act(operator, "pause", "?q=old", confirmed="3", **ALL)
    assert "1 more match by now: they are left as they are" in said
    assert paused() == {"gold", "bold", "cold"}


def test_fewer_are_fewer(operator: Client, four: dict[str, Drain]) -> None:
    four["gold"].delete()
    assert "2 drains paused" in act(operator, "pause", "?q=old", confirmed="3", **ALL)


@pytest.mark.parametrize("confirmed", ["", "x", "-1", "³"])
def test_a_number_that_is_none_confirms_nothing(
    confirmed: str, operator: Client, four: dict[str, Drain]
) -> None:
    assert "4 drains?" in act(operator, "pause", confirmed=confirmed, **ALL)
    assert paused() == set()


@pytest.mark.parametrize("action", ["resume", "try_now", "test"])
def test_every_action_asks(action: str, operator: Client, four: dict[str, Drain]) -> None:
    assert ": 4 drains?" in act(operator, action, **ALL)


def test_those_with_a_page_of_their_own_ask_once(operator: Client, four: dict[str, Drain]) -> None:
    assert "Delete 4 drains?" in act(operator, "delete_selected", **ALL)
    assert "Send lines of 4 drains again" in act(operator, "send_again", **ALL)


def test_a_page_asks_nobody(operator: Client, four: dict[str, Drain]) -> None:
    ids = [drain.pk for drain in four.values()]
    assert "paused; workers act" in act(operator, "pause", _selected_action=ids[:2])


def test_without_scripts_all_that_match_can_be_chosen(
    operator: Client, four: dict[str, Drain]
) -> None:
    page = operator.get(LIST).content.decode()
    assert '<noscript><label><input type="checkbox" name="select_across" value="1">' in page
    said = act(operator, "pause", select_across=["0", "1"])  # as a browser sends both
    assert "Pause: 4 drains?" in said
