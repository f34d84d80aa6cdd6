"""Opening log sessions and what their URL answers (docs/tail.md)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.utils import timezone

from events.keys import AppKey, SiteKey
from sessions_app import services
from sessions_app.guess_limit import GUESSES
from sessions_app.models import TailSession
from sessions_app.tail.session import Session
from tests.contract.conftest import Api, is_problem

PATH = "/log-sessions"
GOLD = {"app": "gold", "space": "gs"}
NO_NUMBERS: list[Any] = [-1, 1_000_001, 1.5, "10", True, None, []]
NO_FLAGS: list[Any] = [0, "true", None]
EVENTS = {"Accept": "text/event-stream"}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
SECRET = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Session, str, str | None]]:
    """What is streamed, or put on a page, instead of doing so."""
    seen: list[tuple[Session, str, str | None]] = []

    def stream(
        request: HttpRequest, session: Session, media_type: str, *, last_event_id: str | None
    ) -> HttpResponse:
        seen.append((session, media_type, last_event_id))
        return HttpResponse(b"a line\n", content_type=media_type)

    def page(request: HttpRequest, session: Session) -> HttpResponse:
        seen.append((session, "text/html", None))
        return HttpResponse(b"<p>", content_type="text/html")

    monkeypatch.setattr("sessions_app.api.stream_response", stream)
    monkeypatch.setattr("sessions_app.api.page_response", page)
    return seen


@pytest.fixture
def opened(api: Api, shown: object) -> Callable[..., str]:
    """The path of a new session of gold-gs."""

    def make(**body: Any) -> str:
        answer = api.post(PATH, {**GOLD, **body})
        assert answer.status_code == 201, answer.content
        return f"{PATH}/{answer.json()['id']}"

    return make


def read(path: str, **headers: str) -> Any:
    """Without a key."""
    return Client().get(path, headers=headers)


def test_a_session_is_answered_as_the_original_did(api: Api) -> None:
    answer = api.post(PATH, {**GOLD, "lines": 250, "tail": True})

    assert answer.status_code == 201
    body = answer.json()
    assert body.keys() == {"id", "logplex_url"}
    assert str(uuid.UUID(body["id"])) == body["id"]
    assert uuid.UUID(body["id"]).version == 4
    assert body["logplex_url"] == f"http://testserver{PATH}/{body['id']}"


@pytest.mark.parametrize("base", ["https://logs.example", "https://logs.example/"])
def test_its_url_is_under_session_url(base: str, api: Api, settings: Any) -> None:
    settings.SESSION_URL = base

    body = api.post(PATH, GOLD).json()

    assert body["logplex_url"] == f"https://logs.example{PATH}/{body['id']}"


@pytest.mark.parametrize("authorization", [None, "wrong"])
def test_only_who_has_the_key_opens_and_revokes(
    authorization: str | None, with_authorization: Callable[..., Api], opened: Callable[..., str]
) -> None:
    outsider, path = with_authorization(authorization), opened()

    for method, where in (("POST", PATH), ("GET", PATH), ("DELETE", path), ("PUT", path)):
        is_problem(outsider.call(method, where, GOLD), 401)
    assert outsider.get(path).status_code == 200


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"app", "space"}),
        ({"app": "gold"}, {"space"}),
        ({"app": "", "space": None}, {"app", "space"}),
        ({"app": 1, "space": ["gs"]}, {"app", "space"}),
        ({**GOLD, "space": "GS"}, {"space"}),
        ({**GOLD, "space": "_gs"}, {"space"}),
        ({**GOLD, "space": "alamobuildlogs"}, {"space"}),
        ({**GOLD, "app": "go ld"}, {"app"}),
        ({**GOLD, "app": "gold\n"}, {"app"}),
        ({**GOLD, "app": "--web"}, {"app"}),
        ({**GOLD, "app": "g" * 256}, {"app"}),
        ({"site": "www gold"}, {"site"}),
        ({"site": "https://www.gold.example"}, {"site"}),
        ({"site": "www.gold.example/shop"}, {"site"}),
        ({**GOLD, "site": ":80"}, {"site"}),
        *[({**GOLD, "lines": lines}, {"lines"}) for lines in NO_NUMBERS],
        *[({**GOLD, "tail": tail}, {"tail"}) for tail in NO_FLAGS],
        ({**GOLD, "source": "web"}, {"source"}),
        ({**GOLD, "source": ["app", 1]}, {"source"}),
        ({**GOLD, "stream": {"stdout": True}}, {"stream"}),
        ({**GOLD, "process": "we\0b"}, {"process"}),
        ({**GOLD, "process": [str(n) for n in range(51)]}, {"process"}),
        ({**GOLD, "q": 5}, {"q"}),
        ({**GOLD, "q": "x" * 1001}, {"q"}),
        ({**GOLD, "q": "\0"}, {"q"}),
        ({**GOLD, "tial": False}, {"tial"}),
        ({**GOLD, "Lines": 5, "sources": "app"}, {"Lines", "sources"}),
        ({"App": "gold", "space": "gs"}, {"App"}),
        ({**GOLD, "lines": -1, "hostname": "gold-gs"}, {"lines", "hostname"}),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, Any], fields: set[str], api: Api) -> None:
    errors = is_problem(api.post(PATH, body), 422)["errors"]

    assert {error["field"] for error in errors} == fields
    assert not TailSession.objects.exists()


@pytest.mark.parametrize(
    ("name", "meant"), [("tial", "tail"), ("Lines", "lines"), ("sources", "source"), ("App", "app")]
)
def test_the_nearest_of_an_unknown_member_is_told(name: str, meant: str, api: Api) -> None:
    (error,) = is_problem(api.post(PATH, {**GOLD, name: 1}), 422)["errors"]

    assert error == {"field": name, "detail": f"is not known: did you mean {meant}?"}


@pytest.mark.parametrize(
    "body",
    [
        {"app": "gold", "space": "gs", "lines": 250, "tail": True},
        {"site": "www.gold.example", "lines": 1, "tail": False},
        {"app": "gold", "space": "gs", "id": "x", "logplex_url": "http://h/log-sessions/x"},
    ],
)
def test_what_the_originals_clients_send_is_taken(body: dict[str, Any], api: Api) -> None:
    assert api.post(PATH, body).status_code == 201


@pytest.mark.parametrize("body", ["", "[]", "{", '"x"'])
def test_what_is_no_object_is_400(body: str, api: Api) -> None:
    is_problem(api.post(PATH, body), 400)


@pytest.mark.parametrize(
    ("asked", "lines"), [({}, 100), ({"lines": 0}, 0), ({"lines": 1501}, 1500), ({"lines": 9}, 9)]
)
def test_so_many_lines_come_first(
    asked: dict[str, int], lines: int, opened: Callable[..., str], shown: list[Any]
) -> None:
    read(opened(**asked))

    assert shown[0][0].lines == lines
    assert shown[0][0].tail is True


def test_what_was_asked_for_is_what_is_shown(opened: Callable[..., str], shown: list[Any]) -> None:
    asked = {"source": "app", "process": ["web", "worker"], "stream": [], "q": "Error"}
    read(opened(**asked, tail=False))

    session = shown[0][0]
    selection = session.selection
    assert (session.tail, selection.key) == (False, AppKey("gold", "gs"))
    assert (selection.sources, selection.streams) == ({"app"}, frozenset())
    assert (selection.processes, selection.text) == ({"web", "worker"}, "Error")


@pytest.mark.parametrize("site", ["www.gold.example", "WWW.Gold.example.", "www.gold.example:443"])
def test_a_site_counts_before_an_app(
    site: str, opened: Callable[..., str], shown: list[Any]
) -> None:
    read(opened(site=site))

    assert shown[0][0].selection.key == SiteKey("www.gold.example")


def test_a_containers_name_is_an_app_too(opened: Callable[..., str], shown: list[Any]) -> None:
    read(opened(app="gold--worker"))

    selection = shown[0][0].selection
    assert (selection.key, selection.processes) == (AppKey("gold", "gs"), {"worker"})


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/plain"),
        ("*/*", "text/plain"),
        ("text/*", "text/plain"),
        ("application/json", "text/plain"),
        ("application/json, text/plain, */*", "text/plain"),
        ("text/event-stream", "text/event-stream"),
        ("application/x-ndjson", "application/x-ndjson"),
        (BROWSER, "text/html"),
        ("text/html;q=0.5, text/event-stream", "text/event-stream"),
        ("text/event-stream; charset=utf-8", "text/event-stream"),
        ("application/x-ndjson;v=1;q=0.9, text/html;level=1;q=0.1", "application/x-ndjson"),
        ("TEXT/Event-Stream", "text/event-stream"),
        ("text/html;q=0, */*;q=0.1", "text/plain"),
        ("text/plain; charset=utf-8, */*", "text/plain"),
        ("nonsense, text/html;charset", "text/html"),
    ],
)
def test_accept_decides_what_comes(
    accept: str | None, kind: str, opened: Callable[..., str], shown: list[Any]
) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = read(opened(), **headers, **{"Last-Event-ID": "7"})

    assert (answer.status_code, shown[0][1]) == (200, kind)
    assert shown[0][2] == (None if kind == "text/html" else "7")
    assert SECRET.items() <= dict(answer.items()).items()
    assert "Accept" in answer["Vary"]


def test_a_query_narrows_what_is_shown(opened: Callable[..., str], shown: list[Any]) -> None:
    path = opened(source=["app", "build"], q="err")
    read(f"{path}?source=app,router&process=web&process=worker&stream=stderr&q=Error+5")

    selection = shown[0][0].selection
    assert (selection.sources, selection.processes) == ({"app"}, {"web", "worker"})
    assert (selection.streams, selection.text) == ({"stderr"}, "Error 5")


@pytest.mark.parametrize(
    "query", ["source=router", "source=nothing", "stream=x", "q=other", "q=%00", "process=web"]
)
def test_a_query_never_shows_more_than_was_asked_for(
    query: str, opened: Callable[..., str], shown: list[Any]
) -> None:
    path = opened(source="app", q="err", process="worker")

    field = is_problem(read(f"{path}?{query}"), 422)["errors"][0]["field"]

    assert field == query.partition("=")[0]
    assert not shown
    assert TailSession.objects.get().opened_at is None


@pytest.mark.parametrize(
    "session_id", ["x", "6128fdfc-e88e-4c8c-8bea-5bcd907230e7", "%00", "ä", "0" * 36]
)
def test_an_unknown_session_is_404(session_id: str, api: Api) -> None:
    for headers in ({}, EVENTS):
        answer = read(f"{PATH}/{session_id}", **headers)
        is_problem(answer, 404)
        assert SECRET.items() <= dict(answer.items()).items()
    is_problem(api.delete(f"{PATH}/{session_id}"), 404)


def test_a_person_is_told_on_a_page(opened: Callable[..., str]) -> None:
    answer = read(f"{PATH}/{uuid.uuid4()}", Accept=BROWSER)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert SECRET.items() <= dict(answer.items()).items()
    assert "There is no such log session" in answer.content.decode()

    wrong = read(f"{opened()}?source=<b>", Accept=BROWSER)
    assert wrong.status_code == 422
    assert "<b>" not in wrong.content.decode()


def test_it_opens_within_five_minutes_and_lives_an_hour(
    opened: Callable[..., str], shown: list[Any]
) -> None:
    path = opened()
    row = TailSession.objects.get()
    assert row.ends_at - row.created_at == timedelta(minutes=5)

    read(path)
    first = TailSession.objects.get()
    assert first.opened_at is not None
    assert first.ends_at - first.opened_at == timedelta(hours=1)
    read(path)
    assert TailSession.objects.get().ends_at == first.ends_at
    assert [session.ends_at for session, *_ in shown] == [first.ends_at.timestamp()] * 2


def test_one_that_is_over_is_404_and_204_for_event_streams(
    opened: Callable[..., str], shown: list[Any]
) -> None:
    path = opened()
    TailSession.objects.update(ends_at=timezone.now())
    cache.clear()

    is_problem(read(path), 404)
    assert read(path, Accept=BROWSER).status_code == 404
    over = read(path, **EVENTS)
    assert (over.status_code, over.content) == (204, b"")
    assert SECRET.items() <= dict(over.items()).items()
    assert not shown


def test_a_revoked_one_is_over_at_once(api: Api, opened: Callable[..., str]) -> None:
    path = opened()
    assert read(path).status_code == 200

    assert api.delete(path).status_code == 204
    assert read(path).status_code == 404
    assert read(path, **EVENTS).status_code == 204
    is_problem(api.delete(path), 404)


def test_head_begins_nothing(opened: Callable[..., str], shown: list[Any]) -> None:
    answer = Client().head(opened(), headers=EVENTS)

    assert (answer.status_code, answer["Content-Type"]) == (200, "text/event-stream")
    assert not shown
    assert TailSession.objects.get().opened_at is None


def test_there_are_so_many_sessions_an_app(
    api: Api, opened: Callable[..., str], settings: Any
) -> None:
    settings.MAX_SESSIONS_PER_APP = 2
    first, _ = opened(), opened()

    answer = api.post(PATH, GOLD)

    assert "gold-gs" in is_problem(answer, 429)["detail"]
    assert 0 < int(answer["Retry-After"]) <= 300
    opened(app="bold")
    api.delete(first)
    opened()


def test_there_are_so_many_sessions_in_all(
    api: Api, opened: Callable[..., str], settings: Any
) -> None:
    settings.MAX_SESSIONS = 2
    opened()
    opened(site="www.gold.example")

    assert is_problem(api.post(PATH, {"app": "bold", "space": "gs"}), 429)
    TailSession.objects.update(ends_at=timezone.now())
    opened()


def test_there_are_so_many_readers_of_one(api: Api, settings: Any) -> None:
    settings.MAX_VIEWERS = 2
    full, other = (f"{PATH}/{api.post(PATH, GOLD).json()['id']}" for _ in range(2))
    reading = [read(full, Accept=accept) for accept in (EVENTS["Accept"], "*/*")]
    assert [answer.status_code for answer in reading] == [200, 200]

    for accept in ("*/*", EVENTS["Accept"], "application/x-ndjson"):
        refused = read(full, Accept=accept)
        assert "2 read this log session already" in is_problem(refused, 429)["detail"]
        assert int(refused["Retry-After"]) > 0
        assert Client().head(full, headers={"Accept": accept}).status_code == 429
    assert read(full, Accept=BROWSER).status_code == 200  # the page says so by itself
    assert read(other).status_code == 200


def test_guessing_ids_ends_after_some_a_minute(
    opened: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.limits.time", SimpleNamespace(time=lambda: 90.0))
    path, unknown = opened(), f"{PATH}/{uuid.uuid4()}"

    assert GUESSES.most == 60
    assert {read(unknown).status_code for _ in range(GUESSES.most)} == {404}
    refused = read(unknown)
    is_problem(refused, 429)
    assert refused["Retry-After"] == "60"
    assert read(path).status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.7").get(unknown).status_code == 404
    monkeypatch.setattr("events.limits.time", SimpleNamespace(time=lambda: 150.0))
    assert read(unknown).status_code == 404


def test_old_ones_are_forgotten(opened: Callable[..., str]) -> None:
    opened()
    TailSession.objects.update(ends_at=timezone.now() - services.KEPT - timedelta(seconds=1))

    opened()

    assert TailSession.objects.count() == 1


def test_the_id_is_stored_nowhere(opened: Callable[..., str]) -> None:
    session_id = opened().rpartition("/")[2]

    stored = [str(value) for value in TailSession.objects.values().get().values()]
    assert not any(session_id in value for value in stored)
    assert session_id not in str(cache.__dict__)


def test_a_websocket_whose_upgrade_was_dropped_is_told_so(opened: Callable[..., str]) -> None:
    for path in (opened(), f"{PATH}/{uuid.uuid4()}"):
        answer = read(f"{path}/ws")
        assert "a proxy in between has dropped it" in is_problem(answer, 426)["detail"]
        assert (answer["Upgrade"], answer["Connection"]) == ("websocket", "Upgrade")
        assert SECRET.items() <= dict(answer.items()).items()
