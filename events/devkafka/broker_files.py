"""The files of a single-node Kafka: its settings, how it logs, its certificate."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

_LOOPBACK = "127.0.0.1"

# One node, small and quick to answer. 6 MB: a record of 5 MB and what surrounds it.
_ALWAYS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "num.partitions": "4",
    "auto.create.topics.enable": "true",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "message.max.bytes": "6291456",
    "replica.fetch.max.bytes": "6291456",
    "fetch.max.bytes": "57671680",
    # A killed broker may come back when its old session has run out.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "2000",
    "log.initial.task.delay.ms": "500",
    "log.segment.delete.delay.ms": "1000",
}

_LOG_SETTINGS = """\
status = warn
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
logger.values.name = org.apache.kafka.common.config.AbstractConfig
logger.values.level = warn
"""


@dataclass(frozen=True)
class SaslSsl:
    """A second listener that speaks TLS and asks for a user.

    `certificate` is the server's PEM chain, `private_key` its unencrypted PEM key. `mechanism` is
    PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
    """

    username: str
    password: str
    certificate: str
    private_key: str
    mechanism: str = "PLAIN"

    def __repr__(self) -> str:
        return f"SaslSsl({self.username!r}, {self.mechanism})"


@dataclass(frozen=True)
class Ports:
    plain: int
    controller: int
    sasl: int | None = None


@dataclass(frozen=True)
class BrokerFiles:
    """Where a broker keeps what it keeps, all below one folder that only its user may read."""

    folder: Path

    @property
    def settings(self) -> Path:
        return self.folder / "server.properties"

    @property
    def log_settings(self) -> Path:
        return self.folder / "log4j2.properties"

    @property
    def log(self) -> Path:
        return self.folder / "broker.log"

    @property
    def records(self) -> Path:
        return self.folder / "records"

    @property
    def scratch(self) -> Path:
        """For what Java unpacks; emptied before a start."""
        return self.folder / "tmp"

    @property
    def keystore(self) -> Path:
        return self.folder / "sasl_ssl.pem"

    def formatted(self) -> bool:
        return (self.records / "meta.properties").exists()

    def write(self, ports: Ports, sasl_ssl: SaslSsl | None, more: Mapping[str, str]) -> None:
        """Writes everything but the records. `more` are broker properties that win over ours."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / ".gitignore").write_text("*\n")
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()
        settings = _ALWAYS | _listeners(ports) | {"log.dirs": str(self.records.absolute())}
        if sasl_ssl is not None:
            self.keystore.write_text(_keystore(sasl_ssl))
            settings |= _sasl_settings(sasl_ssl, self.keystore)
        self.settings.write_text(_properties(settings | dict(more)))
        self.log_settings.write_text(_LOG_SETTINGS)


def _listeners(ports: Ports) -> dict[str, str]:
    clients = [f"PLAINTEXT://{_LOOPBACK}:{ports.plain}"]
    if ports.sasl is not None:
        clients.append(f"SASL_SSL://{_LOOPBACK}:{ports.sasl}")
    controller = f"{_LOOPBACK}:{ports.controller}"
    return {
        "controller.quorum.voters": f"1@{controller}",
        "listeners": ",".join([*clients, f"CONTROLLER://{controller}"]),
        "advertised.listeners": ",".join(clients),
        "listener.security.protocol.map": (
            "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT"
        ),
    }


def _sasl_settings(sasl_ssl: SaslSsl, keystore: Path) -> dict[str, str]:
    prefix = "listener.name.sasl_ssl"
    mechanism = sasl_ssl.mechanism.lower()
    return {
        f"{prefix}.ssl.keystore.type": "PEM",
        f"{prefix}.ssl.keystore.location": str(keystore.absolute()),
        f"{prefix}.sasl.enabled.mechanisms": sasl_ssl.mechanism,
        "sasl.enabled.mechanisms": sasl_ssl.mechanism,
        f"{prefix}.{mechanism}.sasl.jaas.config": _login_module(sasl_ssl),
    }


def _login_module(sasl_ssl: SaslSsl) -> str:
    """PLAIN keeps its users here, SCRAM in the records (written when the folder is formatted)."""
    package = "org.apache.kafka.common.security"
    if sasl_ssl.mechanism != "PLAIN":
        return f"{package}.scram.ScramLoginModule required;"
    password = sasl_ssl.password.replace("\\", "\\\\").replace('"', '\\"')
    return f'{package}.plain.PlainLoginModule required user_{sasl_ssl.username}="{password}";'


def _keystore(sasl_ssl: SaslSsl) -> str:
    """Kafka reads keys as PKCS 8 only; other tools write other kinds."""
    key = load_pem_private_key(sasl_ssl.private_key.encode(), password=None)
    as_pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return as_pkcs8.decode() + sasl_ssl.certificate


def _properties(settings: Mapping[str, str]) -> str:
    """Properties in the form that java.util.Properties reads."""
    return "".join(f"{name}={_escaped(value)}\n" for name, value in settings.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")
