"""THE TABLE: each route of the REST API, each kind of key, the status of the answer.

`own` keys reach gold-gs and www.gold.example; `foreign` has every owner's scope for others. A
route that is not in the table fails a test, and so does a method that is: `others` stands for all
that are not named. Pages of the admin are not for keys, and have a table of their own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from drains import services
from drains.models import Drain
from events.keys import AppKey, SiteKey
from sessions_app.models import TailSession
from tests.contract.conftest import KEY, Api
from tests.support.keys import new_key, revoked_key

TABLE = """
route method | none wrong expired revoked | read drains sessions events secrets foreign | operator AUTH_KEY fallback
apps/<str:key>/log-drains GET | 401 401 401 401 | 200 200 403 403 200 404 | 200 200 200
apps/<str:key>/log-drains HEAD | 401 401 401 401 | 200 200 403 403 200 404 | 200 200 200
apps/<str:key>/log-drains POST | 401 401 401 401 | 403 201 403 403 403 404 | 201 201 201
apps/<str:key>/log-drains others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
apps/<str:key>/log-drains/test POST | 401 401 401 401 | 403 200 403 403 403 404 | 200 200 200
apps/<str:key>/log-drains/test others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
apps/<str:key>/log-drains/<str:drain_id> GET | 401 401 401 401 | 200 200 403 403 200 404 | 200 200 200
apps/<str:key>/log-drains/<str:drain_id> PATCH | 401 401 401 401 | 403 200 403 403 403 404 | 200 200 200
apps/<str:key>/log-drains/<str:drain_id> DELETE | 401 401 401 401 | 403 200 403 403 403 404 | 200 200 200
apps/<str:key>/log-drains/<str:drain_id> others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
apps/<str:key>/log-drains/<str:drain_id>/pause POST | 401 401 401 401 | 403 200 403 403 403 404 | 200 200 200
apps/<str:key>/log-drains/<str:drain_id>/pause others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
apps/<str:key>/log-drains/<str:drain_id>/resume POST | 401 401 401 401 | 403 200 403 403 403 404 | 200 200 200
apps/<str:key>/log-drains/<str:drain_id>/resume others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
apps/<str:key>/log-drains/<str:drain_id>/retry POST | 401 401 401 401 | 403 202 403 403 403 404 | 202 202 202
apps/<str:key>/log-drains/<str:drain_id>/retry others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
apps/<str:key>/log-drains/<str:drain_id>/replay POST | 401 401 401 401 | 403 202 403 403 403 404 | 202 202 202
apps/<str:key>/log-drains/<str:drain_id>/replay others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
apps/<str:key>/log-drains/<str:drain_id>/test POST | 401 401 401 401 | 403 200 403 403 403 404 | 200 200 200
apps/<str:key>/log-drains/<str:drain_id>/test others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
sites/<str:key>/log-drains GET | 401 401 401 401 | 200 200 403 403 200 404 | 200 200 200
sites/<str:key>/log-drains HEAD | 401 401 401 401 | 200 200 403 403 200 404 | 200 200 200
sites/<str:key>/log-drains POST | 401 401 401 401 | 403 201 403 403 403 404 | 201 201 201
sites/<str:key>/log-drains others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
sites/<str:key>/log-drains/test POST | 401 401 401 401 | 403 200 403 403 403 404 | 200 200 200
sites/<str:key>/log-drains/test others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
sites/<str:key>/log-drains/<str:drain_id> GET | 401 401 401 401 | 200 200 403 403 200 404 | 200 200 200
sites/<str:key>/log-drains/<str:drain_id> PATCH | 401 401 401 401 | 403 200 403 403 403 404 | 200 200 200
sites/<str:key>/log-drains/<str:drain_id> DELETE | 401 401 401 401 | 403 200 403 403 403 404 | 200 200 200
sites/<str:key>/log-drains/<str:drain_id> others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
sites/<str:key>/log-drains/<str:drain_id>/pause POST | 401 401 401 401 | 403 200 403 403 403 404 | 200 200 200
sites/<str:key>/log-drains/<str:drain_id>/pause others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
sites/<str:key>/log-drains/<str:drain_id>/resume POST | 401 401 401 401 | 403 200 403 403 403 404 | 200 200 200
sites/<str:key>/log-drains/<str:drain_id>/resume others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
sites/<str:key>/log-drains/<str:drain_id>/retry POST | 401 401 401 401 | 403 202 403 403 403 404 | 202 202 202
sites/<str:key>/log-drains/<str:drain_id>/retry others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
sites/<str:key>/log-drains/<str:drain_id>/replay POST | 401 401 401 401 | 403 202 403 403 403 404 | 202 202 202
sites/<str:key>/log-drains/<str:drain_id>/replay others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
sites/<str:key>/log-drains/<str:drain_id>/test POST | 401 401 401 401 | 403 200 403 403 403 404 | 200 200 200
sites/<str:key>/log-drains/<str:drain_id>/test others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
log-drains GET | 401 401 401 401 | 403 403 403 403 403 403 | 200 200 200
log-drains OPTIONS | 401 401 401 401 | 403 403 403 403 403 403 | 200 200 200
log-drains others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
overview GET | 401 401 401 401 | 403 403 403 403 403 403 | 200 200 200
overview OPTIONS | 401 401 401 401 | 403 403 403 403 403 403 | 200 200 200
overview others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
log-events POST | 401 401 401 401 | 403 403 403 201 403 404 | 201 201 201
log-events OPTIONS | 401 401 401 401 | 403 403 403 403 403 403 | 200 200 200
log-events others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
log-sessions POST | 401 401 401 401 | 403 403 201 403 403 404 | 201 201 201
log-sessions others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
log-sessions/<str:session_id> GET | 200 200 200 200 | 200 200 200 200 200 200 | 200 200 200
log-sessions/<str:session_id> HEAD | 200 200 200 200 | 200 200 200 200 200 200 | 200 200 200
log-sessions/<str:session_id> DELETE | 401 401 401 401 | 403 403 204 403 403 404 | 204 204 204
log-sessions/<str:session_id> others | 401 401 401 401 | 405 405 405 405 405 405 | 405 405 405
log-sessions/<str:session_id>/ws GET | 426 426 426 426 | 426 426 426 426 426 426 | 426 426 426
log-sessions/<str:session_id>/ws others | 405 405 405 405 | 405 405 405 405 405 405 | 405 405 405
api/schema GET | 200 200 200 200 | 200 200 200 200 200 200 | 200 200 200
api/schema others | 405 405 405 405 | 405 405 405 405 405 405 | 405 405 405
api/docs GET | 200 200 200 200 | 200 200 200 200 200 200 | 200 200 200
api/docs others | 405 405 405 405 | 405 405 405 405 405 405 | 405 405 405
favicon.ico others | 204 204 204 204 | 204 204 204 204 204 204 | 204 204 204
/ others | 401 401 401 401 | 404 404 404 404 404 404 | 404 404 404
nothing/here others | 401 401 401 401 | 404 404 404 404 404 404 | 404 404 404
"""  # noqa: E501
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FALLBACK = "an operator's key of before"
MINE = {"app": "gold", "space": "gs"}


class Row(NamedTuple):
    route: str
    method: str
    codes: dict[str, int]
    """By the kind of key."""


def _rows() -> Iterator[Row]:
    head, *lines = TABLE.strip().splitlines()
    kinds = head.replace("|", "").split()[2:]
    for line in lines:
        route, method, *codes = line.replace("|", "").split()
        yield Row(route, method, dict(zip(kinds, map(int, codes), strict=True)))


ROWS = list(_rows())


@pytest.fixture
def keys(db: None, settings: Any) -> dict[str, str | None]:
    settings.AUTH_KEY_FALLBACKS = [FALLBACK]
    settings.MAX_SESSIONS_PER_APP = 1000
    settings.RATE_LIMIT_UNKNOWN = settings.RATE_LIMIT_SESSIONS = 0
    own, others = ["app:gold-gs", "site:www.gold.example"], ["app:bold-gs", "site:bold.example"]
    owners = ("read", "drains", "sessions", "events")
    return {
        "none": None,
        "wrong": new_key("operator")[:-4] + "oooo",
        "expired": new_key("operator", lives=timedelta(seconds=-1)),
        "revoked": revoked_key("operator"),
        **{scope: new_key(scope, reach=own) for scope in owners},
        "secrets": new_key("read", "secrets", reach=own),
        "foreign": new_key(*owners, "secrets", reach=others),
        "operator": new_key("operator"),
        "AUTH_KEY": KEY,
        "fallback": FALLBACK,
    }


@pytest.fixture
def _nobody_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    done: Future[None] = Future()
    done.set_result(None)
    taken = SimpleNamespace(start=lambda *_: done)
    monkeypatch.setattr("events.api.producer", lambda: taken)
    monkeypatch.setattr("drains.api.try_out", lambda drain: (True, []))
    monkeypatch.setattr("drains.services.send_again", lambda *_: (timezone.now(), 0))


_count = itertools.count(1)


def path_of(route: str) -> str:
    """Of a drain and a session that are new and gold's."""
    key, owner = ("gold-gs", AppKey("gold", "gs"))
    if route.startswith("sites/"):
        key, owner = "www.gold.example", SiteKey("www.gold.example")  # type: ignore[assignment]
    path = f"/{route.lstrip('/')}".replace("<str:key>", key)
    if "<str:drain_id>" in path:
        Drain.objects.all().delete()
        drain = services.create_drain(owner, "syslog://logs.example:514", begin=())
        path = path.replace("<str:drain_id>", str(drain.pk))
    if "<str:session_id>" in path:
        opened = Api(KEY).post("/log-sessions", MINE)
        path = path.replace("<str:session_id>", opened.json()["id"])
    return path


def body_of(route: str, method: str) -> Any:
    match route.rpartition("/")[2], method:
        case ("log-drains", "POST") | ("test", "POST"):
            return {"url": f"syslog://logs{next(_count)}.example:514"}
        case "<str:drain_id>", "PATCH":
            return {"name": "other"}
        case "replay", "POST":
            return {"since": "15m"}
        case "log-sessions", "POST":
            return MINE
        case "log-events", "POST":
            return {"log": "x", "topic": "gs", "kubernetes": {"container_name": "gold--worker"}}
    return b""


def methods_of(row: Row) -> list[str]:
    if row.method != "others":
        return [row.method]
    named = {other.method for other in ROWS if other.route == row.route}
    # HEAD is a GET wherever that is named.
    named |= {"HEAD"} if "GET" in named else set()
    return [method for method in METHODS if method not in named]


@pytest.mark.usefixtures("_nobody_is_dialled")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.route}")
def test_each_key_gets_what_the_table_says(row: Row, keys: dict[str, str | None]) -> None:
    found = {}
    for kind, key in keys.items():
        for method in methods_of(row):
            path, body = path_of(row.route), body_of(row.route, method)
            accept = "text/html" if "session_id" in row.route else "*/*"
            answer = Api(key).call(method, path, body, Accept=accept)
            found[kind, method] = answer.status_code
            if answer.status_code == 401:
                assert answer["WWW-Authenticate"] == "Bearer"
    wanted = {
        (kind, method): code for kind, code in row.codes.items() for method in methods_of(row)
    }
    assert found == wanted


def test_every_column_is_a_kind_of_key(keys: dict[str, str | None]) -> None:
    assert all(row.codes.keys() == keys.keys() for row in ROWS)


def test_every_route_is_in_the_table() -> None:
    """A new one fails until somebody has said who may use it."""
    nobodys = {"/", "nothing/here"}  # both are "" among the patterns
    listed = {row.route for row in ROWS} - nobodys
    assert {*routes(get_resolver().url_patterns)} - {"admin", ""} == listed


def routes(patterns: list[Any], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from routes(pattern.url_patterns, before + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            route = before + str(pattern.pattern)
            if not route.startswith("admin/"):
                yield route


def test_a_session_that_is_not_ones_own_stays(keys: dict[str, str | None]) -> None:
    path = path_of("log-sessions/<str:session_id>")
    Api(keys["foreign"]).delete(path)
    assert TailSession.objects.filter(revoked_at=None).count() == 1
