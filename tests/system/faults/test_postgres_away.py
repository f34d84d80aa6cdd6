"""PostgreSQL hangs or lags: lines go on, the API answers, and all is well after. What else may be
wrong with it: tests/system/database/test_faults.py."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.outcome import all_arrive, probe
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, numbered_events, served
from tests.support.steady_load import SteadyLoad
from tests.support.stores import Postgres
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import throughout, wait_until

ANSWER_SECONDS = 5.0
PER_SECOND = 500
AWAY_SECONDS = 3
BACK_SECONDS = 10
STOP_SECONDS = 15
LATER_SECONDS = 1.0  # in each direction
SLOW_ANSWER_SECONDS = 30


@pytest.fixture
def proxy(postgres: Postgres) -> Iterator[TcpProxy]:
    folder = unquote(urlsplit(postgres.url("-")).hostname or "")
    with TcpProxy(f"{folder}/.s.PGSQL.5432") as made:
        yield made


@pytest.fixture
def installation(
    tmp_path: Path, kafka: Broker, postgres_url: str, proxy: TcpProxy
) -> Iterator[Shuttle]:
    name = postgres_url.rpartition("/")[2]
    url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}"
    with served(tmp_path, kafka.bootstrap, {"DATABASE_URL": url}) as made:
        yield made


def asked(shuttle: Shuttle, method: str, path: str, limit_seconds: float, **body: str) -> int:
    """The status of an answer that comes in time, and is an explained one if it is 503."""
    answer = shuttle.api.request(method, path, timeout=limit_seconds, json=body or None)
    if answer.status_code == 503:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Retry-After"]
    return answer.status_code


def test_lines_go_on_with_the_last_routes(
    installation: Shuttle,
    proxy: TcpProxy,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
) -> None:
    shuttle, space, sink, run = installation, kafka.create(topic(), 4), receiver(), new_run()
    drains, second, other = f"/apps/gold-{space}/log-drains", receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    worker = shuttle.start_worker()

    with SteadyLoad(kafka.bootstrap, space, run, per_second=PER_SECOND) as load:
        sink.wait_for(PER_SECOND)
        proxy.hang()
        began = time.monotonic()
        assert asked(shuttle, "POST", drains, ANSWER_SECONDS + 1, url=second.url) == 503
        assert probe(shuttle, "/livez") == 200
        left = AWAY_SECONDS - (time.monotonic() - began)
        throughout(lambda: probe(shuttle, "/readyz") == 200, left, "the worker is ready")
        sink.wait_for(len(sink.lines()) + PER_SECOND, 3)
        proxy.work()
        wait_until(
            lambda: asked(shuttle, "GET", drains, ANSWER_SECONDS + 1) == 200, 10, "the API is back"
        )
        shuttle.add_drain(f"silver-{space}", second.url)
        kafka.produce(space, numbered_events("silver", other, 0, 10), partition=0)
        second.wait_for(10, BACK_SECONDS)
        produced = load.stop()

    all_arrive(sink, run, produced, duplicates=0)
    assert "Traceback" not in worker.output()
    assert worker.terminate() == 0


@pytest.mark.slow
def test_a_slow_database_slows_no_line(
    installation: Shuttle, proxy: TcpProxy, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    """Of 2 s a question; a request asks several, its connection alone two."""
    shuttle, space, sink, run = installation, kafka.create(topic(), 4), receiver(), new_run()
    drains, second, other = f"/apps/silver-{space}/log-drains", receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    worker = shuttle.start_worker()

    with SteadyLoad(kafka.bootstrap, space, run, per_second=PER_SECOND) as load:
        sink.wait_for(PER_SECOND)
        proxy.delay(LATER_SECONDS)
        assert asked(shuttle, "POST", drains, SLOW_ANSWER_SECONDS, url=second.url) == 201
        assert asked(shuttle, "GET", drains, SLOW_ANSWER_SECONDS) == 200
        sink.wait_for(load.acknowledged, 1)
        kafka.produce(space, numbered_events("silver", other, 0, 10), partition=0)
        second.wait_for(10, SLOW_ANSWER_SECONDS)
        assert shuttle.is_ready(worker)
        assert worker.terminate(limit_seconds=STOP_SECONDS) == 0
        proxy.work()
        shuttle.start_worker()
        produced = load.stop()

    all_arrive(sink, run, produced, duplicates=0)


@pytest.mark.slow
def test_a_worker_stops_in_order_while_the_database_hangs(
    installation: Shuttle, proxy: TcpProxy, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    """With a drain that is behind: it has a cursor to store."""
    shuttle, space, sink, run = installation, kafka.create(topic(), 4), receiver(), new_run()
    shuttle.add_drain(f"gold-{space}", sink.url)
    worker = shuttle.start_worker()
    with SteadyLoad(kafka.bootstrap, space, run, per_second=PER_SECOND) as load:
        sink.wait_for(PER_SECOND)
        proxy.hang()
        sink.wait_for(load.acknowledged + PER_SECOND)
        sink.kill()
        wait_until(lambda: 'state="failing"} 1.0' in shuttle.metrics(), 5, "it fails")
        assert worker.terminate(limit_seconds=STOP_SECONDS) == 0
        proxy.work()
        sink.start()
        shuttle.start_worker()
        produced = load.stop()

    all_arrive(sink, run, produced)
