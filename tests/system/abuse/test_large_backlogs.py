"""Build lines as large as Kafka takes them: everybody else's last lines are there all the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from events.topics import BUILD
from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.kafka import OwnKafka
from tests.support.shuttle import Shuttle, served
from tests.support.tailing import event_now, open_session

LOUD, LOUD_BYTES = 120, 900_000
CUT = "logshuttle: the last lines were read back only so far"


@pytest.mark.slow
def test_large_build_lines_of_one_app_empty_nobodys_last_lines(
    own_kafka: OwnKafka, tmp_path: Path
) -> None:
    kafka = Broker(own_kafka().bootstrap)
    kafka.create("gs", partitions=1)
    kafka.create(BUILD.topic, partitions=1)
    kafka.produce("gs", [event_now(f"own {number}") for number in range(50)])
    for _ in range(LOUD // 20):
        kafka.produce(BUILD.topic, [_built("loud-gs", "x" * LOUD_BYTES)] * 20)

    with served(tmp_path, kafka.bootstrap) as shuttle:
        mine, theirs = (_last_lines(shuttle, app) for app in ("gold", "loud"))

    assert CUT in mine[0]
    assert CUT in theirs[0]
    assert [line.rpartition("]: ")[2] for line in mine[1:]] == [f"own {n}" for n in range(50)]
    assert {len(line) > LOUD_BYTES for line in theirs[1:]} == {True}
    assert "Traceback" not in shuttle.web.output()


def _last_lines(shuttle: Shuttle, app: str) -> list[str]:
    answer = get(open_session(shuttle, "gs", app, tail=False), timeout=30)
    return answer.text.splitlines()


def _built(app: str, text: str) -> bytes:
    return json.dumps({"build": 1, "job": "test", "message": text, "metadata": app}).encode()
