"""What a web process tells of its requests and readers (`--metrics-port`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.ports import free_port
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until

DRAINS = "/apps/gold-gs/log-drains"

Metric = Callable[..., float]


@pytest.fixture
def web(tmp_path: Path, kafka: Broker) -> Iterator[tuple[Shuttle, Metric]]:
    """An installation whose web process tells, and a way to ask it."""
    port = free_port()

    def metric(name: str, **labels: str) -> float:
        families = text_string_to_metric_families(get(f"http://127.0.0.1:{port}/metrics").text)
        samples = (sample for family in families for sample in family.samples)
        found = [s.value for s in samples if s.name == name and labels.items() <= s.labels.items()]
        return sum(found)

    def answers(shuttle: Shuttle) -> bool:
        try:
            return shuttle.api.get("/livez").status_code == 200
        except httpx.TransportError:
            return False

    with closing(Shuttle(tmp_path, kafka.bootstrap)) as shuttle:
        shuttle.migrate()
        command = ("runweb", "--host", "127.0.0.1", "--metrics-port", str(port))
        with shuttle.run(*command):
            wait_until(lambda: answers(shuttle), 30, "runweb answers")
            yield shuttle, metric


def test_it_counts_requests_by_route_and_not_by_path(web: tuple[Shuttle, Metric]) -> None:
    shuttle, metric = web

    for app in ("gold", "lead", "iron"):
        assert shuttle.api.get(f"/apps/{app}-gs/log-drains").status_code == 200
        assert shuttle.api.get(f"/apps/{app}-gs/log-drains/x").status_code == 404
        assert get(f"{shuttle.api.base_url}/made/up/{app}").status_code == 401

    of_apps, of_one = "/apps/{key}/log-drains", "/apps/{key}/log-drains/{drain_id}"
    counted = "logshuttle_web_requests_total"
    assert metric(counted, route=of_apps, status="2xx") == 3
    assert metric(counted, route=of_one, status="4xx") == 3
    assert metric(counted, route="none", status="4xx") == 3
    assert metric("logshuttle_web_request_seconds_count", route=of_apps) == 3
    assert 0 < metric("logshuttle_web_request_seconds_sum", route=of_apps) < 30


def test_it_counts_readers_and_what_is_read_for_them(
    web: tuple[Shuttle, Metric], kafka: Broker, topic: TopicNames
) -> None:
    (shuttle, metric), space = web, kafka.create(topic(), 2)
    opened = shuttle.api.post("/log-sessions", json={"app": "gold", "space": space}).json()
    assert metric("logshuttle_tail_viewers") == 0

    with httpx.stream("GET", opened["logplex_url"], timeout=20, trust_env=False) as stream:
        lines = stream.iter_lines()
        wait_until(lambda: metric("logshuttle_tail_hub_partitions") >= 2, 20, "it is read")
        kafka.produce(space, [kubernetes_event("hello", pod="gold-1-a", container="gold")])
        assert "hello" in next(lines)
        assert metric("logshuttle_tail_viewers") == metric("logshuttle_tail_sessions") == 1
        assert metric("logshuttle_tail_lines_total", output="text") == 1
        assert metric("logshuttle_tail_hub_batches_total") >= 1
        assert metric("logshuttle_tail_hub_away") == 0
    wait_until(lambda: metric("logshuttle_tail_viewers") == 0, 20, "the reader has gone")
