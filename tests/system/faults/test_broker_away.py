"""The broker stops, or dies, and comes back on the same port with the same data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from events.devkafka.broker import DevKafka
from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import OwnKafka
from tests.support.outcome import all_arrive, probe
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, served
from tests.support.steady_load import SteadyLoad
from tests.support.waiting import throughout, wait_until

PARTITIONS = 4
SPACE = "gs"
PER_SECOND = 500
READY_ENDS_SECONDS = 35
BACK_SECONDS = 10
# What was delivered and not yet committed when the broker went: commits follow 2 to 3 s behind.
REPEATED = 4 * PER_SECOND


@pytest.fixture
def installation(tmp_path: Path, own_kafka: OwnKafka) -> Iterator[tuple[Shuttle, DevKafka]]:
    """On a broker of its own, with a topic."""
    broker = own_kafka()
    Broker(broker.bootstrap).create(SPACE, PARTITIONS)
    with served(tmp_path, broker.bootstrap) as made:
        yield made, broker


@pytest.mark.parametrize(
    ("away_seconds", "end"),  # that long after it has ended, which takes some seconds too
    [
        pytest.param(2, DevKafka.stop, id="5 s"),
        pytest.param(30, DevKafka.stop, id="30 s", marks=pytest.mark.slow),
        pytest.param(30, DevKafka.kill, id="killed, 30 s", marks=pytest.mark.slow),
    ],
)
def test_lines_go_on_when_a_broker_comes_back(
    away_seconds: int,
    end: Callable[[DevKafka], None],
    installation: tuple[Shuttle, DevKafka],
    receiver: Receivers,
) -> None:
    (shuttle, broker), sink, run = installation, receiver(), new_run()
    shuttle.add_drain(f"gold-{SPACE}", sink.url)
    worker = shuttle.start_worker()
    seen = {"unready": False}

    def lives() -> bool:
        seen["unready"] = seen["unready"] or probe(shuttle, "/readyz") == 503
        return probe(shuttle, "/livez") == 200

    with SteadyLoad(broker.bootstrap, SPACE, run, per_second=PER_SECOND) as load:
        sink.wait_for(PER_SECOND)
        end(broker)
        throughout(lives, away_seconds, "/livez answers")
        broker.start()
        sink.wait_for(len(sink.lines()) + PER_SECOND, BACK_SECONDS)
        produced = load.stop()

    all_arrive(sink, run, produced, duplicates=REPEATED)
    assert seen["unready"]
    wait_until(lambda: shuttle.is_ready(worker), 10, "the worker is ready again")
    assert "Traceback" not in worker.output()
    assert worker.terminate() == 0
