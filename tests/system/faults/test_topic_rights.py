"""A topic that Kafka does not let us read: drains and tails say so, and go on when they may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from events.devkafka.broker import DevKafka
from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.judge import judge, new_run
from tests.support.kafka import OwnKafka
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, numbered_events, served, tag_and_text
from tests.support.waiting import wait_until

SPACE, LINES = "gs", 50
REFUSED = f"Kafka does not let us read the topic {SPACE}"
AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}


@pytest.fixture
def broker(own_kafka: OwnKafka) -> DevKafka:
    """It lets everybody do everything, and of this space no more than `allow` says."""
    made = own_kafka(properties=AUTHORIZER)
    Broker(made.bootstrap).create(SPACE, 1)
    allow(made, AclOperation.WRITE)
    return made


@pytest.fixture
def installation(tmp_path: Path, broker: DevKafka) -> Iterator[Shuttle]:
    with served(tmp_path, broker.bootstrap) as made:
        yield made


def allow(broker: DevKafka, operation: AclOperation) -> None:
    rule = AclBinding(
        ResourceType.TOPIC,
        SPACE,
        ResourcePatternType.LITERAL,
        "User:ANONYMOUS",
        "*",
        operation,
        AclPermissionType.ALLOW,
    )
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    for made in admin.create_acls([rule]).values():
        made.result(10)


def last_lines(shuttle: Shuttle) -> str:
    """What a session says that ends behind them."""
    wanted = {"app": "gold", "space": SPACE, "tail": False}
    opened = shuttle.api.post("/log-sessions", json=wanted).json()
    return get(opened["logplex_url"], timeout=5).text


def test_it_is_told_and_mends_by_itself(
    installation: Shuttle, broker: DevKafka, receiver: Receivers
) -> None:
    shuttle, sink, run, kafka = installation, receiver(), new_run(), Broker(broker.bootstrap)
    drain = shuttle.add_drain(f"gold-{SPACE}", sink.url)
    shuttle.start_worker()
    kafka.produce(SPACE, numbered_events("gold", run, 0, LINES), partition=0)

    def told() -> tuple[str, str | None]:
        found = shuttle.drain(f"gold-{SPACE}", drain["id"])
        return found["state"], found["last_error"]

    wait_until(lambda: told() == ("failing", REFUSED), 10, "it is told")
    assert shuttle.metric("logshuttle_drains", state="failing") == 1
    assert REFUSED in last_lines(shuttle)

    allow(broker, AclOperation.READ)
    verdict = judge(run, {0: LINES}, map(tag_and_text, sink.wait_for(LINES, 30)))
    assert verdict.exactly_once, verdict
    wait_until(lambda: told()[0] == "live", 15, "it is live")
    assert f"seq={LINES - 1}" in last_lines(shuttle)
