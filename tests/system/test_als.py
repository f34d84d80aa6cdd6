"""The Envoy receiver as a real process, in front of a real Kafka."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import psutil
import pytest

from events.als.streams import TOPIC
from events.formats.decode import Decoder
from tests.support.als import VERSIONS, entry, message, parsed, stub
from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.envoy import EnvoyConfig
from tests.support.kafka import OwnKafka, TopicNames
from tests.support.ports import LOOPBACK, accepts, free_port
from tests.support.processes import RunningProcess, manage, run_process
from tests.support.receiving import Receivers
from tests.support.records import records_of
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until

LIMIT_SECONDS = 30.0
HEADERS = {"Host": "shop.example"}


class Als:
    """`runals` with its probes, on free ports."""

    def __init__(self, shuttle: Shuttle) -> None:
        self.shuttle = shuttle
        self.port, self.metrics_port = free_port(), free_port()
        self.environment = shuttle.environment
        self.environment |= {
            "ALS_PORT": str(self.port),
            "ALS_METRICS_PORT": str(self.metrics_port),
        }

    @contextmanager
    def run(self, *options: str) -> Iterator[RunningProcess]:
        with self.shuttle.run("runals", "--host", LOOPBACK, *options) as process:
            process.wait_for_output("Taking access logs")
            yield process

    def ask_for_certificates(self, folder: Path) -> Authority:
        """TLS for servers and clients of one authority, which is `ca.pem` in the folder."""
        authority = Authority()
        server = authority.server().write(folder)
        self.environment |= {
            "ALS_TLS_CERTIFICATE": str(server.chain),
            "ALS_TLS_KEY": str(server.key),
            "ALS_TLS_CLIENT_CA": str(authority.write(folder)),
        }
        return authority

    def ready(self) -> int:
        return get(f"http://{LOOPBACK}:{self.metrics_port}/readyz").status_code

    def metrics(self) -> str:
        return get(f"http://{LOOPBACK}:{self.metrics_port}/metrics").text

    def count(self, metric: str) -> float:
        """Sum of a metric's series; 0 where it has none."""
        series = rf"^logshuttle_als_{metric}(?:{{.*}})? (\S+)$"
        found = re.findall(series, self.metrics(), re.MULTILINE)
        return sum(map(float, found))

    def send(self, *messages: bytes, version: str = "v3", credentials: Any = None) -> None:
        """One stream, to its end."""
        address = f"{LOOPBACK}:{self.port}"
        channel = (
            grpc.secure_channel(address, credentials)
            if credentials
            else grpc.insecure_channel(address)
        )
        with channel:
            stub(channel, version).StreamAccessLogs(
                (parsed(data, version) for data in messages), timeout=LIMIT_SECONDS
            )


@pytest.fixture
def als_to(tmp_path: Path) -> Iterator[Callable[[str], Als]]:
    made: list[Shuttle] = []

    def make(bootstrap: str) -> Als:
        made.append(Shuttle(tmp_path, bootstrap))
        return Als(made[-1])

    yield make
    for shuttle in made:
        shuttle.close()
    gc.collect()  # gRPC's thread ends with the last call that anything still names


@pytest.fixture
def als(als_to: Callable[[str], Als], kafka: Broker) -> Als:
    return als_to(kafka.bootstrap)


def written_for(broker: Broker, space: str, count: int) -> list[dict[str, Any]]:
    """The first `count` entries of a space's apps, once they are there."""

    def found() -> list[dict[str, Any]]:
        ends, begins = broker.end_offsets(TOPIC), broker.start_offsets(TOPIC)
        total = sum(ends.values()) - sum(begins.values())
        values = [record.value() or b"" for record in broker.consume(TOPIC, total)]
        ours = [json.loads(value) for value in values if f".{space}.svc".encode() in value]
        return ours if len(ours) >= count else []

    return wait_until(found, LIMIT_SECONDS, f"{count} entries for {space}")


@pytest.mark.parametrize("version", VERSIONS)
def test_what_an_envoy_sends_is_on_kafka(
    version: str, als: Als, kafka: Broker, topic: TopicNames
) -> None:
    space = topic()
    nobodys = entry(common={"upstream_cluster": "BlackHoleCluster"})
    with als.run() as process:
        messages = [message(entry(space, path=f"/{n}"), version=version) for n in range(20)]
        messages += [message(tcp=3, version=version), message(nobodys, version=version)]
        als.send(*messages, version=version)

        entries = written_for(kafka, space, 20)

        assert [one["request"]["path"] for one in entries] == [f"/{n}" for n in range(20)]
        wait_until(lambda: als.count("entries_written_total") == 20, 10, "the acknowledgements")
        assert als.count("entries_received_total") == 24
        assert als.count("entries_ignored_total") == 4
        assert als.count("entries_lost_total") == 0
        assert als.ready() == 200
        assert process.terminate() == 0
    assert "Traceback" not in process.output()


def test_a_large_burst_is_written_whole_before_it_ends(
    als: Als, kafka: Broker, topic: TopicNames
) -> None:
    space = topic()
    with als.run() as process:
        als.send(*[message(*[entry(space)] * 500)] * 10)
        assert process.terminate() == 0

    assert len(written_for(kafka, space, 5000)) == 5000


@pytest.mark.slow
def test_while_kafka_is_away_memory_is_bounded_and_entries_wait(
    als_to: Callable[[str], Als], own_kafka: OwnKafka, topic: TopicNames
) -> None:
    broker, space = own_kafka(), topic()
    Broker(broker.bootstrap).create(TOPIC, 1)
    als = als_to(broker.bootstrap)
    broker.stop()

    with als.run() as process:
        rss = psutil.Process(process.pid).memory_info
        before = rss().rss
        sent = asyncio.run(_until_it_waits(als, message(*[entry(space, path="x" * 2000)] * 400)))
        waiting = als.count("entries_waiting")
        assert rss().rss - before < 200_000_000
        assert 0 < waiting <= als.count("entries_received_total") <= sent
        assert als.ready() == 503

        broker.start()
        wait_until(lambda: als.count("entries_written_total") >= waiting, 60, "entries of before")
        assert process.terminate() == 0
    assert "Traceback" not in process.output()


async def _until_it_waits(als: Als, data: bytes) -> int:
    """Sends until nobody reads any more; the entries that were sent."""
    sent = 0
    request = parsed(data)
    async with grpc.aio.insecure_channel(f"{LOOPBACK}:{als.port}") as channel:
        call = stub(channel).StreamAccessLogs()
        try:
            for _ in range(1000):
                async with asyncio.timeout(3):
                    await call.write(request)
                sent += len(request.http_logs.log_entry)
        except TimeoutError:
            return sent + len(request.http_logs.log_entry)
    raise AssertionError(f"{sent} entries were taken without a Kafka")


def test_what_kafka_never_took_is_said_at_the_end(als_to: Callable[[str], Als]) -> None:
    als = als_to("127.0.0.1:1")
    als.environment["SHUTDOWN_GRACE_SECONDS"] = "1"
    with als.run() as process:
        als.send(message(entry(), entry()))

        assert process.terminate() == 0
    assert "Entries lost: {'purge_queue': 2}" in process.output()
    assert "Traceback" not in process.output()


@pytest.mark.parametrize("secured", [False, True], ids=["clear", "mtls"])
def test_requests_through_a_real_envoy_become_lines_of_the_app(
    secured: bool, als: Als, kafka: Broker, topic: TopicNames, tmp_path: Path
) -> None:
    config = EnvoyConfig(space := topic(), als.port)
    if secured:
        authority, client = als.ask_for_certificates(tmp_path), "envoy"
        files = authority.client().write(tmp_path, client)
        config.speak_tls(tmp_path / "ca.pem", files.chain, files.key)
    with als.run(), config.run(tmp_path):
        with httpx.Client(base_url=f"http://{LOOPBACK}:{config.port}") as browser:
            answers = [browser.get(f"/café/{n}?x=1", headers=HEADERS) for n in range(3)]
        entries = written_for(kafka, space, 3)
        nodes = als.metrics()

    assert [answer.text for answer in answers] == ["hello"] * 3
    assert 'logshuttle_als_streams{node="envoy-of-the-test"} 1.0' in nodes
    lines = Decoder().lines_of(records_of([json.dumps(one).encode() for one in entries], TOPIC))
    assert [str(line.origin.key) for line in lines] == [f"shop-{space}"] * 3
    for number, line in enumerate(lines):
        assert re.fullmatch(
            r"bytes=\d+ request_size=\d+ response_size=\d+ method=GET request_id=[0-9a-f-]{36}"
            rf" fwd=[0-9a-f.:]+ authority=shop.example origin= protocol=http11 tls= status=200"
            r" connect=\d+\.\d\dms service=\d+\.\d\dms total=\d+\.\d\dms"
            rf" dyno=shop-{space} host=shop-{space} path=/caf%C3%A9/{number}\?x=1",
            line.text,
        )


def test_mutual_tls_by_settings(als: Als, kafka: Broker, topic: TopicNames, tmp_path: Path) -> None:
    authority, space = als.ask_for_certificates(tmp_path), topic()
    client = authority.client()
    known = grpc.ssl_channel_credentials(
        authority.pem.encode(), client.key.encode(), client.chain.encode()
    )
    stranger = grpc.ssl_channel_credentials(authority.pem.encode())

    with als.run():
        with pytest.raises(grpc.RpcError):
            als.send(message(entry(space, path="/stranger")), credentials=stranger)
        als.send(message(entry(space, path="/known")), credentials=known)

        assert [one["request"]["path"] for one in written_for(kafka, space, 1)] == ["/known"]


def test_debug_logs_each_entry(als: Als) -> None:
    als.environment["RUN_ISTIO_ALS_DEBUG"] = "true"
    with als.run() as process:
        als.send(message(entry(path="/seen"), node="some-node"))

        process.wait_for_output("/seen")
        assert "some-node" in process.output()


@pytest.mark.parametrize("which", ["ALS_PORT", "ALS_METRICS_PORT"])
def test_a_taken_port_is_one_clear_line(which: str, als: Als, receiver: Receivers) -> None:
    taken = str(receiver().port)
    als.environment[which] = taken

    with als.shuttle.run("runals", "--host", LOOPBACK) as process:
        assert process.wait() == 1
    (line,) = [line for line in process.output().splitlines() if taken in line]
    assert f"{which} {taken}: Address already in use" in line
    assert "Traceback" not in process.output()


def test_it_wants_the_settings_that_all_processes_want(tmp_path: Path) -> None:
    with run_process(manage("runals"), log=tmp_path / "log") as process:
        assert process.wait() == 2
    assert "AUTH_KEY: required" in process.output()
    assert "KAFKA_HOSTS: required" in process.output()


def test_wrong_tls_files_stop_the_start(als: Als, tmp_path: Path) -> None:
    options = ("--tls-certificate", "/no/such/file", "--tls-key", str(tmp_path))
    with als.shuttle.run("runals", *options) as process:
        assert process.wait() == 2
    assert "--tls-certificate: /no/such/file cannot be read" in process.output()


def test_a_second_signal_ends_it_at_once(als_to: Callable[[str], Als]) -> None:
    als = als_to("127.0.0.1:1")
    with als.run() as process:
        als.send(message(entry()))
        process.signal(signal.SIGTERM)
        process.wait_for_output("Stopping")
        process.signal(signal.SIGTERM)

        assert process.wait(5) == 1


def test_runshuttle_keeps_one_beside_it(als: Als, kafka: Broker, topic: TopicNames) -> None:
    shuttle, space = als.shuttle, topic()
    shuttle.environment["RUN_ISTIO_ALS"] = "true"
    shuttle.migrate()
    worker = shuttle.start_worker()
    worker.wait_for_output("Taking access logs")
    (child,) = psutil.Process(worker.pid).children()

    child.kill()
    worker.wait_for_output("runals has ended (-9)")
    wait_until(lambda: accepts(als.port), LIMIT_SECONDS, "the next one")
    als.send(message(entry(space)))
    assert written_for(kafka, space, 1)

    assert worker.terminate() == 0
    assert not accepts(als.port)
    assert "Traceback" not in worker.output()


def test_runshuttle_goes_on_without_one(als: Als, receiver: Receivers) -> None:
    shuttle = als.shuttle
    shuttle.environment |= {"RUN_ISTIO_ALS": "true", "ALS_PORT": str(receiver().port)}
    shuttle.migrate()
    worker = shuttle.start_worker()

    worker.wait_for_output("runals has ended (1)")
    assert shuttle.is_ready(worker)
    assert worker.terminate() == 0
