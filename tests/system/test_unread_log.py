"""A log that nobody reads: its pipe is full from the start, and nothing waits for it."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.full_pipe import full_pipe
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.processes import manage, run_process
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, numbered_events
from tests.support.waiting import wait_until

GRACE_SECONDS = 10.0
MANY, LONG = 700, "x" * 7_000
"""More than is kept."""


def answers_at_once(port: int | str, path: str) -> bool:
    before = time.monotonic()
    try:
        found = get(f"http://127.0.0.1:{port}{path}").status_code == 200
    except httpx.TransportError:
        return False
    return found and time.monotonic() - before < 1


def test_workers_deliver_answer_and_end(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, run, sink = kafka.create(topic(), 2), new_run(), receiver()
    shuttle.add_drain(f"gold-{space}", sink.url)
    with full_pipe() as pipe, shuttle.run("runshuttle", "--workers", "2", stderr=pipe.end) as all:
        port = shuttle.metrics_port
        wait_until(lambda: answers_at_once(port, "/readyz"), 30, "both are ready")
        for _ in range(10):  # each is taken over with a line of the log
            shuttle.add_drain(f"gold-{kafka.create(topic(), 1)}", sink.url)
        wait_until(lambda: shuttle.metric("logshuttle_partitions_assigned") >= 12, 30, "they are")
        for partition in range(2):
            kafka.produce(space, numbered_events("gold", run, partition, 25), partition=partition)

        sink.wait_for(50)
        assert answers_at_once(port, "/livez")
        assert answers_at_once(port, "/readyz")
        assert all.terminate(GRACE_SECONDS) == 0


def test_web_answers_tells_what_was_dropped_and_ends(own_shuttle: Shuttle) -> None:
    own_shuttle.stop_web()
    port = own_shuttle.environment["PORT"]
    with full_pipe() as pipe, own_shuttle.run("runweb", stderr=pipe.end) as web:
        wait_until(lambda: answers_at_once(port, "/livez"), 30, "it answers")
        for number in range(MANY):
            assert own_shuttle.api.get(f"/{number}/{LONG}").status_code == 404
        assert answers_at_once(port, "/livez")
        assert web.running

        said = pipe.read("lines of the log were dropped: nobody read it")

        told = int(said.splitlines()[-1].partition("]")[2].split()[0])
        shown = said.count("Not Found")
        assert shown + told >= MANY
        assert "Not Found: /0/" in said
        assert web.terminate(GRACE_SECONDS) == 0


@pytest.mark.parametrize("command", ["runals", "rundemo"])
def test_every_server_of_ours_ends_whoever_reads_why(command: str, tmp_path: Path) -> None:
    with (
        full_pipe() as pipe,
        run_process(
            manage(command), log=tmp_path / "log", env={"PORT": "x"}, stderr=pipe.end
        ) as process,
    ):
        assert process.wait(GRACE_SECONDS) == 2
