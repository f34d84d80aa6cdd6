"""A real Kafka with a listener for each thing that a client may be set wrong for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from events.kafka.reasons import BrokerFault
from tests.support.certificates import Authority
from tests.support.kafka import OwnKafka
from tests.support.ports import LOOPBACK, free_port

USER, PASSWORD, GUESS = "alice", "s3cret-of-alice", "s3cret-guess"
USERS = (USER, "worker", "web", "als")
"""All with the same password."""
NO_MORE: Mapping[str, str] = MappingProxyType({})
LISTENERS = {
    "PLAIN": "PLAINTEXT",
    "LOGIN": "SASL_PLAINTEXT",
    "TLS": "SSL",
    "BOTH": "SASL_SSL",
    "ELSEWHERE": "PLAINTEXT",
}


class FussyKafka(NamedTuple):
    ports: dict[str, int]
    """Of each listener."""
    closed: int
    """Where ELSEWHERE is announced, and nobody listens."""

    def at(self, listener: str) -> str:
        return f"{LOOPBACK}:{self.ports[listener]}"


def fussy_kafka(
    folder: Path, own_kafka: OwnKafka, authority: Authority, more: Mapping[str, str] = NO_MORE
) -> FussyKafka:
    """PLAIN asks for nothing, LOGIN for a user, TLS and BOTH speak TLS, ELSEWHERE sends its clients
    to a port that is closed. `more`: properties of the broker."""
    made = FussyKafka({name: free_port() for name in LISTENERS}, free_port())
    controller = free_port()
    at = {name: f"{name}://{made.at(name)}" for name in LISTENERS}
    announced = at | {"ELSEWHERE": f"ELSEWHERE://{LOOPBACK}:{made.closed}"}
    protocols = LISTENERS | {"CONTROLLER": "PLAINTEXT"}
    properties = {
        "inter.broker.listener.name": "PLAIN",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
        "listeners": ",".join([*at.values(), f"CONTROLLER://{LOOPBACK}:{controller}"]),
        "advertised.listeners": ",".join(announced.values()),
        "listener.security.protocol.map": ",".join(f"{n}:{p}" for n, p in protocols.items()),
    }
    store = keystore(folder, authority)
    for name in ("LOGIN", "BOTH"):
        properties |= login_properties(f"listener.name.{name.lower()}")
    for name in ("TLS", "BOTH"):
        properties |= tls_properties(f"listener.name.{name.lower()}", store)
    own_kafka(port=made.ports["PLAIN"], properties=properties | dict(more))
    return made


def login_properties(prefix: str) -> dict[str, str]:
    users = " ".join(f'user_{name}="{PASSWORD}"' for name in USERS)
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    return {
        f"{prefix}.sasl.enabled.mechanisms": "PLAIN",
        f"{prefix}.plain.sasl.jaas.config": f"{module} required {users};",
    }


def tls_properties(prefix: str, store: Path) -> dict[str, str]:
    return {
        f"{prefix}.ssl.keystore.type": "PEM",
        f"{prefix}.ssl.keystore.location": str(store),
    }


def keystore(folder: Path, authority: Authority) -> Path:
    """Kafka reads keys as PKCS 8 only."""
    certificate, path = authority.server(), folder / "keystore.pem"
    key = load_pem_private_key(certificate.key.encode(), password=None)
    pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_text(pkcs8.decode() + certificate.chain)
    return path


class Misfit(NamedTuple):
    """Settings with which a broker cannot be used."""

    name: str
    hosts: str
    settings: dict[str, str]
    """librdkafka's."""
    says: str
    """Which broker, and librdkafka's words."""
    fault: BrokerFault

    @property
    def environment(self) -> dict[str, str]:
        return {f"KAFKA_CONF_{name.replace('.', '_')}": of for name, of in self.settings.items()}


def misfits(fussy: FussyKafka, folder: Path, authority: Authority, silent: str) -> list[Misfit]:
    """`silent`: where connections are taken, and nothing is said."""
    tls = {"security.protocol": "SSL", "ssl.ca.location": str(authority.write(folder))}
    strange = {**tls, "ssl.ca.location": str(Authority().write(folder, "strange"))}
    user = {"sasl.mechanism": "PLAIN", "sasl.username": USER, "sasl.password": PASSWORD}
    login = {"security.protocol": "SASL_PLAINTEXT", **user}
    guess, other = login | {"sasl.password": GUESS}, login | {"sasl.mechanism": "SCRAM-SHA-256"}
    closed = f"{LOOPBACK}:{fussy.closed}"
    plain, wants_login, wants_tls = fussy.at("PLAIN"), fussy.at("LOGIN"), fussy.at("TLS")
    both, elsewhere = fussy.at("BOTH"), fussy.at("ELSEWHERE")
    ended, nowhere = "Disconnected: ", "no-such-host.invalid:9092"
    fault = BrokerFault
    return [
        Misfit("closed", closed, {}, f"{closed}: Connection refused", fault.UNREACHABLE),
        Misfit(
            "announced",
            elsewhere,
            {},
            f"{closed}, which is how a broker announces itself: Connection refused",
            fault.UNREACHABLE,
        ),
        Misfit("name", nowhere, {}, f"{nowhere}: Failed to resolve", fault.NAME),
        Misfit("login", wants_login, {}, f"{wants_login}: {ended}", fault.WANTS_LOGIN),
        Misfit("TLS", wants_tls, {}, f"{wants_tls}: {ended}", fault.WANTS_TLS),
        Misfit("both, login", both, login, f"{both}: {ended}", fault.WANTS_TLS),
        Misfit("both, TLS", both, tls, f"{both}: {ended}SSL", fault.WANTS_LOGIN),
        Misfit("no TLS", plain, tls, f"{plain}: SSL handshake failed", fault.NO_TLS),
        Misfit("no login", plain, login, f"{plain}: SASL PLAIN mechanism", fault.NO_LOGIN),
        Misfit("CA", wants_tls, strange, f"{wants_tls}: SSL handshake failed", fault.CERTIFICATE),
        Misfit("password", wants_login, guess, f"{wants_login}: SASL auth", fault.PASSWORD),
        Misfit("mechanism", wants_login, other, f"{wants_login}: SASL SCRAM", fault.MECHANISM),
        Misfit("silent", silent, {}, f"{silent}: ", fault.SILENT),
        Misfit("silent TLS", silent, tls, f"{silent}: ", fault.SILENT),
    ]
