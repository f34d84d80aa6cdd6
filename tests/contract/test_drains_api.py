"""The drain routes, held to behaviour.md section 5."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import OperationalError

from drains import services
from drains.option_rules import OPTION_NAMES
from drains.selectors import route_version
from tests.contract.conftest import KEY, Api

URL = "syslog://logs.example.com:514"
APP, SITE = "/apps/gold-gs/log-drains", "/sites/www.gold.example/log-drains"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UNKNOWN = "No such log drain or app found"


def is_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["message"] == body["detail"] != ""
    assert {"type", "title"} <= body.keys()
    return body


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
    assert api.post(f"{one}/resume").json()["state"] == "live"
    assert is_problem(api.patch(one, {"url": "nonsense"}), 422)["errors"][0]["field"] == "url"
    assert api.get(one).json()["name"] == "second"


def test_every_change_counts_the_route_version_up(api: Api) -> None:
    seen = [route_version()]
    made = api.post(APP, {"url": URL}).json()
    seen.append(route_version())
    api.patch(f"{APP}/{made['id']}", {"name": "x"})
    seen.append(route_version())
    api.post(f"{APP}/{made['id']}/pause")
    seen.append(route_version())
    api.delete(f"{APP}/{made['id']}")
    seen.append(route_version())

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


@pytest.mark.parametrize("drain_id", ["x", "0", str(uuid.uuid4()), "%00", "ä"])
def test_an_unknown_id_is_404(drain_id: str, api: Api) -> None:
    assert is_problem(api.get(f"{APP}/{drain_id}"), 404)["message"] == UNKNOWN


@pytest.mark.parametrize(
    "authorization",
    [None, "", "wrong", KEY[:-1], KEY + "x", "Bearer", "Bearer wrong", "é", "\x80", "Basic " + KEY],
)
def test_without_the_key_nothing_is_done(
    authorization: str | None, with_authorization: Callable[[str | None], Api], api: Api
) -> None:
    outsider = with_authorization(authorization)

    for answer in (
        outsider.get(APP),
        outsider.post(APP, {"url": URL}),
        outsider.delete(f"{APP}/x"),
    ):
        is_problem(answer, 401)
        assert answer["WWW-Authenticate"]
    assert api.get(APP).json() == []


@pytest.mark.parametrize("authorization", [KEY, f"Bearer {KEY}", f"bearer {KEY}"])
def test_the_key_may_stand_alone_or_behind_bearer(
    authorization: str, with_authorization: Callable[[str | None], Api]
) -> None:
    assert with_authorization(authorization).get(APP).status_code == 200


@pytest.mark.parametrize(
    "body", ["", "{", "nonsense", "[]", '"x"', "5", "null", '{"url": NaN}', "[" * 100_000, b"\xff"]
)
def test_a_body_that_is_no_json_object_is_400(body: str | bytes, api: Api) -> None:
    is_problem(api.post(APP, body), 400)
    assert api.get(APP).json() == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "required"),
        ("nonsense", "scheme"),
        ("ftp://h:1", "scheme"),
        ("syslog://:514", "no host"),
        ("syslog://h", "port"),
        ("syslog://h:0", "port"),
        ("syslog://h:65536", "port"),
        ("syslog://h:x", "port"),
        ("syslog://h:514/path", "end after its port"),
        ("syslog://h:514?x=1", "end after its port"),
        ("syslog://user:pass@h:514", "user or a password"),
        ("https://h/#fragment", "#fragment"),
        ("syslog://h :514", "space"),
        ("syslog://h\n:514", "control character"),
        ("syslog://h\t:514", "control character"),
        ("https://h\\evil/", "backslash"),
        ("https://bücher.example/", "ASCII"),
        ("https://[::1", "address"),
        ("https://h/" + "x" * 2048, "2048"),
    ],
)
def test_a_bad_url_is_422_and_says_what_is_wrong(url: str, said: str, api: Api) -> None:
    body = is_problem(api.post(APP, {"url": url}), 422)

    (error,) = body["errors"]
    assert error["field"] == "url"
    assert said in error["detail"]


@pytest.mark.parametrize("fields", [{}, {"url": None}, {"url": 5}, {"url": ["x"]}, {"url": True}])
def test_a_url_that_is_no_text_is_422(fields: dict[str, Any], api: Api) -> None:
    assert is_problem(api.post(APP, fields), 422)["errors"][0]["field"] == "url"


@pytest.mark.parametrize(
    "key",
    ["gold-", "-gs", "-", "gold-GS", "gold-g%20s", "gold-_x", "go%0Ald-gs", "gold-" + "s" * 300],
)
def test_a_key_that_no_line_can_have_is_422(key: str, api: Api) -> None:
    for answer in (
        api.post(f"/apps/{key}/log-drains", {"url": URL}),
        api.get(f"/apps/{key}/log-drains"),
    ):
        is_problem(answer, 422)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (URL, URL),
        (URL, "syslog+tcp://LOGS.example.com:514"),
        ("https://h.example", "https://h.example:443/"),
        ("syslog+tls://h:1514", "syslog+ssl://h:1514"),
    ],
)
def test_the_same_url_twice_is_409_and_names_the_twin(first: str, second: str, api: Api) -> None:
    twin = api.post(APP, {"url": first}).json()

    body = is_problem(api.post(APP, {"url": second}), 409)

    assert body["id"] == twin["id"]
    assert twin["id"] in body["message"]
    assert api.post("/apps/bold-gs/log-drains", {"url": second}).status_code == 201


def test_changing_a_url_to_a_twins_is_409_too(api: Api) -> None:
    twin = api.post(APP, {"url": URL}).json()
    other = api.post(APP, {"url": "syslog://h:1514"}).json()

    assert is_problem(api.patch(f"{APP}/{other['id']}", {"url": URL}), 409)["id"] == twin["id"]
    assert api.get(f"{APP}/{other['id']}").json() == other


def test_an_app_may_not_have_any_number_of_drains(api: Api, settings: Any) -> None:
    settings.MAX_DRAINS_PER_APP = 2
    for port in (1514, 2514):
        assert api.post(APP, {"url": f"syslog://h:{port}"}).status_code == 201

    assert "at most 2" in is_problem(api.post(APP, {"url": "syslog://h:3514"}), 422)["message"]


def test_a_large_body_is_413(api: Api) -> None:
    is_problem(api.post(APP, b"x" * (256 * 1024 + 1)), 413)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "x/y", ""])
def test_a_body_is_json_whatever_its_type_says(kind: str, api: Api) -> None:
    assert api.post(APP, {"url": URL}, content_type=kind).status_code == 201


@pytest.mark.parametrize(
    "path", ["/", "/apps", "/apps/", APP + "/", "/nope/debug", "/log-sessions/"]
)
def test_a_path_that_is_nobodys_is_closed(
    path: str, api: Api, with_authorization: Callable[[str | None], Api]
) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        is_problem(with_authorization(None).call(method, path), 401)
        is_problem(api.call(method, path), 404)


def test_a_method_that_a_path_does_not_know_is_405(api: Api) -> None:
    is_problem(api.call("PUT", APP, {"url": URL}), 405)


def test_with_the_database_away_it_is_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("could not connect: password=hunter2")

    monkeypatch.setattr(services, "create_drain", away)
    answer = api.post(APP, {"url": URL})

    assert "hunter2" not in str(is_problem(answer, 503))
    assert answer["Retry-After"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abcdefgh-123", True), ("short", False), ("x" * 65, False), ("bad id\r\nX: y", False)],
)
def test_a_harmless_request_id_comes_back(given: str, kept: bool, api: Api) -> None:
    answer = api.get(APP, **{"X-Request-Id": given})

    assert (answer["X-Request-Id"] == given) is kept
    assert len(answer["X-Request-Id"]) >= 8


@pytest.mark.parametrize("path", [APP, SITE])
def test_a_drain_has_the_originals_members_and_ours(path: str, api: Api) -> None:
    made = api.post(path, {"url": URL, "nobody": "knows this"}).json()

    originals = {"addon", "created_at", "id", "token", "updated_at", "url"}
    told = {"state", "last_error", "last_error_at", "last_delivery_at"}
    ours = {"name", *OPTION_NAMES, *told}
    assert made.keys() == originals | ours


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", "nonsense", ""])
def test_an_answer_is_json_whatever_is_accepted(accept: str, api: Api) -> None:
    made = api.call("POST", APP, {"url": URL}, Accept=accept)

    assert made.status_code == 201
    assert made["Content-Type"] == "application/json"
    assert api.get(f"{APP}?format=xml", Accept=accept).json() == [made.json()]
    is_problem(api.get(f"{APP}/x", Accept=accept), 404)


@pytest.mark.parametrize("kind", ["nonsense", "multipart/form-data", "text/plain; charset=x"])
def test_a_type_that_is_none_does_no_harm(kind: str, api: Api) -> None:
    assert api.post(APP, {"url": URL}, content_type=kind).status_code == 201


def test_a_key_may_be_any_text(
    settings: Any, with_authorization: Callable[[str | None], Api]
) -> None:
    settings.AUTH_KEY = "schl\u00fcssel"
    on_the_wire = settings.AUTH_KEY.encode().decode("latin-1")

    assert with_authorization(on_the_wire).get(APP).status_code == 200


@pytest.mark.parametrize("authorization", [None, "", "Bearer ", "Bearer"])
def test_an_empty_key_opens_nothing(
    authorization: str | None, settings: Any, with_authorization: Callable[[str | None], Api]
) -> None:
    settings.AUTH_KEY = ""

    is_problem(with_authorization(authorization).get(APP), 401)


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "null",
        "[]",
        "url=syslog://h:1514",
        '{"url": "syslog://h:1514"} {}',
        '{"url": "\\ud800"}',
        b'{"url": "\xff"}',
        '{"a":' * 40_000,
        '{"url": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"url": Infinity}',
    ],
    ids=lambda body: repr(body[:20]),
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_body_that_is_no_json_object_changes_nothing(
    method: str, body: str | bytes, api: Api
) -> None:
    made = api.post(APP, {"url": URL}).json()
    path = APP if method == "POST" else f"{APP}/{made['id']}"

    is_problem(api.call(method, path, body), 400)
    assert api.get(APP).json() == [made]


def test_a_large_patch_is_413(api: Api) -> None:
    made = api.post(APP, {"url": URL}).json()

    is_problem(api.patch(f"{APP}/{made['id']}", {"name": "n" * 256 * 1024}), 413)


@pytest.mark.parametrize("name", [1, [], "n" * 101, "a\nb", "a\0"])
def test_a_bad_name_is_422(name: object, api: Api) -> None:
    body = is_problem(api.post(APP, {"url": URL, "name": name}), 422)

    assert [error["field"] for error in body["errors"]] == ["name"]


def test_all_wrong_fields_are_told_at_once(api: Api) -> None:
    body = is_problem(api.post(APP, {"url": 1, "name": 2}), 422)

    assert {error["field"] for error in body["errors"]} == {"url", "name"}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/apps/a-", "app"),
        ("/apps/a-B", "space"),
        ("/apps/a-b%00", "space"),
        ("/apps/a%20a-b", "app"),
        (f"/apps/{'a' * 256}-b", "app"),
        (f"/sites/{'a' * 256}", "site"),
        ("/sites/a%20b", "site"),
        ("/sites/a%00", "site"),
    ],
)
def test_an_odd_app_space_or_site_is_named(path: str, field: str, api: Api) -> None:
    body = is_problem(api.post(f"{path}/log-drains", {"url": URL}), 422)

    assert body["errors"][0]["field"] == field


@pytest.mark.parametrize("path", [APP, SITE])
def test_pausing_twice_is_no_error(path: str, api: Api) -> None:
    one = f"{path}/{api.post(path, {'url': URL}).json()['id']}"

    for act, state in [(a, s) for a, s in (("pause", "paused"), ("resume", "live")) for _ in "12"]:
        assert api.post(f"{one}/{act}").json()["state"] == state
        assert api.get(one).json()["state"] == state


@pytest.mark.parametrize(
    ("method", "tail"),
    [("PATCH", ""), ("DELETE", ""), ("PUT", "/x"), ("POST", "/x"), ("GET", "/x/pause")],
)
@pytest.mark.parametrize("path", [APP, SITE])
def test_a_405_says_what_is_allowed(path: str, method: str, tail: str, api: Api) -> None:
    answer = api.call(method, path + tail)

    is_problem(answer, 405)
    assert answer["Allow"]


@pytest.mark.parametrize(
    "path",
    ["/apps//log-drains", "/apps/a/b/log-drains", f"{APP}/1/nothing", "/octhc/debug", "/%FF", "/ü"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PURGE"])
def test_an_odd_path_is_closed_too(
    method: str, path: str, api: Api, with_authorization: Callable[[str | None], Api]
) -> None:
    is_problem(with_authorization(None).call(method, path), 401)
    is_problem(api.call(method, path), 404)


def test_an_error_of_ours_shows_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("nobody's business")

    monkeypatch.setattr(services, "create_drain", fail)

    assert "nobody's business" not in str(is_problem(api.post(APP, {"url": URL}), 500))


def test_a_drain_that_nobody_can_decrypt_hides_no_other(api: Api, settings: Any) -> None:
    lost = api.post(APP, {"url": URL}).json()
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    kept = api.post(APP, {"url": "syslog://h:1514"}).json()

    assert [drain["id"] for drain in api.get(APP).json()] == [lost["id"], kept["id"]]
    assert api.delete(f"{APP}/{lost['id']}").status_code == 200
    assert api.get(APP).json() == [kept]
