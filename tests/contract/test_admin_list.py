"""The list of drains: worst first, narrowed by state, and no query makes it stumble."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from drains import services
from drains.display.cells import receiver
from drains.models import Drain
from events.keys import AppKey
from shuttle.commit.store import FeedStatus
from tests.support.reports import dead, write_statuses

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
    return re.findall(r'class="field-owner[^>]*><a [^>]*><b>([^<]*)</b>-gs<', page.content.decode())


def test_what_is_worst_off_stands_first(operator: Client, drains: dict[str, Drain]) -> None:
    assert shown(operator.get(LIST))[:2] == ["failing", "replaying"]


@pytest.mark.parametrize("state", ["live", "failing", "replaying", "paused"])
def test_a_state_narrows_it(operator: Client, drains: dict[str, Drain], state: str) -> None:
    page = operator.get(LIST, {"state": state})
    assert shown(page) == [state]
    assert 'Failing <span class="n">1</span>' in page.content.decode()


def test_one_is_found_by_its_id_and_by_its_receiver(
    operator: Client, drains: dict[str, Drain]
) -> None:
    for text in (str(drains["failing"].pk), str(drains["failing"].pk)[:8], "failing.example"):
        assert shown(operator.get(LIST, {"q": text})) == ["failing"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"scheme": "https"}, set()),
        ({"scheme": "syslog"}, {"live", "failing", "replaying", "paused"}),
        ({"space": "gs"}, {"live", "failing", "replaying", "paused"}),
        ({"space": "other"}, set()),
        ({"receiver": "live.example.com:514"}, {"live"}),
        ({"receiver": "live.example.com:515"}, set()),
    ],
)
def test_menus_narrow_it(
    operator: Client, drains: dict[str, Drain], query: dict[str, str], found: set[str]
) -> None:
    assert set(shown(operator.get(LIST, query))) == found


def test_a_menu_says_what_is_chosen_and_offers_what_most_drains_have(
    operator: Client, drains: dict[str, Drain]
) -> None:
    page = operator.get(LIST, {"scheme": "syslog"}).content.decode()
    assert ">Scheme: syslog</summary>" in page
    assert 'live.example.com:514 <span class="quiet n">1</span>' in page


@pytest.mark.parametrize("column", ["5", "-5", "6", "-6", "7", "-7"])
def test_it_is_sorted_by_what_waits_flows_and_is_lost(
    operator: Client, drains: dict[str, Drain], column: str
) -> None:
    status = FeedStatus(str(drains["live"].pk), "live", "", None, None, lines_sent=1)
    write_statuses("w2", [status._replace(lag_messages=9, lines_lately=9, lines_lost=9)])
    found = shown(operator.get(LIST, {"o": column}))
    assert (found[-1] if column.startswith("-") else found[0]) == "live"


@pytest.mark.parametrize(("column", "is_of_now"), [("5", True), ("6", True), ("7", False)])
def test_what_a_worker_that_is_gone_said_of_then_sorts_nothing(
    operator: Client, drains: dict[str, Drain], column: str, is_of_now: bool
) -> None:
    for worker, of, count in (("died", "failing", 99), ("w2", "live", 9)):
        status = FeedStatus(str(drains[of].pk), of, "", None, None, lines_sent=1)
        said = status._replace(lag_messages=count, lines_lately=count, lines_lost=count)
        write_statuses(worker, [said])
    dead("died")
    first = shown(operator.get(LIST, {"o": column}))[0]
    assert first == ("live" if is_of_now else "failing")


def test_how_far_behind_a_drain_is_that_nobody_speaks_of_is_known_while_a_worker_lives(
    operator: Client, drains: dict[str, Drain]
) -> None:
    services.create_drain(AppKey("new", "gs"), "syslog://new.example.com:514", begin=())
    for shown_as in ('<span class="quiet">0</span>', "–"):
        page = operator.get(LIST, {"q": "new.example"}).content.decode()
        assert re.findall(r'class="field-behind[^>]*>(.*?)</td>', page) == [shown_as]
        dead("w1")


@pytest.mark.parametrize(
    ("url", "cell"),
    [
        ("syslog://syslog:514", ("syslog://", "syslog", ":514")),
        ("https://s:s@s/s", ("https://s:***@", "s", ":443/s")),
        ("syslog+tls://[2606:4700::11]:6514", ("syslog+tls://[", "2606:4700::11", "]:6514")),
    ],
)
def test_the_host_is_what_is_bold(db: None, url: str, cell: tuple[str, str, str]) -> None:
    drain = services.new_drain(AppKey("gold", "gs"), url)
    found = re.fullmatch(
        r"<span[^>]*>(.*)</span><b>(.*)</b><span[^>]*>(.*)</span>", receiver(drain)
    )
    assert found is not None
    assert found.groups() == cell


def test_a_list_that_is_renewed_comes_without_the_frame(
    operator: Client, drains: dict[str, Drain]
) -> None:
    part = operator.get(LIST, headers={"X-Part": "1"})
    assert b"<html" not in part.content
    assert set(re.findall(rb'id="([a-z]+)" data-live', part.content)) == {
        b"tabs",
        b"rows",
        b"failing",
    }
    assert shown(part) == shown(operator.get(LIST))


def test_all_that_match_a_filter_are_paused_and_no_others(
    operator: Client, drains: dict[str, Drain]
) -> None:
    """Though only one of the page is chosen."""
    data = {"action": "pause", "select_across": 1, "index": 0}
    chosen = {"_selected_action": [drains["live"].pk]}
    page = operator.post(f"{LIST}?q=li", {**data, **chosen}, follow=True)
    assert "2 drains paused" in page.content.decode(), "live, and failing"
    paused = Drain.objects.filter(paused=True).values_list("app", flat=True)
    assert set(paused) == {"paused", "live", "failing"}


@pytest.mark.parametrize(
    "query",
    [
        {"state": "nonsense"},
        {"receiver": "nonsense"},
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


@pytest.mark.parametrize(
    "path",
    [
        "drains/drain",
        "shuttle/worker",
        "shuttle/malformedsample",
        "sessions_app/tailsession",
        "notifications/recipient",
        "notifications/message",
    ],
)
def test_no_list_passes_over_nonsense(operator: Client, path: str) -> None:
    for query in ("p=x", "p=999", "o=x", "o=99", "zzz=1", "e=1", "_facets=&zzz=1"):
        assert operator.get(f"/admin/{path}/?{query}").status_code == 400, query
    assert operator.get(f"/admin/{path}/?_facets=").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "sessions_app/tailsession/?state=zz",
        "notifications/recipient/?kind__exact=zz",
        "notifications/message/?state=zz",
        "shuttle/malformedsample/?reason=zz",
    ],
)
def test_a_menu_has_no_other_values(operator: Client, query: str) -> None:
    assert operator.get(f"/admin/{query}").status_code == 400


def test_a_receiver_of_few_drains_is_chosen_though_the_menu_offers_larger_ones(
    operator: Client, drains: dict[str, Drain], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drains.admin.listing.CHOICES_MAX", 1)
    page = operator.get(LIST, {"receiver": "paused.example.com:514"})
    assert shown(page) == ["paused"]
    assert ">Receiver: paused.example.com:514</summary>" in page.content.decode()


def test_many_are_tried_at_once_and_paused_ones_are_told(
    operator: Client, drains: dict[str, Drain]
) -> None:
    ids = [drains[name].pk for name in ("failing", "replaying", "paused")]
    page = operator.post(LIST, {"action": "try_now", "_selected_action": ids}, follow=True)
    said = page.content.decode()
    assert "2 drains tried" in said
    assert "1 drain paused: resume them first" in said
    assert {drain.tries for drain in Drain.objects.filter(pk__in=ids[:2])} == {1}


def test_of_many_each_receiver_is_tested_once(
    operator: Client, drains: dict[str, Drain], monkeypatch: pytest.MonkeyPatch
) -> None:
    services.create_drain(AppKey("twin", "gs"), "syslog://live.example.com:514", begin=())
    asked: list[str] = []

    def tried(chosen: list[Drain]) -> list[Any]:
        asked.extend(drain.host for drain in chosen)
        return [
            (drain.host.startswith("live"), [SimpleNamespace(detail="as it was")])
            for drain in chosen
        ]

    monkeypatch.setattr("drains.admin.drain_admin.try_out_all", tried)
    data = {"action": "test", "select_across": 1, "index": 0}
    chosen = {"_selected_action": [drains["live"].pk]}
    said = operator.post(LIST, {**data, **chosen}, follow=True).content.decode()
    assert sorted(asked) == sorted(f"{state}.example.com" for state in drains)
    assert "live.example.com:514: as it was" in said


def test_windows_of_too_many_are_not_sent_again(
    operator: Client, drains: dict[str, Drain], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drains.admin.drain_admin.SENT_AGAIN_MAX", 2)
    ids = [drain.pk for drain in drains.values()]
    said = operator.post(LIST, {"action": "send_again", "_selected_action": ids}, follow=True)
    assert "choose 2 at most, not 4" in said.content.decode()


def test_deleting_names_them_first_and_takes_no_others(
    operator: Client, drains: dict[str, Drain]
) -> None:
    chosen = {"_selected_action": [drains["live"].pk, drains["failing"].pk]}
    asked = operator.post(LIST, {"action": "delete_selected", **chosen}).content.decode()
    assert "Delete 2 drains?" in asked
    for state in ("live", "failing"):
        assert f"{state}-gs → syslog://{state}.example.com:514" in asked
    assert "Drain status" not in asked
    assert Drain.objects.count() == 4
    data = {"action": "delete_selected", "post": "yes", **chosen}
    assert "deleted 2 drains" in operator.post(LIST, data, follow=True).content.decode()
    assert set(Drain.objects.values_list("app", flat=True)) == {"replaying", "paused"}


def test_deleting_one_offers_to_pause_it(operator: Client, drains: dict[str, Drain]) -> None:
    asked = operator.get(f"{LIST}{drains['live'].pk}/delete/").content.decode()
    assert "Delete live-gs to syslog://live.example.com:514?" in asked
    assert "Pause it instead" in asked
    assert "Pause it" not in operator.get(f"{LIST}{drains['paused'].pk}/delete/").content.decode()


def test_too_many_are_not_deleted_at_once(
    operator: Client, drains: dict[str, Drain], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drains.admin.drain_admin.DELETED_MAX", 2)
    data = {"action": "delete_selected", "select_across": 1, "index": 0, "post": "yes"}
    chosen = {"_selected_action": [drains["live"].pk]}
    said = operator.post(LIST, {**data, **chosen}, follow=True).content.decode()
    assert "Choose 2 at most, not 4" in said
    assert Drain.objects.count() == 4
