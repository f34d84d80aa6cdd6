"""A broker that answers with errors: asked again, and no line is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from tests.support.judge import new_run
from tests.support.mock_kafka import MockKafka, Request
from tests.support.outcome import all_arrive
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, served
from tests.support.steady_load import SteadyLoad
from tests.support.waiting import wait_until

SPACE = "gs"
PER_SECOND = 500

FETCH_ERRORS = [
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.REQUEST_TIMED_OUT,
]
# No error that makes a member join anew: this broker cannot tell it where a drain's lines begin.
COMMIT_ERRORS = [
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.NOT_COORDINATOR,
    KafkaError.REBALANCE_IN_PROGRESS,
]
PRODUCE_ERRORS = [KafkaError.REQUEST_TIMED_OUT, KafkaError.NOT_LEADER_FOR_PARTITION]


@pytest.fixture
def broker() -> Iterator[MockKafka]:
    with MockKafka() as made:
        made.create(SPACE, 4)
        for topic in ("alamoweblogs", "istio-access-logs", "alamobuildlogs"):
            made.create(topic, 1)
        yield made


@pytest.fixture
def installation(tmp_path: Path, broker: MockKafka) -> Iterator[Shuttle]:
    with served(tmp_path, broker.bootstrap) as made:
        yield made


@pytest.mark.parametrize(
    ("request_kind", "errors"),
    [
        pytest.param(Request.FETCH, FETCH_ERRORS, id="fetch", marks=pytest.mark.slow),
        pytest.param(Request.OFFSET_COMMIT, COMMIT_ERRORS, id="commit"),
    ],
)
def test_the_worker_asks_again(
    request_kind: Request,
    errors: list[int],
    broker: MockKafka,
    installation: Shuttle,
    receiver: Receivers,
) -> None:
    shuttle, sink, run = installation, receiver(), new_run()
    shuttle.add_drain(f"gold-{SPACE}", sink.url)
    worker = shuttle.start_worker()

    with SteadyLoad(broker.bootstrap, SPACE, run, per_second=PER_SECOND) as load:
        sink.wait_for(PER_SECOND)
        for error in errors:
            broker.fail(request_kind, [error])
            sink.wait_for(len(sink.lines()) + PER_SECOND, 10)
        produced = load.stop()

    all_arrive(sink, run, produced, duplicates=0)
    assert "Traceback" not in worker.output()
    assert worker.terminate() == 0


@pytest.mark.slow
def test_a_partition_without_a_leader_keeps_nobody_waiting(
    broker: MockKafka, installation: Shuttle, receiver: Receivers
) -> None:
    """It is consumed when it has one."""
    shuttle, sink, other_sink, run, other_run = (
        installation,
        receiver(),
        receiver(),
        new_run(),
        new_run(),
    )
    other = broker.create("other", 2)
    broker.set_leader(other, 1, None)
    shuttle.add_drain(f"gold-{SPACE}", sink.url)
    worker = shuttle.start_worker()
    with SteadyLoad(broker.bootstrap, SPACE, run, per_second=PER_SECOND) as load:
        sink.wait_for(PER_SECOND)
        shuttle.add_drain(f"gold-{other}", other_sink.url)
        wait_until(lambda: "No leader" in worker.output(), 25, "its partitions are assigned")
        sink.wait_for(len(sink.lines()) + 2 * PER_SECOND, 10)
        produced = load.stop()
    broker.set_leader(other, 1, 1)
    wait_until(lambda: worker.output().count("Took over") == 3, 25, "the other has a leader")
    with SteadyLoad(
        broker.bootstrap, other, other_run, partitions=2, per_second=PER_SECOND
    ) as load:
        other_sink.wait_for(PER_SECOND)
        other_produced = load.stop()

    all_arrive(sink, run, produced, duplicates=0)
    all_arrive(other_sink, other_run, other_produced, duplicates=0)
    assert worker.terminate() == 0


def test_a_posted_event_is_written_after_all(broker: MockKafka, installation: Shuttle) -> None:
    pod = {"container_name": "gold", "pod_name": "gold-1", "namespace_name": SPACE}
    for error in PRODUCE_ERRORS:
        broker.fail(Request.PRODUCE, [error])
        posted = installation.api.post("/log-events", json={"log": "hello", "kubernetes": pod})
        assert posted.status_code == 201
