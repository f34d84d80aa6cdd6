"""Every kind of destination, with real servers at the other end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.http_receiver import Answer, Script
from tests.support.judge import judge, new_run
from tests.support.kafka import TopicNames
from tests.support.logplex import parse_message, parse_request
from tests.support.nginx import Nginx
from tests.support.ports import free_port
from tests.support.receiving import HttpReceivers, Receivers
from tests.support.rsyslog import Rsyslog
from tests.support.shuttle import Shuttle, numbered_events
from tests.support.syslog_ng import SyslogNg
from tests.support.syslog_server import SyslogServer
from tests.support.waiting import wait_until

LINES = 200

SERVERS: Mapping[str, tuple[type[SyslogServer], Mapping[str, tuple[str, str]]]] = {
    "rsyslog": (
        Rsyslog,
        {
            "tcp": ("url", "newline"),
            "octet": ("url", "octet"),
            "tls": ("tls_url", "newline"),
            "tlsoctet": ("tls_url", "octet"),
            "udp": ("udp_url", "newline"),
        },
    ),
    "syslog-ng": (
        SyslogNg,
        {
            "tcp": ("url", "newline"),
            "octet": ("octet_url", "octet"),
            "tls": ("tls_url", "newline"),
            "tlsoctet": ("tls_octet_url", "octet"),
            "udp": ("udp_url", "newline"),
        },
    ),
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_real_syslog_server_takes_every_transport_and_framing(
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    authority: Authority,
    tmp_path: Path,
    name: str,
) -> None:
    kind, inputs = SERVERS[name]
    space = kafka.create(topic(), partitions=1)
    with kind(tmp_path / name, authority.server()) as server:
        for app, (url, framing) in inputs.items():
            secure = {"tls": {"ca": authority.pem}} if "tls" in app else {}
            udp = app == "udp"
            options = secure if udp else {"framing": framing, **secure}
            shuttle.add_drain(f"{app}-{space}", getattr(server, url), **options)
        shuttle.start_worker()
        runs = {app: new_run() for app in inputs}
        for app, run in runs.items():
            kafka.produce(space, numbered_events(app, run, 0, LINES))

        records = server.wait_for(LINES * len(inputs))

    for app, run in runs.items():
        theirs = [r for r in records if r.hostname == f"{app}-{space}"]
        verdict = judge(run, {0: LINES}, ((r.app_name, r.msg.decode()) for r in theirs))
        assert verdict.exactly_once, f"{app}: {verdict}"
        assert {r.pri for r in theirs} == {14}


def test_https_through_nginx_with_a_password(
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    authority: Authority,
    http_receiver: HttpReceivers,
    tmp_path: Path,
) -> None:
    space, upstream = kafka.create(topic(), partitions=1), http_receiver()
    credentials = ("own@er", "pass:wo/rd")
    with Nginx(
        tmp_path / "nginx", upstream.port, authority.server(), credentials=credentials
    ) as nginx:
        made = shuttle.add_drain(
            f"gold-{space}", nginx.tls_url + "in?key=1", tls={"ca": authority.pem}
        )
        shuttle.start_worker()
        run = new_run()
        kafka.produce(space, numbered_events("gold", run, 0, 3000))
        wait_for_lines(upstream.requests, 3000)
        accesses = nginx.accesses()

    requests = upstream.requests()
    verdict = judge(run, {0: 3000}, tags_and_texts(requests))
    assert verdict.exactly_once, verdict
    assert {access.status for access in accesses} == {200}
    assert len({access.connection for access in accesses}) == 1
    assert {request.path for request in requests} == {"/in?key=1"}
    assert {request.headers["logplex-drain-token"] for request in requests} == {made["id"]}
    assert all(len(parse_request(q.headers, q.body)) <= 1000 for q in requests)


def test_a_failed_request_comes_again_with_the_same_lines_and_id(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, http_receiver: HttpReceivers
) -> None:
    space = kafka.create(topic(), partitions=3)
    r = http_receiver(Script([Answer(503), Answer(429, {"Retry-After": "2"})]))
    shuttle.add_drain(f"gold-{space}", r.url)
    shuttle.start_worker()
    run = new_run()
    for partition in range(3):
        kafka.produce(space, numbered_events("gold", run, partition, 50), partition=partition)
    r.wait_for(1)
    for partition in range(3):
        events = numbered_events("gold", run, partition, 50, start=50)
        kafka.produce(space, events, partition=partition)
    wait_for_lines(r.accepted, 300)

    first, second, third, *_ = r.requests()
    assert first.headers["logplex-frame-id"] == second.headers["logplex-frame-id"]
    assert first.headers["logplex-frame-id"] == third.headers["logplex-frame-id"]
    assert sorted(messages(first)) == sorted(messages(second)) == sorted(messages(third))
    assert third.time - second.time >= 2
    verdict = judge(run, dict.fromkeys(range(3), 100), tags_and_texts(r.accepted()))
    assert verdict.exactly_once, verdict


def test_the_shape_of_heroku_over_http(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, http_receiver: HttpReceivers
) -> None:
    space, r = kafka.create(topic(), partitions=1), http_receiver()
    shuttle.add_drain(f"gold-{space}", r.url, format="logplex", headers={"DD-API-KEY": "k"})
    shuttle.start_worker()
    kafka.produce(space, numbered_events("gold", new_run(), 0, 1))
    kafka.produce("alamoweblogs", [f"hostname=gold-{space}.x path=/p method=GET".encode()])
    wait_for_lines(r.accepted, 2)

    parsed = [parse_message(m) for request in r.accepted() for m in messages(request)]
    assert {(p.hostname, p.source, p.process) for p in parsed} == {
        ("host", "app", "web.p0"),
        ("host", "heroku", "router"),
    }
    assert r.accepted()[0].headers["dd-api-key"] == "k"


def wait_for_lines(asked: Callable[[], list[Any]], count: int) -> None:
    wait_until(lambda: sum(len(messages(q)) for q in asked()) >= count, 30, f"{count} lines")


def messages(request: Any) -> list[bytes]:
    return parse_request(request.headers, request.body)


def tags_and_texts(requests: list[Any]) -> list[tuple[str, str]]:
    records = [message.decode() for request in requests for message in messages(request)]
    return [(r.split(" ", 4)[3], r.split(" - - - ", 1)[1]) for r in records]


def test_options_and_states_live_in_postgres(
    tmp_path: Path, kafka: Broker, topic: TopicNames, postgres_url: str, receiver: Receivers
) -> None:
    shuttle = Shuttle(tmp_path, kafka.bootstrap, {"DATABASE_URL": postgres_url})
    try:
        shuttle.migrate()
        shuttle.start_web()
        space, sink = kafka.create(topic(), partitions=1), receiver(framing="octet")
        good = shuttle.add_drain(
            f"gold-{space}", sink.url, framing="octet", filter={"exclude": "seq=1$"}
        )
        bad = shuttle.add_drain(f"gold-{space}", f"syslog://127.0.0.1:{free_port()}")
        shuttle.start_worker()
        kafka.produce(space, numbered_events("gold", new_run(), 0, 3))

        lines = sink.wait_for(2)
        wait_until(
            lambda: shuttle.drain(f"gold-{space}", bad["id"])["state"] == "failing", 20, "it fails"
        )
        wait_until(
            lambda: shuttle.drain(f"gold-{space}", good["id"])["last_delivery_at"], 20, "it is told"
        )
    finally:
        shuttle.close()

    assert [line.decode().rsplit(" ", 1)[1] for line in lines] == ["seq=0", "seq=2"]
    assert not sink.malformed()
