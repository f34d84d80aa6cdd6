"""What each process may do at least, as docs/operations.md has it, and what is said without."""

from __future__ import annotations

import gc
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

from events.topics import BUILD, ISTIO, ROUTER
from tests.support.als import entry, message
from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.fussy_kafka import PASSWORD, FussyKafka, fussy_kafka
from tests.support.kafka import OwnKafka
from tests.support.receiving import Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle, tag_and_text
from tests.support.waiting import throughout, wait_until
from tests.system.test_als import Als

SPACE = "gs"
TOPICS = (SPACE, ROUTER.topic, ISTIO.topic, BUILD.topic)
REPEATED_SECONDS = 12.0
AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",  # which the broker is to itself
}
READ, WRITE, DESCRIBE = AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE
DESCRIBE_CONFIGS = AclOperation.DESCRIBE_CONFIGS


@pytest.fixture
def fussy(tmp_path: Path, own_kafka: OwnKafka, authority: Authority) -> FussyKafka:
    made = fussy_kafka(tmp_path, own_kafka, authority, AUTHORIZER)
    for topic in TOPICS:
        Broker(made.at("PLAIN")).create(topic, 1)
    return made


@pytest.fixture
def installation(tmp_path: Path, fussy: FussyKafka) -> Iterator[Shuttle]:
    made = Shuttle(
        tmp_path,
        fussy.at("LOGIN"),
        {
            "KAFKA_CONF_security_protocol": "SASL_PLAINTEXT",
            "KAFKA_CONF_sasl_mechanism": "PLAIN",
            "KAFKA_CONF_sasl_password": PASSWORD,
        },
    )
    made.environment["KAFKA_CONF_sasl_username"] = "web"
    made.migrate()
    yield made
    made.close()


def allow(
    fussy: FussyKafka, user: str, kind: ResourceType, name: str, *operations: AclOperation
) -> None:
    rules = [
        AclBinding(
            kind,
            name,
            ResourcePatternType.LITERAL,
            f"User:{user}",
            "*",
            operation,
            AclPermissionType.ALLOW,
        )
        for operation in operations
    ]
    admin = AdminClient({"bootstrap.servers": fussy.at("PLAIN")})
    for made in admin.create_acls(rules).values():
        made.result(10)


def allow_what_the_docs_say(fussy: FussyKafka, group: str) -> None:
    for topic in TOPICS:
        allow(fussy, "worker", ResourceType.TOPIC, topic, READ, DESCRIBE_CONFIGS)
        allow(fussy, "web", ResourceType.TOPIC, topic, READ)
    allow(fussy, "worker", ResourceType.GROUP, group, READ)
    allow(fussy, "web", ResourceType.TOPIC, SPACE, WRITE)
    allow(fussy, "als", ResourceType.TOPIC, ISTIO.topic, WRITE)


@pytest.mark.slow
def test_what_the_docs_say_is_enough(
    installation: Shuttle, fussy: FussyKafka, receiver: Receivers
) -> None:
    shuttle, sink, kafka = installation, receiver(), Broker(fussy.at("PLAIN"))
    allow_what_the_docs_say(fussy, shuttle.group)
    web = shuttle.start_web()
    shuttle.add_drain(f"gold-{SPACE}", sink.url)
    shuttle.environment["KAFKA_CONF_sasl_username"] = "worker"
    worker = shuttle.start_worker()
    shuttle.environment["KAFKA_CONF_sasl_username"] = "als"
    als = Als(shuttle)

    kafka.produce(SPACE, [kubernetes_event("from a pod")])
    pod = {"container_name": "gold", "pod_name": "gold-1", "namespace_name": SPACE}
    posted = shuttle.api.post("/log-events", json={"log": "posted", "kubernetes": pod})
    with als.run() as receiving:
        als.send(message(entry(SPACE)))
        lines = sink.wait_for(3)
        outputs = [each.output() for each in (web, worker, receiving)]

    assert posted.status_code == 201, posted.text
    assert {"from a pod", "posted"} < {tag_and_text(line)[1] for line in lines}
    wanted = {"app": "gold", "space": SPACE, "tail": False}
    opened = shuttle.api.post("/log-sessions", json=wanted).json()
    assert "from a pod" in get(opened["logplex_url"], timeout=10).text
    assert shuttle.api.get("/readyz").status_code == 200
    assert not [line for text in outputs for line in text.splitlines() if "Kafka" in line]
    gc.collect()  # gRPC's thread ends with the last call that anything still names
    assert not failures_of(shuttle, "worker")
    assert failures_of(shuttle, "web") == [
        f"  FAIL  Kafka does not let us be in the group {shuttle.group}."
    ]


def failures_of(shuttle: Shuttle, user: str) -> list[str]:
    """By the doctor, called as this user."""
    shuttle.environment["KAFKA_CONF_sasl_username"] = user
    with shuttle.run("doctor") as running:
        running.wait()
        said = running.output()
        running.log.unlink()
    return [line for line in said.splitlines() if "FAIL" in line]


@pytest.mark.slow
def test_a_group_that_we_may_not_be_in_is_said_and_mends_by_itself(
    installation: Shuttle, fussy: FussyKafka, receiver: Receivers
) -> None:
    shuttle, sink = installation, receiver()
    for topic in TOPICS:
        allow(fussy, "web", ResourceType.TOPIC, topic, READ)
    shuttle.start_web()
    shuttle.add_drain(f"gold-{SPACE}", sink.url)
    Broker(fussy.at("PLAIN")).produce(SPACE, [kubernetes_event("waits")])
    worker = shuttle.start_worker(consuming=False)

    worker.wait_for_output("Group authorization failed. Give our user READ on the group that")
    throughout(lambda: worker.output().count("Kafka") == 1, REPEATED_SECONDS, "it is said once")
    allow(fussy, "web", ResourceType.GROUP, shuttle.group, READ)
    sink.wait_for(1)
    wait_until(lambda: shuttle.is_ready(worker), 30, "it is ready")
