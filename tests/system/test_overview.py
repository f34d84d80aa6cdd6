"""What an operator sees of a running system: who fails, why, who works, what could not be read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drains.options.pem import ends_at
from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.kafka import TopicNames
from tests.support.receiver_program import Tls
from tests.support.receiving import HttpReceivers, Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until


def test_a_drain_that_fails_is_seen_mended_and_tried(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space = kafka.create(topic(), 2, retention_ms=str(6 * 3600 * 1000))
    good, dead = receiver(), receiver()
    dead.kill()
    shuttle.add_drain(f"gold-{space}", good.url)
    broken = shuttle.add_drain(f"gold-{space}", dead.url)["id"]
    shuttle.start_worker()
    kafka.produce(space, [kubernetes_event("hello", pod="gold-p1", container="gold")] * 50)
    kafka.produce(space, [b"no line at all"])

    def overview() -> Any:
        return shuttle.api.get("/overview").json()

    def causes() -> list[tuple[str, str, int]]:
        failing = overview()["needs_you"]["failing"]
        return [(cause["receiver"], cause["why"], cause["drains"]) for cause in failing]

    wait_until(causes, 10, "the failing drain is seen")
    assert causes() == [(dead.url.removeprefix("syslog://"), "connection refused", 1)]
    wait_until(lambda: overview()["malformed"], 15, "what was no line is seen")
    (kind,) = overview()["malformed"]
    assert (kind["reason"], kind["topic"]) == ("not_json", space)

    body = overview()
    assert body["drains"]["failing"] == 1
    assert "1 of 2 drains fails (1 receiver)" in body["head"]["text"]
    (worker,) = body["workers"]
    assert (worker["state"], worker["partitions"] >= 2) == ("working", True)
    assert worker["memory_bytes"] > 10_000_000

    wait_until(lambda: overview()["costliest_drains"], 15, "what was sent is counted")
    (costly,) = overview()["costliest_drains"]
    assert (costly["owner"], costly["address"], costly["share"]) == (f"gold-{space}", good.url, 1)
    assert (costly["lines"], costly["bytes"]) == (50, sum(map(len, good.lines())) + 50)
    assert overview()["malformed"][0]["count"] == 1
    assert overview()["needs_you"]["ownerless_partitions"] == []

    def seconds_left() -> float:
        waiting = overview()["needs_you"]["waiting"]
        assert {each["owner"] for each in waiting} <= {f"gold-{space}"}
        return max((each["seconds_left"] or 0.0 for each in waiting), default=0.0)

    wait_until(seconds_left, 15, "how long Kafka keeps it")
    assert 0 < seconds_left() < 6 * 3600

    dead.start()
    drain = f"/apps/gold-{space}/log-drains/{broken}"
    assert shuttle.api.post(f"{drain}/retry").status_code == 202
    wait_until(lambda: not causes(), 10, "it is well again")
    changes = [(event["what"], event["state"]) for event in overview()["events"]]
    assert changes[0] in (("state", "live"), ("state", "replaying"))
    assert ("tried", "") in changes


def test_certificates_that_end_are_seen(
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
    http_receiver: HttpReceivers,
    authority: Authority,
) -> None:
    space = kafka.create(topic(), 1)
    shown, later = authority.good_for(9), Tls(authority.good_for(40))
    soon = receiver(tls=Tls(shown))
    other, client = http_receiver(tls=later), authority.good_for(20, "client.example")
    tls = {"ca": authority.pem, "certificate": client.chain, "key": client.key}
    for url in (soon.url, other.url):
        shuttle.add_drain(f"gold-{space}", url, tls=tls)
    shuttle.start_worker()
    kafka.produce(space, [kubernetes_event("hello", pod="gold-p1", container="gold")])

    def certificates() -> list[tuple[str, int, datetime, int]]:
        told = shuttle.api.get("/overview").json()["needs_you"]["certificates"]
        return [
            (each["whose"], each["port"], datetime.fromisoformat(each["ends_at"]), each["drains"])
            for each in told
        ]

    wait_until(lambda: len(certificates()) == 3, 15, "the receiver's is seen")
    own = [("client", port, ends_at(client.chain), 1) for port in (soon.port, other.port)]
    assert certificates()[0] == ("receiver", soon.port, ends_at(shown.chain), 1)
    assert sorted(certificates()[1:]) == sorted(own)
