"""The drain routes (docs/drains.md)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet

from drains.options.table import OPTIONS
from drains.selectors import route_mark
from tests.contract.conftest import Api, is_problem

FIGURES = (
    "lag_messages",
    "lag_is_estimate",
    "lag_seconds",
    "lines_sent",
    "lines_lost",
    "lines_cut",
)
TIMES = ("state_since", "reported_at", "next_try_at", "last_error_at", "last_delivery_at")
URL = "syslog://logs.example.com:514"
APP, SITE = "/apps/gold-gs/log-drains", "/sites/www.gold.example/log-drains"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UNKNOWN = "No such log drain or app found"


@pytest.mark.parametrize(("path", "token"), [(APP, "gold-gs"), (SITE, "www.gold.example")])
def test_a_new_drain_is_answered_as_the_original_did(path: str, token: str, api: Api) -> None:
    answer = api.post(path, {"url": URL})

    assert answer.status_code == 201
    body = answer.json()
    assert body["addon"] == {"id": "", "name": ""}
    assert (body["url"], body["token"]) == (URL, token)
    assert str(uuid.UUID(body["id"])) == body["id"]
    assert TIME.fullmatch(body["created_at"])
    assert TIME.fullmatch(body["updated_at"])


@pytest.mark.parametrize("spelling", [str.upper, "{{{}}}".format, "urn:uuid:{}".format])
def test_an_id_has_one_spelling(spelling: Callable[[str], str], api: Api) -> None:
    drain_id = api.post(APP, {"url": URL}).json()["id"]
    plain = drain_id.replace("-", "")

    for other in (spelling(drain_id), plain):
        assert is_problem(api.get(f"{APP}/{other}"), 404)["message"] == UNKNOWN
        assert is_problem(api.post(f"{APP}/{other}/test"), 404)["message"] == UNKNOWN
        assert is_problem(api.delete(f"{APP}/{other}"), 404)["message"] == UNKNOWN
    assert api.get(f"{APP}/{drain_id}").status_code == 200


@pytest.mark.parametrize("path", [APP, SITE])
def test_drains_are_listed_shown_and_deleted(path: str, api: Api) -> None:
    assert api.get(path).json() == []
    made = api.post(path, {"url": URL}).json()
    other = api.post(path, {"url": "https://user:secret@h.example/in?a=b"}).json()
    one = f"{path}/{made['id']}"

    assert api.get(path).json() == [made, other]
    assert api.get(one).json() == made
    deleted = api.delete(one)
    assert (deleted.status_code, deleted.json()) == (200, made)
    assert api.get(path).json() == [other]
    assert is_problem(api.delete(one), 404)["message"] == UNKNOWN
    assert is_problem(api.get(one), 404)["message"] == UNKNOWN


@pytest.mark.parametrize(
    "spelling", ["WWW.Gold.example", "www.gold.example.", "www.gold.example:80"]
)
def test_every_spelling_of_a_site_is_the_same_site(spelling: str, api: Api) -> None:
    other = f"/sites/{spelling}/log-drains"
    made = api.post(other, {"url": URL}).json()

    assert made["token"] == "www.gold.example"
    assert api.get(SITE).json() == api.get(other).json() == [made]
    assert is_problem(api.post(SITE, {"url": URL}), 409)
    assert api.delete(f"{SITE}/{made['id']}").status_code == 200


@pytest.mark.parametrize("nothing", [":80", "."])
def test_a_site_needs_a_name(nothing: str, api: Api) -> None:
    (error,) = is_problem(api.post(f"/sites/{nothing}/log-drains", {"url": URL}), 422)["errors"]
    assert error["field"] == "site"


def test_a_key_without_a_hyphen_means_the_default_space(api: Api) -> None:
    assert api.post("/apps/gold/log-drains", {"url": URL}).json()["token"] == "gold-default"
    assert len(api.get("/apps/gold-default/log-drains").json()) == 1


def test_a_url_is_shown_as_it_was_given(api: Api) -> None:
    given = "SYSLOG+TCP://Logs.Example.COM:514"

    assert api.post(APP, {"url": given}).json()["url"] == given


def test_a_drain_can_be_changed_paused_and_resumed(api: Api) -> None:
    made = api.post(APP, {"url": URL, "name": "first"}).json()
    one = f"{APP}/{made['id']}"

    changed = api.patch(one, {"url": "syslog://other.example:514"}).json()
    assert (changed["url"], changed["name"]) == ("syslog://other.example:514", "first")
    assert changed["updated_at"] >= made["updated_at"]
    assert api.patch(one, {"name": "second"}).json()["url"] == "syslog://other.example:514"
    assert api.post(f"{one}/pause").json()["state"] == "paused"
    assert api.post(f"{one}/resume").json()["state"] == "unknown", "no worker has told"
    assert is_problem(api.patch(one, {"url": "nonsense"}), 422)["errors"][0]["field"] == "url"
    assert api.get(one).json()["name"] == "second"


def test_every_change_counts_the_route_mark_up(api: Api) -> None:
    seen = [route_mark()]
    made = api.post(APP, {"url": URL}).json()
    seen.append(route_mark())
    api.patch(f"{APP}/{made['id']}", {"name": "x"})
    seen.append(route_mark())
    api.post(f"{APP}/{made['id']}/pause")
    seen.append(route_mark())
    api.delete(f"{APP}/{made['id']}")
    seen.append(route_mark())

    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    "path",
    [
        "/apps/bold-gs/log-drains",
        "/apps/gold-g/log-drains",
        "/sites/gold-gs/log-drains",
        SITE,
    ],
)
def test_another_tenants_drain_is_as_unknown_as_none(path: str, api: Api) -> None:
    made = api.post(APP, {"url": URL}).json()
    one = f"{path}/{made['id']}"

    for answer in (
        api.get(one),
        api.delete(one),
        api.patch(one, {"url": "syslog://evil.example:1514"}),
        api.post(f"{one}/pause"),
        api.post(f"{one}/resume"),
    ):
        assert is_problem(answer, 404)["message"] == UNKNOWN
    assert api.get(APP).json() == [made]


def test_names_that_join_to_the_same_text_are_different_apps(api: Api) -> None:
    api.post("/apps/ab-c/log-drains", {"url": URL})

    assert api.get("/apps/a-bc/log-drains").json() == []
    assert api.get("/sites/ab-c/log-drains").json() == []


@pytest.mark.parametrize("drain_id", ["x", "0", "6128fdfc-e88e-4c8c-8bea-5bcd907230e7", "%00", "ä"])
def test_an_unknown_id_is_404(drain_id: str, api: Api) -> None:
    assert is_problem(api.get(f"{APP}/{drain_id}"), 404)["message"] == UNKNOWN


@pytest.mark.parametrize("path", [APP, SITE])
def test_a_drain_has_the_originals_members_and_ours(path: str, api: Api) -> None:
    made = api.post(path, {"url": URL}).json()

    originals = {"addon", "created_at", "id", "token", "updated_at", "url"}
    told = {"state", "last_error", *TIMES, *FIGURES}
    ours = {"name", "paused", "start", *OPTIONS, *told}
    assert made.keys() == originals | ours


@pytest.mark.parametrize("path", [APP, SITE])
def test_pausing_twice_is_no_error(path: str, api: Api) -> None:
    one = f"{path}/{api.post(path, {'url': URL}).json()['id']}"

    for act, state in [
        (a, s) for a, s in (("pause", "paused"), ("resume", "unknown")) for _ in "12"
    ]:
        assert api.post(f"{one}/{act}").json()["state"] == state
        assert api.get(one).json()["state"] == state


def test_a_drain_that_nobody_can_decrypt_hides_no_other(api: Api, settings: Any) -> None:
    lost = api.post(APP, {"url": URL}).json()
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    kept = api.post(APP, {"url": "syslog://h:1514"}).json()

    assert [drain["id"] for drain in api.get(APP).json()] == [lost["id"], kept["id"]]
    assert api.delete(f"{APP}/{lost['id']}").status_code == 200
    assert api.get(APP).json() == [kept]
