"""Keys that change step by step: nobody notices; who cannot read a drain says so, and its lines
wait."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from cryptography.fernet import Fernet

from tests.support.broker import Broker
from tests.support.crew import Crew
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.outcome import all_arrive
from tests.support.receiving import Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle
from tests.support.steady_load import SteadyLoad
from tests.support.waiting import wait_until

KEYS = "FIELD_ENCRYPTION_KEYS"
PARTITIONS = 32
"""Far more than those of the sources, which other tests may have made (a dozen) and workers share
too: or the second worker gets half of all, and none of the space's."""


def encrypt_again(shuttle: Shuttle, url: str, key: bytes, app: str = "%") -> None:
    """The drain's URL, as an installation with this key has it."""
    file = shuttle.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(
            "UPDATE drains_drain SET url = ? WHERE app LIKE ?",
            [Fernet(key).encrypt(url.encode()).decode(), app],
        )


def test_a_start_without_a_key_says_once_what_cannot_be_read_and_goes_on(
    own_shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink, shuttle = kafka.create(topic(), 1), receiver(), own_shuttle
    shuttle.add_drain(f"gold-{space}", sink.url)
    lost = shuttle.add_drain(f"lost-{space}", sink.url)
    encrypt_again(shuttle, sink.url, Fernet.generate_key(), "lost")
    shuttle.stop_web()

    started = [shuttle.start_web(), shuttle.start_worker()]

    for app in ("lost", "gold"):
        kafka.produce(space, [kubernetes_event(app, pod=f"{app}-p1", container=app)])
    sink.wait_for(1)
    for process in started:
        (said,) = [line for line in process.output().splitlines() if "Add the key" in line]
        assert f"{lost['id']} (lost-{space} → " in said
        assert "Traceback" not in process.output()


@pytest.mark.parametrize(
    "rate", [pytest.param(300, id="small"), pytest.param(3_000, id="full", marks=pytest.mark.slow)]
)
def test_a_drain_that_workers_cannot_read_for_a_while_gets_every_line(
    rate: int,
    crew: Crew,
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
) -> None:
    space, sink, run = kafka.create(topic(), PARTITIONS), receiver(), new_run()
    drain = shuttle.add_drain(f"gold-{space}", sink.url)
    path = f"/apps/gold-{space}/log-drains/{drain['id']}"
    old = Fernet.generate_key()
    encrypt_again(shuttle, sink.url, old)

    def cannot_be_read() -> bool:
        found = shuttle.api.get(path).json()
        return (found["state"], found["last_error"]) == (
            "failing",
            f"its URL cannot be read: {KEYS} lacks the key",
        )

    crew.join()  # the old key was taken away too early
    with SteadyLoad(kafka.bootstrap, space, run, partitions=PARTITIONS, per_second=rate) as load:
        wait_until(cannot_be_read, 20, "it is told")
        shuttle.environment[KEYS] = old.decode()
        crew.join()  # different keys at two hosts
        sink.wait_for(rate, 20)
        assert cannot_be_read(), "one of two can read it"
        shuttle.api.patch(path, json={"url": sink.url}).raise_for_status()  # now under the new key
        wait_until(lambda: crew.metric("logshuttle_drains_unreadable") == [0, 1], 10, "the other")
        assert crew.leave() == 0
        wait_until(lambda: crew.partitions()[0] >= PARTITIONS, 20, "who cannot read it has all")
        before = len(sink.lines())
        wait_until(cannot_be_read, 10, "it is told again")
        del shuttle.environment[KEYS]
        crew.join()
        sink.wait_for(before + rate // 10, 20)
        assert crew.leave() == 0
        wait_until(lambda: shuttle.api.get(path).json()["state"] == "live", 20, "it is live")
        produced = load.stop()

    all_arrive(sink, run, produced)
    assert shuttle.api.get(path).json()["lines_lost"] == 0
    assert crew.leave() == 0
