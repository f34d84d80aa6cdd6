"""Operators who do not look are told: by a running web process, of running workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.http_receiver import HANG, Answer
from tests.support.kafka import TopicNames
from tests.support.notified import Desk
from tests.support.processes import manage, run_process
from tests.support.receiving import HttpReceivers, Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle, served
from tests.support.waiting import wait_until

TOLD_SECONDS = 10.0
"""Five, and what a busy machine adds."""
Desks = Callable[[Shuttle], Desk]


@pytest.fixture
def desk() -> Iterator[Desks]:
    with ExitStack() as stack:
        yield lambda shuttle: stack.enter_context(closing(Desk(shuttle)))


def breaks(shuttle: Shuttle, kafka: Broker, space: str, sink_url: str) -> None:
    """One drain with a line, whose receiver is not there."""
    shuttle.add_drain(f"gold-{space}", sink_url)
    kafka.produce(space, [kubernetes_event("one", pod="gold-p1", container="gold")])


@pytest.mark.parametrize("database", [pytest.param("sqlite", marks=pytest.mark.slow), "postgres"])
def test_a_receiver_that_breaks_is_told_within_seconds(
    database: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
    http_receiver: HttpReceivers,
    desk: Desks,
) -> None:
    urls = {}
    if database == "postgres":
        urls["DATABASE_URL"] = request.getfixturevalue("postgres_url")
    space, sink = kafka.create(topic(), 1), receiver()
    sink.kill()
    with served(tmp_path, kafka.bootstrap, urls) as shuttle:
        told = desk(shuttle).want(http_receiver())
        shuttle.start_worker()
        breaks(shuttle, kafka, space, sink.url)
        data = told.wait_for("drains.failing", 30)["data"]
        assert data["receiver"] == sink.url.removeprefix("syslog://")
        assert (data["why"], data["drains"]) == ("connection refused", 1)
        assert data["owners"] == [f"gold-{space}"]
        assert f"connection refused. 1 drain (gold-{space}) fails since" in data["text"]
        assert told.seconds_after(data["since"], "drains.failing") < TOLD_SECONDS
        sink.start()
        sink.wait_for(1)
        assert shuttle.web.terminate() == 0
        assert "Traceback" not in shuttle.web.output()
        assert told.kinds() == ["drains.failing"], "once"


@pytest.mark.slow
def test_a_killed_worker_is_told(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, http_receiver: HttpReceivers, desk: Desks
) -> None:
    space = kafka.create(topic(), 1)
    told = desk(shuttle).want(http_receiver())
    shuttle.add_drain(f"gold-{space}", "syslog://127.0.0.1:1514")
    worker = shuttle.start_worker()
    wait_until(lambda: shuttle.api.get("/overview").json()["workers"], 15, "it is known")
    worker.kill()
    data = told.wait_for("workers.none", 60)["data"]
    assert 29 < told.seconds_after(data["last_word"], "workers.none") < 30 + TOLD_SECONDS
    assert "No worker has reported since" in data["text"]


def test_a_webhook_that_fails_is_retried_and_slows_nothing(
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
    http_receiver: HttpReceivers,
    desk: Desks,
) -> None:
    at_desk, space, sink = desk(shuttle), kafka.create(topic(), 1), receiver()
    sink.kill()
    silent, moody, good = http_receiver(), http_receiver(), http_receiver()
    silent.answer(then=HANG)
    moody.answer(Answer(503), Answer(503))
    at_desk.want(silent)
    later, told = at_desk.want(moody), at_desk.want(good)
    shuttle.start_worker()
    breaks(shuttle, kafka, space, sink.url)

    data = told.wait_for("drains.failing", 30)["data"]
    assert told.seconds_after(data["since"], "drains.failing") < TOLD_SECONDS
    began = time.monotonic()
    assert shuttle.api.get("/overview").status_code == 200
    assert time.monotonic() - began < 5
    wait_until(lambda: "HTTP 503" in at_desk.recipients(), 10, "why it failed is shown")
    later.wait_for("drains.failing", 40)
    first, second, third = moody.requests()
    assert len({of.headers["webhook-id"] for of in (first, second, third)}) == 1
    assert second.time - first.time >= 2.5
    wait_until(lambda: "timed out: no answer" in at_desk.messages(), 20, "so is the silent one's")
    assert told.kinds() == later.kinds() == ["drains.failing"]


@pytest.mark.slow
def test_when_the_process_that_tells_dies_another_goes_on(
    own_shuttle: Shuttle, tmp_path: Path, http_receiver: HttpReceivers, desk: Desks
) -> None:
    told = desk(own_shuttle).want(http_receiver())
    args = manage("runweb", "--host", "127.0.0.1", "--port", "0")
    with run_process(args, log=tmp_path / "second.log", env=own_shuttle.environment) as second:
        second.wait_for_output("Serving on")
        own_shuttle.add_drain("gold-gs", "syslog://127.0.0.1:1514")
        own_shuttle.web.kill()
        told.wait_for("workers.none", 90)
        assert second.terminate() == 0
    assert told.kinds() == ["workers.none"]


def test_a_drains_failure_is_an_event_of_its_app(
    tmp_path: Path, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, good, bad = kafka.create(topic(), 1), receiver(), receiver()
    bad.kill()
    with served(tmp_path, kafka.bootstrap, {"DRAIN_EVENTS": "1"}) as shuttle:
        shuttle.add_drain(f"gold-{space}", good.url)
        shuttle.start_worker()
        breaks(shuttle, kafka, space, bad.url)
        drains = shuttle.api.get(f"/apps/gold-{space}/log-drains").json()
        broken = next(drain["id"] for drain in drains if drain["url"].startswith(bad.url))

        def told() -> list[bytes]:
            return [line for line in good.wait_for(1) if b" logshuttle/drain " in line]

        wait_until(told, 20, "its other drain tells")
        (line,) = told()
        said = f'at=drain state=failing reason="connection refused" drain={broken}'
        assert line.endswith(f" - - - {said}".encode())
        assert f" gold-{space} logshuttle/drain ".encode() in line

        answer = shuttle.api.post(
            "/log-sessions", json={"app": "gold", "space": space, "lines": 10, "tail": False}
        )
        url = f"/log-sessions/{answer.json()['id']}"
        assert f"logshuttle/drain]: {said}" in shuttle.api.get(url).text

        bad.start()
        wait_until(lambda: len(told()) == 2, 30, "that it is well again")
        assert b"at=drain state=" in told()[1]
        assert f"drain={broken}".encode() in told()[1]
        assert b"failing" not in told()[1]
