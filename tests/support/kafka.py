"""Fixtures: one real Kafka for all tests, fresh topics for each, or a broker of one's own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from events.devkafka.broker import DevKafka, DevKafkaError
from events.devkafka.java import kafka_jars
from tests.support.broker import Broker
from tests.support.locks import MACHINE, locked
from tests.support.ports import free_port
from tests.support.servers import missing

TopicNames = Callable[[], str]
OwnKafka = Callable[..., DevKafka]

_IDLE = {"metadata.max.idle.interval.ms": "0"}
"""A broker that has nothing to do writes nothing: there is one for each process of a run."""
_JAVA_OPTIONS = "JDK_JAVA_OPTIONS"  # Java reads it before its arguments


@pytest.fixture(scope="session")
def _quick_java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A broker starts in half the time where Java finds its classes as an earlier one had them.

    The first one ever leaves them beside Kafka's jars. A Java that cannot use them says so in the
    broker's log, and loads its own.
    """
    with pytest.MonkeyPatch.context() as patch:
        with suppress(DevKafkaError), locked(MACHINE):  # who asks for a broker is told
            archive = Path(f"{kafka_jars(lambda _: None)}.jsa")
            if not archive.exists():
                patch.setenv(_JAVA_OPTIONS, f"-XX:ArchiveClassesAtExit={archive}")
                with DevKafka(port=free_port(), data_dir=tmp_path_factory.mktemp("java") / "data"):
                    pass
            patch.setenv(_JAVA_OPTIONS, f"-XX:SharedArchiveFile={archive}")
        yield


@pytest.fixture(scope="session")
def kafka(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """The session's broker: `--kafka`'s, else one of ours on a free port with its data in /tmp."""
    outside = request.config.getoption("--kafka")
    with ExitStack() as stack:
        if outside is None:
            request.getfixturevalue("_quick_java")
            folder = tmp_path_factory.mktemp("kafka") / "data"
            own = DevKafka(port=free_port(), data_dir=folder, properties=_IDLE)
            outside = stack.enter_context(_started(own)).bootstrap
        yield Broker(outside)


@pytest.fixture
def topic(kafka: Broker) -> Iterator[TopicNames]:
    """Gives fresh names, each a legal space; topics so named are deleted after the test."""
    prefix = f"t{uuid.uuid4().hex[:10]}"
    given: list[str] = []

    def fresh() -> str:
        given.append(f"{prefix}-{len(given)}")
        return given[-1]

    yield fresh
    kafka.delete(given)


@pytest.fixture
def own_kafka(tmp_path: Path, _quick_java: None) -> Iterator[OwnKafka]:
    """Starts brokers that a test may kill, restart or set up its own way: DevKafka's arguments."""
    with ExitStack() as stack:

        def start(**options: Any) -> DevKafka:
            folder = tmp_path / f"kafka{uuid.uuid4().hex[:6]}"
            mine: dict[str, Any] = {"data_dir": folder, "port": free_port()}
            return stack.enter_context(_started(DevKafka(**mine | options)))

        yield start


@contextmanager
def _started(broker: DevKafka) -> Iterator[DevKafka]:
    """A machine that cannot run a broker is one that lacks a server."""
    try:
        with locked(MACHINE):  # the first one downloads Kafka, the others find it
            broker.start()
    except DevKafkaError as error:
        missing(f"no Kafka: {error}")
    try:
        yield broker
    finally:
        broker.stop()
