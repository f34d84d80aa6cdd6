"""F17: each fault of a TLS receiver is told by its name, hurts nobody else, and heals by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.broker import Broker
from tests.support.certificates import Authority, self_signed
from tests.support.judge import judge, new_run
from tests.support.kafka import TopicNames
from tests.support.receiver_program import Tls
from tests.support.receivers import NORMAL, PLAIN_TEXT, SILENT, Receiver
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, numbered_events, tag_and_text
from tests.support.waiting import wait_until

FAULTS: dict[str, str] = {
    "expired": "TLS: certificate has expired",
    "early": "TLS: certificate is not yet valid",
    "name": "TLS: certificate is for another name",
    "issuer": "TLS: certificate is signed by an unknown issuer",
    "self": "TLS: certificate is self-signed",
    "old": "TLS: the receiver has no TLS 1.2 or later",
    "silent": "timed out in the TLS handshake: the receiver may not speak TLS",
    "plain": "TLS: the receiver does not speak TLS: it may be syslog://, http:// or another port",
    "client": "TLS: the receiver wants a client certificate",
}
LINES = 50


def broken(kind: str, start: Callable[..., Receiver], authority: Authority) -> Receiver:
    good = authority.server()
    match kind:
        case "expired":
            return start(tls=Tls(authority.expired()))
        case "early":
            return start(tls=Tls(authority.not_yet_valid()))
        case "name":
            return start(tls=Tls(authority.wrong_name()))
        case "issuer":
            return start(tls=Tls(Authority().server()))
        case "self":
            return start(tls=Tls(self_signed()))
        case "old":
            return start(tls=Tls(good, minimum="TLSv1", maximum="TLSv1_1"))
        case "silent":
            return start(SILENT, tls=Tls(good))
        case "plain":
            return start(PLAIN_TEXT, tls=Tls(good))
        case _:
            return start(tls=Tls(good, Authority(), minimum="TLSv1_3"))


def test_faults_of_tls(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers, authority: Authority
) -> None:
    space = kafka.create(topic(), partitions=1)
    sick = {kind: broken(kind, receiver, authority) for kind in FAULTS}
    healthy = receiver(tls=Tls(authority.server()))
    trust = {"tls": {"ca": authority.pem}}
    drains = {
        kind: shuttle.add_drain(f"{kind}-{space}", r.url, **trust)
        for kind, r in {**sick, "healthy": healthy}.items()
    }
    shuttle.start_worker()
    runs = {kind: new_run() for kind in drains}
    for kind, run in runs.items():
        kafka.produce(space, numbered_events(kind, run, 0, LINES))

    def shown(kind: str) -> dict[str, Any]:
        return shuttle.drain(f"{kind}-{space}", drains[kind]["id"])

    def errors() -> dict[str, str]:
        """Without what OpenSSL says of it, and the alert."""
        told = {kind: shown(kind)["last_error"] or "" for kind in FAULTS}
        return {kind: said.partition(" (")[0] for kind, said in told.items()}

    wait_until(lambda: errors() == FAULTS, 30, "each fault is told by its name")
    assert {shown(kind)["state"] for kind in FAULTS} == {"failing"}
    healthy.wait_for(LINES)
    assert (shown("healthy")["state"], shown("healthy")["last_error"]) == ("live", None)
    assert not any(r.lines() for r in sick.values())

    for r in sick.values():
        r.stop()
        r.tls = Tls(authority.server())
        r.start(NORMAL)
    for kind, r in sick.items():
        r.wait_for(LINES, 90)
        verdict = judge(runs[kind], {0: LINES}, map(tag_and_text, r.lines()))
        assert verdict.at_least_once, f"{kind}: {verdict}"
    wait_until(lambda: {shown(k)["state"] for k in FAULTS} == {"live"}, 30, "all are live again")
