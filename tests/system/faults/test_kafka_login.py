"""A broker that speaks TLS and asks who is there: KAFKA_CONF_… for every client of ours."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.als.streams import TOPIC
from events.devkafka.broker import DevKafka, SaslSsl
from tests.support.als import entry, message
from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.kafka import OwnKafka
from tests.support.outcome import probe
from tests.support.receiving import Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle, tag_and_text
from tests.support.waiting import wait_until
from tests.system.test_als import Als

USER, PASSWORD = "alice", 'se"cr\\et of Alice'
SPACE = "gs"


@pytest.fixture
def broker(own_kafka: OwnKafka, authority: Authority) -> DevKafka:
    """It also listens in plain text, for the test's own questions."""
    given = authority.server()
    made = own_kafka(sasl_ssl=SaslSsl(USER, PASSWORD, given.chain, given.key))
    for topic in (SPACE, TOPIC):
        Broker(made.bootstrap).create(topic, 1)
    return made


@pytest.fixture
def installation(tmp_path: Path, broker: DevKafka, authority: Authority) -> Iterator[Shuttle]:
    environment = {
        "KAFKA_CONF_security_protocol": "SASL_SSL",
        "KAFKA_CONF_sasl_mechanism": "PLAIN",
        "KAFKA_CONF_sasl_username": USER,
        "KAFKA_CONF_sasl_password": PASSWORD,
        "KAFKA_CONF_ssl_ca_location": str(authority.write(tmp_path)),
    }
    made = Shuttle(tmp_path, broker.bootstrap_sasl, environment)
    made.migrate()
    yield made
    made.close()


def test_every_command_logs_in(
    installation: Shuttle, broker: DevKafka, receiver: Receivers
) -> None:
    shuttle, sink, kafka = installation, receiver(), Broker(broker.bootstrap)
    shuttle.start_web()
    shuttle.add_drain(f"gold-{SPACE}", sink.url)
    shuttle.start_worker()
    als = Als(shuttle)

    kafka.produce(SPACE, [kubernetes_event("from a pod")])
    pod = {"container_name": "gold", "pod_name": "gold-1", "namespace_name": SPACE}
    posted = shuttle.api.post("/log-events", json={"log": "posted", "kubernetes": pod})
    with als.run():
        als.send(message(entry(SPACE)))
        lines = sink.wait_for(3)

    assert posted.status_code == 201
    assert shuttle.api.get("/octhc").text == "overall_status=good"
    texts = {tag_and_text(line)[1] for line in lines}
    assert {"from a pod", "posted"} < texts
    assert sum(b" akkeris/router " in line for line in lines) == 1
    gc.collect()  # gRPC's thread ends with the last call that anything still names


@pytest.mark.slow
def test_a_wrong_password_is_said_and_tried_again(
    installation: Shuttle, broker: DevKafka, receiver: Receivers
) -> None:
    shuttle = installation
    shuttle.environment["KAFKA_CONF_sasl_password"] = "a guess"
    shuttle.start_web()
    shuttle.add_drain(f"gold-{SPACE}", receiver().url)
    worker = shuttle.start_worker(consuming=False)

    worker.wait_for_output("uthentication fail")
    pod = {"container_name": "gold", "namespace_name": SPACE}
    posted = shuttle.api.post("/log-events", json={"log": "posted", "kubernetes": pod})
    assert posted.status_code == 503

    refused = "ailed authentication"
    wait_until(lambda: broker.log.read_text().count(refused) >= 5, 20, "tries again")
    assert probe(shuttle, "/livez") == 200
    assert probe(shuttle, "/readyz") == 503
    assert len(worker.output().splitlines()) < 30
    assert "a guess" not in worker.output()
    assert "Traceback" not in worker.output()
    assert worker.terminate(limit_seconds=15) == 0
