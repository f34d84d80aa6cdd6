"""An event posted to the web process, on its way to a drain."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle


def test_posted_events_reach_the_drain(
    tmp_path: Path, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    shuttle, sink, space = Shuttle(tmp_path, kafka.bootstrap), receiver(), topic()
    kafka.create(space, 2)
    shuttle.migrate()
    web = shuttle.start_web()
    shuttle.add_drain(f"gold-{space}", sink.url)
    shuttle.start_worker()

    def post(number: int) -> httpx.Response:
        pod = {"container_name": "gold", "pod_name": f"gold-{number}", "namespace_name": space}
        return shuttle.api.post("/log-events", json={"log": f"hello {number}", "kubernetes": pod})

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(post, range(40)))

    assert {answer.status_code for answer in answers} == {201}
    texts = {line.rpartition(b" - ")[2] for line in sink.wait_for(40)}
    assert texts == {b"hello %d" % number for number in range(40)}
    assert web.terminate() == 0
    assert "Traceback" not in web.output()
    shuttle.close()


def test_a_web_for_sessions_only_takes_none(tmp_path: Path) -> None:
    shuttle = Shuttle(tmp_path, "127.0.0.1:1", {"RUN_SESSION": "true"})
    shuttle.migrate()
    shuttle.start_web()

    assert shuttle.api.post("/log-events", json={}).status_code == 404
    shuttle.close()
