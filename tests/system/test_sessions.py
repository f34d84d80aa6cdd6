"""Log sessions over real web processes: who shares them, who serves them, what is logged."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from sessions_app.services import FRESH_SECONDS
from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until

# Ends at once: nothing of the past, nothing that follows.
NOTHING = {"app": "gold", "space": "gs", "lines": 0, "tail": False}
PATH = "/log-sessions"

Web = Callable[..., Shuttle]


@pytest.fixture
def web(tmp_path: Path, kafka: Broker) -> Iterator[Web]:
    """Web processes on one database; settings of each."""
    first: list[Shuttle] = []
    with ExitStack() as stack:

        def start(**settings: str) -> Shuttle:
            folder = tmp_path / f"web{len(first)}"
            folder.mkdir()
            database = first[0].environment["DATABASE_URL"] if first else ""
            shared = {"DATABASE_URL": database} if database else {}
            made = Shuttle(folder, kafka.bootstrap, {**shared, **settings})
            stack.callback(made.close)
            if not first:
                made.migrate()
            first.append(made)
            return made

        yield start


def open_in(shuttle: Shuttle, **changes: Any) -> str:
    """The path of a new session."""
    answer = shuttle.api.post(PATH, json={**NOTHING, **changes})
    assert answer.status_code == 201, answer.text
    return f"{PATH}/{answer.json()['id']}"


def read(shuttle: Shuttle, path: str, **headers: str) -> httpx.Response:
    """Without a key."""
    return get(f"{shuttle.api.base_url}{path}", headers=headers, timeout=10)


def test_processes_that_share_a_cache_share_sessions_and_revocations(
    web: Web, redis_url: str
) -> None:
    one, two = web(REDIS_URL=redis_url), web(REDIS_URL=redis_url)
    one.start_web()
    two.start_web()
    path = open_in(one)

    assert read(two, path).status_code == 200
    assert read(one, path).status_code == 200
    assert one.api.delete(path).status_code == 204
    assert read(two, path).status_code == 404
    assert read(two, path, Accept="text/event-stream").status_code == 204


def test_processes_without_a_common_cache_hear_of_a_revocation_within_seconds(web: Web) -> None:
    one, two = web(), web()
    one.start_web()
    two.start_web()
    path = open_in(one)
    assert read(two, path).status_code == 200

    one.api.delete(path)

    limit = FRESH_SECONDS + 2
    wait_until(lambda: read(two, path).status_code == 404, limit, "two has heard of it")


def test_sessions_are_served_while_redis_is_away(web: Web) -> None:
    shuttle = web(REDIS_URL="redis://127.0.0.1:1")
    shuttle.start_web()

    path = open_in(shuttle)

    assert read(shuttle, path).status_code == 200
    assert "redis_check=failed" in shuttle.api.get("/octhc").text
    assert shuttle.api.delete(path).status_code == 204
    assert read(shuttle, path).status_code == 404


def test_a_stream_keeps_no_connection_to_the_database(web: Web) -> None:
    shuttle = web(RUN_SESSION="true")  # who tells operators keeps one
    process = psutil.Process(shuttle.start_web().pid)
    url = f"{shuttle.api.base_url}{open_in(shuttle, tail=True)}"
    database = shuttle.environment["DATABASE_URL"].removeprefix("sqlite:///")

    with httpx.stream("GET", url, timeout=10) as answer:
        assert answer.status_code == 200
        assert database not in {file.path for file in process.open_files()}


@pytest.mark.slow
def test_they_live_in_postgres(web: Web, postgres_url: str) -> None:
    shuttle = web(DATABASE_URL="", POSTGRES_URL=postgres_url)
    shuttle.start_web()
    path = open_in(shuttle, process=["web"], q="ä\x1b")

    assert read(shuttle, path).status_code == 200
    assert shuttle.api.post(PATH, json={**NOTHING, "q": "\0"}).status_code == 422
    assert shuttle.api.delete(path).status_code == 204
    assert read(shuttle, path).status_code == 404


def test_a_process_of_its_own_serves_them(web: Web) -> None:
    control, sessions = web(RUN_SESSION="false"), web(RUN_SESSION="true")
    control.start_web()
    sessions.start_web()
    path = open_in(sessions)

    assert read(sessions, path).status_code == 200
    assert control.api.post(PATH, json=NOTHING).status_code == 404
    assert read(control, path).status_code == 401
    assert sessions.api.get("/admin/").status_code == 404
    assert control.api.get("/admin/").status_code == 302


def test_no_id_is_logged(web: Web) -> None:
    shuttle = web(LOG_LEVEL="DEBUG", DEBUG_SESSION="true")
    process = shuttle.start_web()
    path, unknown = open_in(shuttle), f"{PATH}/{uuid.uuid4()}"

    answers = [
        read(shuttle, path),
        read(shuttle, f"{path}?source=nothing"),
        read(shuttle, unknown),
        read(shuttle, f"{unknown}/ws"),
        shuttle.api.delete(path),
        read(shuttle, path),
    ]

    assert [answer.status_code for answer in answers] == [200, 422, 404, 426, 204, 404]
    assert process.terminate() == 0
    said = process.output()
    assert "Refused GET /log-sessions/…: 404 No such log session" in said
    assert "revoked" in said
    assert path.rpartition("/")[2] not in said
    assert unknown.rpartition("/")[2] not in said
