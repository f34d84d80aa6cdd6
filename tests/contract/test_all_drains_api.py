"""Drains of everybody, for operators (docs/drains.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from drains.models import Drain
from shuttle.commit.store import FeedStatus
from tests.contract.conftest import Api, is_problem
from tests.support.reports import write_statuses

ALL = "/log-drains"


@pytest.fixture
def made(api: Api) -> dict[str, str]:
    """Ids of drains by what they are called here."""
    wanted = {
        "one": ("/apps/gold-gs/log-drains", "syslog://Logs.example.com:514"),
        "two": ("/apps/gold-gs/log-drains", "https://u:pw@in.example.com/x"),
        "three": ("/apps/lead-pb/log-drains", "syslog+tls://logs.example.com:6514"),
        "site": ("/sites/www.gold.example/log-drains", "syslog://other.example.com:514"),
    }
    return {name: api.post(path, {"url": url}).json()["id"] for name, (path, url) in wanted.items()}


def report(**states: str) -> None:
    """By a worker, of drains by their ids."""
    statuses = [
        FeedStatus(drain_id, state, "", None, None, lines_sent=1)
        for drain_id, state in states.items()
    ]
    write_statuses("worker", statuses)


def listed(api: Api, query: str = "") -> list[str]:
    answer = api.get(f"{ALL}{query}")
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()["results"]]


def test_all_are_listed_with_their_owners_and_as_each_is_shown(
    api: Api, made: dict[str, str]
) -> None:
    body = api.get(ALL).json()

    assert (body["count"], body["page"], body["pages"]) == (4, 1, 1)
    owners = {each["id"]: each["owner"] for each in body["results"]}
    assert owners == {
        made["one"]: "gold-gs",
        made["two"]: "gold-gs",
        made["three"]: "lead-pb",
        made["site"]: "site:www.gold.example",
    }
    (one,) = (each for each in body["results"] if each["id"] == made["one"])
    del one["owner"]
    assert one == api.get(f"/apps/gold-gs/log-drains/{made['one']}").json()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?host=LOGS.example.com", {"one", "three"}),
        ("?host=logs.example.com&space=pb", {"three"}),
        ("?space=gs", {"one", "two"}),
        ("?app=lead", {"three"}),
        ("?site=www.gold.example", {"site"}),
        ("?scheme=syslog", {"one", "site"}),
        ("?scheme=https", {"two"}),
        ("?host=nobody", set()),
    ],
)
def test_columns_narrow(api: Api, made: dict[str, str], query: str, found: set[str]) -> None:
    assert set(listed(api, query)) == {made[name] for name in found}


def test_what_is_worst_off_comes_first(api: Api, made: dict[str, str]) -> None:
    api.post(f"/apps/lead-pb/log-drains/{made['three']}/pause")
    report(
        **{
            made["one"]: "live",
            made["two"]: "failing",
            made["three"]: "replaying",
            made["site"]: "replaying",
        }
    )
    worst_first = [made[name] for name in ("two", "site", "three", "one")]
    assert listed(api) == worst_first
    assert [listed(api, f"?page={n}&per_page=1") for n in (1, 2, 3, 4)] == [
        [each] for each in worst_first
    ]


def test_states_are_those_that_are_shown(api: Api, made: dict[str, str]) -> None:
    def shown() -> dict[str, set[str]]:
        states = ("paused", "unknown", "failing", "new", "replaying", "live")
        return {state: set(listed(api, f"?state={state}")) for state in states}

    nobody_reports = {"unknown": {*made.values()}}
    assert {state: ids for state, ids in shown().items() if ids} == nobody_reports

    report(**{made["one"]: "live", made["two"]: "failing", made["three"]: "replaying"})
    api.post(f"/apps/gold-gs/log-drains/{made['two']}/pause")
    found = shown()
    assert {state: ids for state, ids in found.items() if ids} == {
        "paused": {made["two"]},
        "new": {made["site"]},
        "replaying": {made["three"]},
        "live": {made["one"]},
    }
    for each in api.get(ALL).json()["results"]:
        assert each["id"] in found[each["state"]]


def test_without_a_fresh_report_nothing_is_said_to_be_live(
    api: Api, made: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report(**{made["one"]: "live"})
    later = timezone.now() + timedelta(seconds=31)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert listed(api, "?state=live") == []
    assert made["one"] in listed(api, "?state=unknown")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("?state=nonsense", "is none of paused"),
        ("?state=", "is none of"),
        ("?scheme=gopher", "is none of syslog"),
        ("?page=0", "is no number from 1"),
        ("?page=x", "is no number"),
        ("?page=9999", "there are 1"),
        ("?page=" + "9" * 5000, "is no number"),
        ("?per_page=501", "from 1 to 500"),
        ("?per_page=00000000000000000001000000", "is no number"),
        ("?per_page=-1", "is no number"),
        ("?spaces=gs", "did you mean space"),
        ("?space__in=gs", "did you mean space"),
        ("?space=%00", "control character"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(
    api: Api, made: dict[str, str], query: str, why: str
) -> None:
    assert why in is_problem(api.get(f"{ALL}{query}"), 400)["message"]


def test_it_is_the_operators_alone(with_authorization: Any) -> None:
    is_problem(with_authorization("wrong").get(ALL), 401)


def test_a_list_asks_as_often_however_many_drains_there_are(
    api: Api, made: dict[str, str], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(4):  # how many, which, these, what workers say of them
        assert len(listed(api, "?per_page=3")) == 3


def test_a_change_of_the_url_is_one_of_the_receiver(api: Api, made: dict[str, str]) -> None:
    path = f"/apps/gold-gs/log-drains/{made['one']}"
    assert api.patch(path, {"url": "syslog+udp://[2606:4700::1111]:5514"}).status_code == 200
    drain = Drain.objects.get(pk=made["one"])
    assert (drain.scheme, drain.host, drain.port) == ("syslog+udp", "2606:4700::1111", 5514)


def test_a_try_may_be_asked_for(api: Api, made: dict[str, str]) -> None:
    path = f"/apps/gold-gs/log-drains/{made['one']}"
    answer = api.post(f"{path}/retry")
    assert (answer.status_code, answer.json()["id"]) == (202, made["one"])
    assert Drain.objects.get(pk=made["one"]).tries == 1

    api.post(f"{path}/pause")
    is_problem(api.post(f"{path}/retry"), 409)
    is_problem(api.post(f"/apps/lead-pb/log-drains/{made['one']}/retry"), 404)
