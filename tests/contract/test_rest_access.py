"""Who gets in, on which paths and by which methods; what goes wrong tells no secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError

from drains import services
from tests.contract.conftest import KEY, Api, is_problem

URL = "syslog://logs.example.com:514"
APP, SITE = "/apps/gold-gs/log-drains", "/sites/www.gold.example/log-drains"


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


@pytest.mark.parametrize("authorization", [None, ""])
def test_a_missing_key_is_asked_for(
    authorization: str | None, with_authorization: Callable[[str | None], Api]
) -> None:
    body = is_problem(with_authorization(authorization).get(APP), 401)

    assert body["message"] == "send your key as `Authorization: <key>`"


@pytest.mark.parametrize("authorization", [KEY, f"Bearer {KEY}", f"bearer {KEY}"])
def test_the_key_may_stand_alone_or_behind_bearer(
    authorization: str, with_authorization: Callable[[str | None], Api]
) -> None:
    assert with_authorization(authorization).get(APP).status_code == 200


def test_a_key_may_be_any_text(
    settings: Any, with_authorization: Callable[[str | None], Api]
) -> None:
    settings.AUTH_KEY = "schl\u00fcssel"
    on_the_wire = settings.AUTH_KEY.encode().decode("latin-1")

    assert with_authorization(on_the_wire).get(APP).status_code == 200


@pytest.mark.parametrize("key", ["Bearer abc", "bearer  abc", "Basic abc"])
def test_a_key_that_begins_like_a_scheme_is_compared_whole_first(
    key: str, settings: Any, with_authorization: Callable[[str | None], Api]
) -> None:
    settings.AUTH_KEY = key

    for given in (key, f"Bearer {key}"):
        assert with_authorization(given).get(APP).status_code == 200
    for given in ("abc", "Bearer abd", key[:-1], "Basic abd"):
        is_problem(with_authorization(given).get(APP), 401)


@pytest.mark.parametrize("authorization", [None, "", "Bearer ", "Bearer"])
def test_an_empty_key_opens_nothing(
    authorization: str | None, settings: Any, with_authorization: Callable[[str | None], Api]
) -> None:
    settings.AUTH_KEY = ""

    is_problem(with_authorization(authorization).get(APP), 401)


@pytest.mark.parametrize(
    "path", ["/", "/apps", "/apps/", APP + "//", "/nope/debug", "/log-sessions//"]
)
def test_a_path_that_is_nobodys_is_closed(
    path: str, api: Api, with_authorization: Callable[[str | None], Api]
) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        is_problem(with_authorization(None).call(method, path), 401)
        is_problem(api.call(method, path), 404)


def test_a_trailing_slash_is_taken_on_every_route(
    api: Api, with_authorization: Callable[[str | None], Api]
) -> None:
    outsider = with_authorization(None)
    made = api.post(f"{APP}/", {"url": URL}).json()
    one = f"{APP}/{made['id']}"

    assert api.get(f"{APP}/").json() == [made]
    assert api.get(f"{one}/").json() == made
    assert api.patch(f"{one}/", {"name": "n"}).json()["name"] == "n"
    assert api.post(f"{one}/pause/").status_code == 200
    assert api.delete(f"{one}/").status_code == 200
    opened = api.post("/log-sessions/", {"app": "gold", "space": "gs"})
    assert opened.status_code == 201
    session = f"/log-sessions/{opened.json()['id']}/"
    assert outsider.call("HEAD", session).status_code == 200
    assert api.delete(session).status_code == 204
    assert outsider.get("/livez/").status_code == 200
    is_problem(outsider.get(f"{SITE}/"), 401)


@pytest.mark.parametrize(
    "path",
    ["/apps//log-drains", "/apps/a/b/log-drains", f"{APP}/1/nothing", "/octhc/debug", "/%FF", "/ü"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "TRACE", "CONNECT"])
def test_an_odd_path_is_closed_too(
    method: str, path: str, api: Api, with_authorization: Callable[[str | None], Api]
) -> None:
    is_problem(with_authorization(None).call(method, path), 401)
    is_problem(api.call(method, path), 404)


def test_a_method_that_a_path_does_not_know_is_405(api: Api) -> None:
    is_problem(api.call("PUT", APP, {"url": URL}), 405)


@pytest.mark.parametrize("path", ["/", "/nothing", APP, f"{APP}/x", "/log-sessions", "/admin/"])
@pytest.mark.parametrize("method", ["SETTINGS", "DISPATCH", "_NOT_FOUND", "__CLASS__", "PURGE"])
def test_a_method_is_never_an_attribute(
    method: str,
    path: str,
    api: Api,
    with_authorization: Callable[[str | None], Api],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for client in (api, with_authorization(None)):
        assert "GET, HEAD" in is_problem(client.call(method, path), 501)["detail"]

    assert not any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize(
    ("method", "tail"),
    [("PATCH", ""), ("DELETE", ""), ("PUT", "/x"), ("POST", "/x"), ("GET", "/x/pause")],
)
@pytest.mark.parametrize("path", [APP, SITE])
def test_a_405_says_what_is_allowed(path: str, method: str, tail: str, api: Api) -> None:
    answer = api.call(method, path + tail)

    is_problem(answer, 405)
    assert answer["Allow"]


def test_a_websockets_address_says_so_too(api: Api) -> None:
    answer = api.call("TRACE", "/log-sessions/x/ws")

    is_problem(answer, 405)
    assert answer["Allow"] == "GET"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abcdefgh-123", True), ("short", False), ("x" * 65, False), ("bad id\r\nX: y", False)],
)
def test_a_harmless_request_id_comes_back(given: str, kept: bool, api: Api) -> None:
    answer = api.get(APP, **{"X-Request-Id": given})

    assert (answer["X-Request-Id"] == given) is kept
    assert len(answer["X-Request-Id"]) >= 8


def test_with_the_database_away_it_is_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("could not connect: password=hunter2")

    monkeypatch.setattr(services, "create_drain", away)
    answer = api.post(APP, {"url": URL})

    assert "hunter2" not in str(is_problem(answer, 503))
    assert answer["Retry-After"]


def test_an_error_of_ours_shows_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("nobody's business")

    monkeypatch.setattr(services, "create_drain", fail)

    assert "nobody's business" not in str(is_problem(api.post(APP, {"url": URL}), 500))
