"""A log that nobody reads: its pipe is full from the start, and nothing waits for it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import httpx

from tests.support.als import entry, message, parsed, stub
from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.full_pipe import FullPipe, full_pipe
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.ports import free_port
from tests.support.processes import RunningProcess, manage, run_process
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, numbered_events
from tests.support.waiting import wait_until

GRACE_SECONDS = 10.0
NO_PORT = {"PORT": "x"}


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
        wait_until(lambda: answers_at_once(port, "/livez"), 5, "it answers")
        wait_until(lambda: answers_at_once(port, "/readyz"), 5, "it is ready")
        assert all.terminate(GRACE_SECONDS) == 0


def test_web_answers_and_ends(own_shuttle: Shuttle) -> None:
    own_shuttle.stop_web()
    port = own_shuttle.environment["PORT"]
    with full_pipe() as pipe, own_shuttle.run("runweb", stderr=pipe.end) as web:
        wait_until(lambda: answers_at_once(port, "/livez"), 30, "it answers")
        for _ in range(10):  # each with a line of the log
            assert get(f"http://127.0.0.1:{port}/apps/gold-gs/log-drains").status_code == 401
        assert answers_at_once(port, "/livez")
        assert web.terminate(GRACE_SECONDS) == 0


@contextmanager
def envoy_receiver(folder: Path, **settings: str) -> Iterator[tuple[RunningProcess, FullPipe, int]]:
    """And the port of its probes. There is no Kafka for it."""
    metrics_port = free_port()
    environment = {
        "AUTH_KEY": "key",
        "SECRET_KEY": "secret-of-the-tests-and-of-no-other",
        "KAFKA_HOSTS": "127.0.0.1:1",
        "SHUTDOWN_GRACE_SECONDS": "1",
        "ALS_METRICS_PORT": str(metrics_port),
        **settings,
    }
    command, log = manage("runals", "--host", "127.0.0.1"), folder / "log"
    with (
        full_pipe() as pipe,
        run_process(command, log=log, env=environment, stderr=pipe.end) as als,
    ):
        wait_until(lambda: answers_at_once(metrics_port, "/livez"), 30, "it answers")
        yield als, pipe, metrics_port


def test_what_was_dropped_is_told(tmp_path: Path) -> None:
    port, entries, size = free_port(), 60, 100_000
    with envoy_receiver(tmp_path, ALS_PORT=str(port), RUN_ISTIO_ALS_DEBUG="1") as (_, pipe, probes):
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            one = parsed(message(entry(path="x" * size)))
            stub(channel).StreamAccessLogs(iter([one] * entries), timeout=30)
        assert answers_at_once(probes, "/livez")

        said = pipe.read(" lines of the log were dropped: nobody read it")

    told = int(said.splitlines()[-1].partition("]")[2].split()[0])
    assert told > 0
    assert said.count("x" * size) + told == entries


def test_the_envoy_receiver_ends_whatever_comes_to_its_port(tmp_path: Path) -> None:
    """gRPC's core has a log of its own: a line for each of these."""
    server, port = Authority().server().write(tmp_path), free_port()
    tls = {"ALS_TLS_CERTIFICATE": str(server.chain), "ALS_TLS_KEY": str(server.key)}
    with envoy_receiver(tmp_path, ALS_PORT=str(port), **tls) as (als, _, probes):
        wait_until(lambda: is_refused(port), 10, "a first one is refused")
        assert all(is_refused(port) for _ in range(20))

        assert answers_at_once(probes, "/livez")
        assert als.terminate(GRACE_SECONDS) == 0


def is_refused(port: int) -> bool:
    """Plain text where TLS is spoken."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            return client.recv(100) == b""
    except ConnectionResetError:
        return True
    except OSError:
        return False


def test_bad_settings_are_said_to_nobody(tmp_path: Path) -> None:
    command, log = manage("rundemo"), tmp_path / "log"
    with full_pipe() as pipe, run_process(command, log=log, env=NO_PORT, stderr=pipe.end) as demo:
        assert demo.wait(GRACE_SECONDS) == 2
