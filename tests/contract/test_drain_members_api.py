"""No member of a body is passed over in silence, but for those that our own answers show."""

from __future__ import annotations

from typing import Any

import pytest

from drains.options.table import OPTIONS
from tests.contract.conftest import Api, is_problem
from tests.support.certificates import Authority

URL = "https://user:p4ss@logs.example.com/in?key=k"
APP, OTHER, SITE = "/apps/gold-gs/log-drains", "/apps/bold-gs/log-drains", "/sites/w.ex/log-drains"

UNKNOWN = [
    ({"filters": {"include": "a"}}, "filters", "did you mean filter?"),
    ({"pause": True}, "pause", "did you mean paused?"),
    ({"Framing": "octet"}, "Framing", "did you mean framing?"),
    ({"max_lag": 5}, "max_lag", "did you mean max_lag_seconds?"),
    ({"destination": "syslog://h:1514"}, "destination", "url, name, paused, framing"),
    ({"filter": {"includes": "a"}}, "filter.includes", "did you mean include?"),
    ({"filter": {"source": ["app"]}}, "filter.source", "did you mean sources?"),
    ({"tls": {"cert": ""}}, "tls.cert", "did you mean certificate?"),
    ({"tls": {"certficate": ""}}, "tls.certficate", "did you mean certificate?"),
]


@pytest.mark.parametrize(("body", "field", "said"), UNKNOWN)
def test_a_member_that_nobody_knows_is_422_and_changes_nothing(
    body: dict[str, Any], field: str, said: str, api: Api
) -> None:
    made = api.post(APP, {"url": URL}).json()

    for answer in (
        api.post(OTHER, {"url": URL, **body}),
        api.patch(f"{APP}/{made['id']}", {"name": "new", **body}),
    ):
        (error,) = is_problem(answer, 422)["errors"]
        assert error["field"] == field
        assert said in error["detail"]
    assert api.get(OTHER).json() == []
    assert api.get(APP).json() == [made]


def test_it_is_told_beside_what_else_is_wrong(api: Api) -> None:
    body = {"name": 5, "filters": {}, "tial": True}

    told = is_problem(api.post(APP, body), 422)

    assert {error["field"] for error in told["errors"]} == {"url", "name", "filters", "tial"}


def test_what_is_missing_is_named(api: Api) -> None:
    assert "url: is missing: where lines go" in is_problem(api.post(APP, {}), 422)["message"]
    made = api.post(APP, {"url": URL}).json()
    replay = f"{APP}/{made['id']}/replay"
    assert "since: is missing: a time" in is_problem(api.post(replay, {}), 422)["message"]
    assert "since" in is_problem(api.post(replay, {"sicne": "15m"}), 422)["message"]


def test_an_answer_can_be_sent_back(api: Api) -> None:
    authority = Authority()
    chosen = {
        "name": "archive",
        "framing": "octet",
        "on_lag": "skip",
        "filter": {"sources": ["app"], "include": "a+"},
        "headers": {"X-Key": "s3cret"},
        "tls": {"ca": authority.pem},
        "paused": True,
    }
    made = api.post(APP, {"url": URL, **chosen}).json()
    one = f"{APP}/{made['id']}"
    shown = api.get(one).json()

    changed, copied = api.patch(one, shown), api.post(OTHER, shown)

    assert (changed.status_code, copied.status_code) == (200, 201)
    set_members = {*OPTIONS, "url", "name", "paused"}
    for answer in (changed.json(), copied.json(), api.post(SITE, shown).json()):
        assert {name: answer[name] for name in set_members} == {
            name: shown[name] for name in set_members
        }
    assert copied.json()["id"] != made["id"]
    assert (copied.json()["token"], shown["token"]) == ("bold-gs", "gold-gs")


def test_paused_is_taken_by_post_and_patch(api: Api) -> None:
    made = api.post(APP, {"url": URL, "paused": True}).json()
    one = f"{APP}/{made['id']}"

    assert (made["paused"], made["state"]) == (True, "paused")
    assert api.patch(one, {"paused": False, "name": "both"}).json()["paused"] is False
    assert api.patch(one, {"paused": True}).json()["state"] == "paused"
    assert api.post(f"{one}/resume").json()["paused"] is False


@pytest.mark.parametrize("paused", ["true", 1, None, [], {}])
def test_a_flag_is_true_or_false(paused: object, api: Api) -> None:
    made = api.post(APP, {"url": URL}).json()

    for answer in (
        api.post(OTHER, {"url": URL, "paused": paused}),
        api.patch(f"{APP}/{made['id']}", {"paused": paused}),
    ):
        assert is_problem(answer, 422)["message"] == "paused: must be true or false"


@pytest.mark.parametrize(
    "url", ["https://user:***@logs.example.com/in", "https://logs.example.com:443/in?***"]
)
def test_a_url_whose_secret_was_left_out_is_refused(url: str, api: Api) -> None:
    made = api.post(APP, {"url": URL}).json()

    for answer in (api.post(OTHER, {"url": url}), api.patch(f"{APP}/{made['id']}", {"url": url})):
        assert "url: the URL holds ***" in is_problem(answer, 422)["message"]
    assert api.get(APP).json() == [made]
