"""The record of who did what, of a running installation: by keys, in pages, at a terminal; and on
its way to a drain."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.notified import Desk
from tests.support.receivers import Receiver
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, served
from tests.support.waiting import wait_until

URL = "https://user:c4n4ry@127.0.0.1/in"
Desks = Callable[[Shuttle], Desk]


@pytest.fixture
def desk() -> Iterator[Desks]:
    with ExitStack() as stack:
        yield lambda shuttle: stack.enter_context(closing(Desk(shuttle)))


def recorded(shuttle: Shuttle) -> list[dict[str, Any]]:
    """The first first."""
    file = shuttle.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute("SELECT * FROM audit_entry ORDER BY id")]


def drained(sink: Receiver) -> list[dict[str, Any]]:
    return [json.loads(line.decode().partition(" - - - ")[2]) for line in sink.lines()]


def test_each_entry_is_of_who_made_its_request(shuttle: Shuttle, desk: Desks) -> None:
    """Threads and connections are used again, by keys, users and strangers in turn."""
    drains = [shuttle.add_drain(f"gold{number}-gs", URL)["id"] for number in range(6)]
    op = desk(shuttle)

    def by_key(number: int) -> None:
        path, doing = f"/apps/gold{number % 6}-gs/log-drains", ("pause", "resume")[number // 6 % 2]
        headers = {"X-Request-Id": f"by-key-{number:03}"}
        answer = shuttle.api.post(f"{path}/{drains[number % 6]}/{doing}", headers=headers)
        assert answer.status_code == 200

    def by_user(number: int) -> None:
        op.does_to_drains(("resume", "pause")[number % 2], drains, f"by-user-{number:03}")

    def by_stranger(number: int) -> None:
        headers = {"Authorization": "wrong", "X-Request-Id": f"by-nobody-{number:03}"}
        path = "/apps/gold0-gs/log-drains"
        assert shuttle.api.post(path, json={"url": URL}, headers=headers).status_code == 401

    with ThreadPoolExecutor(6) as clients:
        keys = clients.map(by_key, range(48))
        strangers = clients.map(by_stranger, range(48))
        users = clients.map(by_user, range(12))
        assert [*keys, *strangers, *users]

    found = {(of["request_id"][:6], of["actor_kind"], of["actor"]) for of in recorded(shuttle)}
    ours = {of for of in found if of[0].startswith("by-")}
    assert ours == {("by-key", "key", "AUTH_KEY"), ("by-use", "user", "op")}
    assert {of["address"] for of in recorded(shuttle) if of["request_id"].startswith("by-")} == {
        "127.0.0.1"
    }


def test_a_command_is_on_record_with_who_ran_it_and_where(shuttle: Shuttle) -> None:
    drain = shuttle.add_drain("gold-gs", URL)["id"]
    for words in (("pause", drain), ("delete", drain), ("add", "gold-gs", URL)):
        with shuttle.run("drains", *words) as command:
            assert command.wait() == 0, command.output()

    made, *by_command = recorded(shuttle)
    assert made["actor"] == "AUTH_KEY"
    assert [of["what"] for of in by_command] == ["paused", "deleted", "made"]
    assert {of["actor_kind"] for of in by_command} == {"command"}
    assert all(of["actor"].startswith("drains by ") for of in by_command)
    assert len({of["request_id"] for of in by_command}) == 3
    assert all(of["address"] for of in by_command)
    assert "c4n4ry" not in json.dumps(recorded(shuttle))


def test_a_drain_gets_the_audit_as_lines(
    tmp_path: Path, kafka: Broker, topic: TopicNames, receiver: Receivers, desk: Desks
) -> None:
    space, sink = kafka.create(topic(), 1), receiver()
    with served(tmp_path, kafka.bootstrap, {"AUDIT_TOPIC": space}) as shuttle:
        shuttle.start_worker()
        shuttle.add_drain(f"audit-{space}", sink.url)
        other = shuttle.add_drain("gold-gs", URL)["id"]
        desk(shuttle)  # a command makes a user, who logs in
        with shuttle.run("drains", "pause", other) as command:
            assert command.wait() == 0, command.output()

        rows = recorded(shuttle)
        wait_until(lambda: len(drained(sink)) >= len(rows), 20, "all entries are drained")
        lines = drained(sink)
        assert sorted(of["request_id"] for of in lines) == sorted(of["request_id"] for of in rows)
        kinds = {(of["by"], of["kind"], of["what"]) for of in lines}
        assert kinds >= {
            ("key", "drain", "made"),
            ("command", "user", "made"),
            ("user", "login", "logged in"),
            ("command", "drain", "paused"),
        }
        header = sink.lines()[0].decode().split(" ")
        assert header[2:4] == [f"audit-{space}", "logshuttle/audit"]
        assert b"c4n4ry" not in b"".join(sink.lines())


def test_a_kafka_that_is_away_holds_up_nobody(tmp_path: Path) -> None:
    with served(tmp_path, "127.0.0.1:1", {"AUDIT_TOPIC": "ops"}) as shuttle:
        took = []
        for _ in range(5):
            began = time.monotonic()
            answer = shuttle.api.post("/log-sessions", json={"app": "gold", "space": "gs"})
            took.append(time.monotonic() - began)
            assert answer.status_code == 201
        assert len(recorded(shuttle)) == 5
        assert min(took) < 0.5
        began = time.monotonic()
        shuttle.stop_web()
        assert time.monotonic() - began < 15


def test_all_of_it_is_exported(shuttle: Shuttle, desk: Desks) -> None:
    op = desk(shuttle)
    for number in range(3):
        shuttle.add_drain(f"gold{number}-gs", URL)
    answer: httpx.Response = op.get("/admin/audit/entry/export?kind=drain")

    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [of["owner"] for of in lines] == ["gold0-gs", "gold1-gs", "gold2-gs"]
    assert answer.headers["Content-Disposition"].startswith("attachment")
