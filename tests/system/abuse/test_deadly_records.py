"""What takes a worker down is left out at the third try; who is killed leaves nothing out."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.broker import Broker
from tests.support.judge import Verdict, judge, new_run
from tests.support.kafka import TopicNames
from tests.support.processes import ROOT, RunningProcess
from tests.support.receivers import Receiver
from tests.support.receiving import Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle, numbered_events, tag_and_text
from tests.support.waiting import wait_until

REASON = "took_down_worker"
BACK_SECONDS = 30
"""A hang costs a fall by the watchdog and two trials, of 8 s each."""
LATE = "-late"
"""No child finds it: it costs one fall more."""
LINES = 500


def verdict(sink: Receiver, run: str, lines: int, app: str) -> Verdict:
    return judge(run, {0: lines}, [tag_and_text(line) for line in sink.lines()], drain=app)


def assert_all_there(sink: Receiver, run: str, lines: int, app: str) -> None:
    wait_until(lambda: not verdict(sink, run, lines, app).lost, 60, f"all lines of {app}")
    assert verdict(sink, run, lines, app).at_least_once, verdict(sink, run, lines, app)


def rows(shuttle: Shuttle, query: str) -> list[tuple[Any, ...]]:
    file = shuttle.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, timeout=30)) as database:
        return database.execute(query).fetchall()


def left_out(shuttle: Shuttle) -> list[tuple[Any, ...]]:
    asked = "SELECT topic, offset FROM shuttle_malformedsample WHERE reason = 'took_down_worker'"
    return rows(shuttle, asked)


def falls(supervisor: RunningProcess) -> int:
    return supervisor.output().count("has ended")


@pytest.mark.parametrize(
    "how",
    [
        "raise",
        *(
            pytest.param(how, marks=pytest.mark.slow)
            for how in ("kill", "hang", "raise-late", "hang-late")
        ),
    ],
)
def test_a_deadly_record_costs_itself_and_no_other(
    how: str, shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    spaces = {app: kafka.create(topic()) for app in ("gold", "lead")}
    sinks, runs = {app: receiver() for app in spaces}, {app: new_run() for app in spaces}
    drains = {app: shuttle.add_drain(f"{app}-{of}", sinks[app].url) for app, of in spaces.items()}
    shuttle.environment["PYTHONPATH"] = f"{ROOT / 'tests/support/deadly'}:{ROOT}"
    shuttle.environment["DEADLY"] = how
    supervisor = shuttle.start_worker(workers=2)

    def produce(app: str, start: int) -> None:
        kafka.produce(
            spaces[app], numbered_events(app, runs[app], 0, LINES, start=start), partition=0
        )

    for app in spaces:
        produce(app, 0)
    for app, sink in sinks.items():
        assert_all_there(sink, runs[app], LINES, app)
    since = datetime.now(UTC).isoformat()
    kafka.produce(spaces["gold"], [kubernetes_event("DEADLY", container="gold")], partition=0)
    met = time.monotonic()
    for app in spaces:
        produce(app, LINES)
    for app, sink in sinks.items():
        assert_all_there(sink, runs[app], 2 * LINES, app)
    took = time.monotonic() - met
    fallen = falls(supervisor)
    assert took < BACK_SECONDS
    assert fallen - how.endswith(LATE) in (1, 2)
    assert not any(b"DEADLY" in line for line in sinks["gold"].lines())
    name = "logshuttle_records_malformed_total"
    wait_until(lambda: left_out(shuttle) == [(spaces["gold"], LINES)], 20, "the sample")
    if not how.endswith(LATE):  # else who counted it has ended
        assert shuttle.metric(name, reason=REASON) == 1
    print(f"{how}: all lines after {took:.1f} s and {fallen} falls")

    # Nobody reads it again, live or in a replay.
    assert supervisor.terminate() == 0
    again = shuttle.start_worker(workers=2)
    before = len(sinks["gold"].lines())
    path = f"/apps/gold-{spaces['gold']}/log-drains/{drains['gold']['id']}/replay"
    answer = shuttle.api.post(path, json={"since": since})
    assert answer.status_code < 300, answer.text
    sinks["gold"].wait_for(before + LINES, 60)
    assert falls(again) == fallen
    assert again.terminate() == 0


@pytest.mark.slow
@pytest.mark.parametrize("kills", [4, 10])
def test_who_is_killed_again_and_again_leaves_nothing_out(
    kills: int, shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    """At its start, before it has committed anything: each time at the same offset."""
    space, sink, run = kafka.create(topic()), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    for number in range(kills):
        kafka.produce(
            space, numbered_events("gold", run, 0, LINES, start=number * LINES), partition=0
        )
        worker = shuttle.start_worker()
        worker.signal(signal.SIGKILL)
        worker.wait(10)
    (tries,) = rows(
        shuttle,
        f"SELECT tries FROM drains_partitionclaim WHERE topic = '{space}' AND partition = 0",
    )
    worker = shuttle.start_worker()
    worker.wait_for_output("their records are tried first")
    assert_all_there(sink, run, kills * LINES, "gold")
    assert tries[0] >= 3
    assert shuttle.metric("logshuttle_records_malformed_total") == 0
    assert worker.terminate() == 0
    (tries,) = rows(
        shuttle,
        f"SELECT tries FROM drains_partitionclaim WHERE topic = '{space}' AND partition = 0",
    )
    assert tries == (0,)
