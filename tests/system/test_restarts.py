"""What a drain shows outlives its worker; at rest nothing is written but that workers live."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.ports import free_port
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until
from tests.support.workers import PARTITIONS, produce, start_sharing, workers_of

LIMIT_SECONDS = 40
QUIET = 20


def rows(shuttle: Shuttle, query: str) -> list[tuple[Any, ...]]:
    file = shuttle.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, timeout=30)) as database:
        return database.execute(query).fetchall()


def beats(shuttle: Shuttle) -> dict[str, str]:
    return dict(rows(shuttle, "SELECT name, reported_at FROM drains_heartbeat"))


def sent(shuttle: Shuttle, key: str, drain_id: str) -> Any:
    return shuttle.drain(key, drain_id)["lines_sent"]


def test_what_was_sent_goes_on_after_a_kill_and_a_restart_in_the_same_rows(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink = kafka.create(topic(), PARTITIONS), receiver()
    key = f"gold-{space}"
    drain = shuttle.add_drain(key, sink.url)["id"]
    dead = shuttle.add_drain(key, f"syslog://127.0.0.1:{free_port()}")["id"]
    quiet = [shuttle.add_drain(f"quiet{n}-{space}", sink.url)["id"] for n in range(QUIET)]
    total = 0

    def all_counted(at_least: int) -> bool:
        """After a kill some are sent once more, and counted."""
        return len(sink.lines()) >= at_least and sent(shuttle, key, drain) == len(sink.lines())

    for end in (signal.SIGKILL, signal.SIGTERM, None):
        worker = shuttle.start_worker()
        produce(kafka, space, {"gold": new_run()}, 1)
        total += PARTITIONS
        wait_until(lambda: all_counted(total), LIMIT_SECONDS, "all are counted")  # noqa: B023
        wait_until(
            lambda: shuttle.drain(key, dead)["state"] == "failing", LIMIT_SECONDS, "it fails"
        )
        if end is not None:
            worker.signal(end)
            worker.wait(15)
    assert len(beats(shuttle)) == 1
    told = rows(shuttle, "SELECT drain_id, worker FROM drains_drainstatus")
    assert sorted(of for of, _ in told) == sorted(of.replace("-", "") for of in (drain, dead))
    assert {shuttle.drain(f"quiet{n}-{space}", of)["state"] for n, of in enumerate(quiet)} == {
        "new"
    }


@pytest.mark.slow
def test_at_rest_only_heartbeats_are_written(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink = kafka.create(topic(), PARTITIONS), receiver()
    drain = shuttle.add_drain(f"gold-{space}", sink.url)["id"]
    shuttle.start_worker()
    produce(kafka, space, {"gold": new_run()}, 1)
    wait_until(
        lambda: sent(shuttle, f"gold-{space}", drain) == PARTITIONS, LIMIT_SECONDS, "its lines"
    )

    def written_until_the_next_beats() -> bool:
        """Whether any status was, in two of them."""
        before = rows(shuttle, "SELECT * FROM drains_drainstatus")
        for _ in range(2):
            heard = beats(shuttle)
            wait_until(lambda: beats(shuttle) != heard, LIMIT_SECONDS, "a beat")  # noqa: B023
        return rows(shuttle, "SELECT * FROM drains_drainstatus") != before

    wait_until(lambda: not written_until_the_next_beats(), LIMIT_SECONDS, "rest")
    found = shuttle.drain(f"gold-{space}", drain)
    assert (found["state"], found["lag_messages"], found["lag_is_estimate"]) == ("live", 0, False)


def test_a_worker_of_several_that_is_killed_speaks_under_its_name_again(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    shuttle.add_drain(f"gold-{kafka.create(topic(), PARTITIONS)}", receiver().url)
    supervisor = start_sharing(shuttle)
    names = beats(shuttle).keys()
    (killed, *_) = workers_of(supervisor)
    runs = "SELECT name, run FROM drains_heartbeat"
    before = dict(rows(shuttle, runs))
    killed.kill()
    wait_until(lambda: dict(rows(shuttle, runs)) != before, LIMIT_SECONDS, "another run")
    after = dict(rows(shuttle, runs))
    assert after.keys() == names
    assert sum(before[name] != after[name] for name in names) == 1
