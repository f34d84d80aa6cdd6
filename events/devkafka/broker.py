"""A real single-node Apache Kafka (KRaft) for laptops and tests, on loopback only."""

from __future__ import annotations

import base64
import errno
import fcntl
import logging
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from events.devkafka.broker_files import BrokerFiles, Ports, SaslSsl
from events.devkafka.java import KAFKA_VERSION, DevKafkaError, find_java, kafka_jars
from events.process.child_process import ChildProcess

__all__ = ["DevKafka", "DevKafkaError", "SaslSsl"]

_HOST = "127.0.0.1"
_START_LIMIT_SECONDS = 60.0
_STOP_LIMIT_SECONDS = 15.0
_HEAP_MIB = 512
# The C1 compiler and one collector thread: up in 1.7 s instead of 2.5 s, and a small process.
_JAVA_OPTIONS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",  # no file in /tmp that a killed broker would leave
)

_SILENT = logging.getLogger("events.devkafka.broker.waiting")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class DevKafka:
    """Starts a broker and takes it down again; stays usable for another start on the same data.

    `port` 0 lets the kernel choose, once: a later start keeps the port. `properties` are broker
    properties that win over ours; `heap_mib` is Java's, more for thousands of topics. `progress` is
    told, in a few words, what is being waited for.
    The thread that calls `start` must live as long as the broker (see ChildProcess).
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        port: int = 0,
        log: Path | None = None,
        properties: Mapping[str, str] | None = None,
        sasl_ssl: SaslSsl | None = None,
        heap_mib: int = _HEAP_MIB,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self._files = BrokerFiles(data_dir)
        self._port = port
        self._sasl_port: int | None = None
        self._log = log or self._files.log
        self._properties = dict(properties or {})
        self._sasl_ssl = sasl_ssl
        self._heap_mib = heap_mib
        self._say = progress or (lambda _: None)
        self._process: ChildProcess | None = None

    @property
    def bootstrap(self) -> str:
        """`host:port` of the listener that asks for nothing. Known once started."""
        return f"{_HOST}:{self._port}"

    @property
    def bootstrap_sasl(self) -> str:
        """`host:port` of the SASL_SSL listener. Raises ValueError without one."""
        if self._sasl_port is None:
            raise ValueError("this broker has no SASL_SSL listener, or was never started")
        return f"{_HOST}:{self._sasl_port}"

    @property
    def log(self) -> Path:
        return self._log

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def running(self) -> bool:
        return self._process is not None and not self._process.ended()

    def start(self) -> None:
        """Returns when the broker answers. Raises DevKafkaError with the reason otherwise."""
        if self.running():
            raise DevKafkaError("this broker is running already")
        self._refuse_taken_data()
        java, jars = find_java(), kafka_jars(self._say)
        ports = self._choose_ports()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._files.write(ports, self._sasl_ssl, self._properties)
        command: list[str | Path] = [java, f"-Xmx{self._heap_mib}m", *_JAVA_OPTIONS]
        command += self._java_places()
        command += ["-cp", f"{jars}/*"]
        self._format_once(command)
        self._say(f"starting Apache Kafka {KAFKA_VERSION} on {self.bootstrap}")
        with self._log.open("ab") as output:
            self._process = ChildProcess(
                [*command, "kafka.Kafka", self._files.settings], output=output
            )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.kill()
            raise

    def wait(self) -> None:
        """Blocks until the broker ends by itself."""
        if self._process is not None:
            self._process.process.wait()

    def stop(self) -> None:
        """Ends the broker cleanly; its data stays."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: what a crash of the broker looks like."""
        self._end(signal.SIGKILL)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _end(self, sig: signal.Signals) -> None:
        if self._process is not None:
            self._process.end(sig, _STOP_LIMIT_SECONDS)
            self._process = None

    def _refuse_taken_data(self) -> None:
        """Kafka locks its folder for as long as it runs; we ask that lock."""
        lock = self._files.records / ".lock"
        if not lock.exists():
            return
        with lock.open("r+b") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise DevKafkaError(
                    f"another running broker keeps its data in {self._files.folder}: "
                    "stop it, or choose another folder with --data"
                ) from None

    def _choose_ports(self) -> Ports:
        self._port = _reserve(self._port)
        if self._sasl_ssl is not None:
            self._sasl_port = _reserve(self._sasl_port or 0)
        return Ports(self._port, _reserve(0), self._sasl_port)

    def _java_places(self) -> list[str]:
        return [
            f"-Dlog4j2.configurationFile={self._files.log_settings.absolute()}",
            f"-Djava.io.tmpdir={self._files.scratch.absolute()}",
        ]

    def _format_once(self, command: Sequence[str | Path]) -> None:
        if self._files.formatted():
            return
        self._say("preparing the data folder")
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # An id that starts with a hyphen would be taken for an option.
        args = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}"]
        args += ["-c", str(self._files.settings), *_scram_user(self._sasl_ssl)]
        done = subprocess.run([*command, *args], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            reason = _what_went_wrong(done.stdout + done.stderr)
            raise DevKafkaError(f"Kafka could not prepare {self._files.folder}: {reason}")

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _START_LIMIT_SECONDS
        while not _accepts(self._port):
            self._refuse_ended_or_late(deadline)
            time.sleep(0.02)
        conf: dict[str, Any] = {"bootstrap.servers": self.bootstrap, "logger": _SILENT}
        admin = AdminClient(conf)
        while not _has_a_broker(admin):
            self._refuse_ended_or_late(deadline)

    def _refuse_ended_or_late(self, deadline: float) -> None:
        if not self.running():
            reason = _what_went_wrong(self._log.read_text(errors="replace"))
            raise DevKafkaError(f"Kafka ended while starting: {reason} (log: {self._log})")
        if time.monotonic() > deadline:
            raise DevKafkaError(
                f"Kafka does not answer after {_START_LIMIT_SECONDS:.0f} s (log: {self._log})"
            )


def _reserve(port: int) -> int:
    """The port, found free, or for 0 one that the kernel names. Raises DevKafkaError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"is refused: {error}"
            raise DevKafkaError(f"port {port} {reason}: choose another with --port") from None
        chosen: int = probe.getsockname()[1]
        return chosen


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection((_HOST, port), timeout=1) as connection:
            # A connection to a port of one's own choosing can meet itself.
            return bool(connection.getsockname() != connection.getpeername())
    except OSError:
        return False


def _has_a_broker(admin: AdminClient) -> bool:
    try:
        return bool(admin.list_topics(timeout=1).brokers)
    except KafkaException:
        return False


def _scram_user(sasl_ssl: SaslSsl | None) -> list[str]:
    if sasl_ssl is None or sasl_ssl.mechanism == "PLAIN":
        return []
    user = f"name={sasl_ssl.username},password={sasl_ssl.password}"
    return ["--add-scram", f"{sasl_ssl.mechanism}=[{user}]"]


def _what_went_wrong(output: str) -> str:
    """The line that says it, out of what Java programs print."""
    lines = [line for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "Exception: " in line or " ERROR " in line]
    return (telling or lines or ["it does not say why"])[-1]
