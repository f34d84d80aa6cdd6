"""A read-only root, no /tmp, a user without a name or a home: every command runs and every kind of
request is answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import grpc
import httpx
import pytest

from tests.support.als import entry, message, parsed, stub
from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.ports import free_port
from tests.support.processes import manage, run_process
from tests.support.receiving import Receivers
from tests.support.sealed import SealedShuttle, sealed
from tests.support.shuttle import AUTH_KEY
from tests.support.stores import Postgres
from tests.support.tailing import event_now, open_session, reading
from tests.support.waiting import wait_until

SETTINGS = {"AUTH_KEY": AUTH_KEY, "SECRET_KEY": "secret-of-the-tests-and-of-no-other"}
NO_KAFKA = "127.0.0.1:1"


@pytest.fixture
def on_a_file(tmp_path: Path, kafka: Broker) -> Iterator[SealedShuttle]:
    """The folder of its database is all that it may write."""
    with closing(SealedShuttle(tmp_path, kafka.bootstrap)) as made:
        made.keep_in_a_file()
        made.start_web()
        yield made


@pytest.fixture(scope="module")
def shuttle(
    tmp_path_factory: pytest.TempPathFactory, kafka: Broker, postgres: Postgres
) -> Iterator[SealedShuttle]:
    """It may write nothing at all."""
    settings = {"DATABASE_URL": postgres.create(), "ALS_PORT": str(free_port())}
    settings["ALS_METRICS_PORT"] = str(free_port())
    folder = tmp_path_factory.mktemp("sealed")
    with closing(SealedShuttle(folder, kafka.bootstrap, settings)) as made:
        made.migrate()
        made.start_web()
        yield made


def in_pieces(body: bytes) -> Iterator[bytes]:
    """Of no length that is told: sent in chunks."""
    for at in range(0, len(body), 1000):
        yield body[at : at + 1000]


def test_bodies_pages_and_lines(
    on_a_file: SealedShuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    """`--workers`: they and their supervisor meet somewhere."""
    shuttle, space, sink = on_a_file, kafka.create(topic(), 2), receiver()
    worker = shuttle.start_worker(workers=2)

    chunked = shuttle.api.post(
        "/log-sessions", content=in_pieces(b'{"app": "gold", "space": "gs"}')
    )
    assert chunked.status_code == 201, chunked.text
    large = b'{"url": "syslog://h:1514"' + b" " * 200_000 + b"}"
    assert shuttle.api.post(f"/apps/gold-{space}/log-drains", content=large).status_code == 201
    for path in ("/admin/login/", "/static/admin/css/base.css", "/livez", "/octhc"):
        assert shuttle.api.get(path).status_code == 200, path
    shuttle.add_drain(f"gold-{space}", sink.url)
    kafka.produce(space, [event_now("hello")])
    sink.wait_for(1)
    assert shuttle.metric("logshuttle_workers") == 2
    assert worker.terminate() == 0
    assert "Traceback" not in worker.output() + shuttle.web.output()


@pytest.mark.slow
async def test_every_kind_of_request_is_answered(
    shuttle: SealedShuttle, kafka: Broker, topic: TopicNames
) -> None:
    space = kafka.create(topic(), 1)
    key = f"/apps/gold-{space}/log-drains"
    made = shuttle.api.post(key, json={"url": "syslog://h:1514"}).json()
    for path, status in {
        "/readyz": 200,
        "/api/docs": 200,
        "/api/schema": 200,
        "/overview": 200,
        "/nothing": 404,
        key: 200,
        f"{key}/{made['id']}": 200,
    }.items():
        answer = shuttle.api.get(path, follow_redirects=True)
        assert answer.status_code == status, f"{path}: {answer.text}"
    for method, path, body, status in (
        ("PATCH", f"{key}/{made['id']}", {"url": "syslog://h:1515"}, 200),
        ("POST", f"{key}/{made['id']}/pause", None, 200),
        ("POST", f"{key}/{made['id']}/test", None, 200),
        ("DELETE", f"{key}/{made['id']}", None, 200),
    ):
        answer = shuttle.api.request(method, path, json=body)
        assert answer.status_code == status, f"{method} {path}: {answer.text}"
    uploaded = shuttle.api.post(key, files={"file": b"x" * 200_000})
    assert uploaded.status_code == 400, uploaded.text  # no JSON
    kafka.produce(space, [event_now("before")])
    for accept in ("text/plain", "text/event-stream", "application/x-ndjson", "websocket"):
        async with reading(open_session(shuttle, space), accept) as seen:
            await seen.until_lines(1)
    page = get(open_session(shuttle, space), headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "Traceback" not in shuttle.web.output()


@pytest.mark.slow
def test_an_operator_logs_in(shuttle: SealedShuttle) -> None:
    shuttle.environment["DJANGO_SUPERUSER_PASSWORD"] = "s3cret-of-an-operator"
    who = ("--username", "ann", "--email", "ann@example.com")
    with shuttle.run("createsuperuser", "--noinput", *who) as making:
        assert making.wait() == 0, making.output()
    with httpx.Client(base_url=shuttle.api.base_url, timeout=20, follow_redirects=True) as page:
        page.get("/admin/login/")
        form = {"username": "ann", "password": "s3cret-of-an-operator"}
        form["csrfmiddlewaretoken"] = page.cookies["csrftoken"]
        answer = page.post("/admin/login/", data=form)
        assert answer.status_code == 200, answer.text
        for path in ("/admin/", "/admin/drains/drain/", "/admin/drains/drain/add/"):
            assert page.get(path).status_code == 200, path


@pytest.mark.slow
def test_every_command_runs(shuttle: SealedShuttle) -> None:
    for command, status in {
        ("migrate",): 0,
        ("check",): 0,
        ("doctor", "--limit", "10"): 0,
        ("apikeys", "list"): 0,
        ("drains", "list"): 0,
        ("rotatesecrets",): 0,
        ("tail", "gold-gs", "--no-tail", "--url", str(shuttle.api.base_url)): 0,
    }.items():
        with shuttle.run(*command) as process:
            assert process.wait(60) == status, process.output()
        assert "Traceback" not in process.output()


@pytest.mark.slow
def test_the_envoy_receiver_takes_entries(shuttle: SealedShuttle) -> None:
    with shuttle.run("runals") as als:
        als.wait_for_output("Taking access logs")
        probes = f"http://127.0.0.1:{shuttle.environment['ALS_METRICS_PORT']}"
        wait_until(lambda: get(f"{probes}/readyz").status_code == 200, 20, "it is ready")
        with grpc.insecure_channel(f"127.0.0.1:{shuttle.environment['ALS_PORT']}") as channel:
            stub(channel).StreamAccessLogs(iter([parsed(message(entry()))]), timeout=30)
        assert "logshuttle_als_messages_total 1.0" in get(f"{probes}/metrics").text
        assert als.terminate() == 0


@pytest.mark.parametrize(
    ("command", "settings", "status", "said"),
    [
        ("runweb", {}, 2, "the file /logshuttle.sqlite3, but the folder / is not writable"),
        pytest.param(
            *("migrate", {"DATABASE_URL": "sqlite:////no/x"}, 2),
            "DATABASE_URL: the folder /no is not there",
            marks=pytest.mark.slow,
        ),
        ("devkafka", {}, 1, "the folder /.devkafka cannot be made (Read-only file system)"),
        pytest.param(
            *("rundemo", {"DEBUG": "1"}, 1),
            "the folder /.demo cannot be made (Read-only file system)",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_who_needs_a_folder_names_it(
    command: str, settings: dict[str, str], status: int, said: str, tmp_path: Path
) -> None:
    environment = {**SETTINGS, "KAFKA_HOSTS": NO_KAFKA, **settings}
    args = sealed(manage(command))
    with run_process(args, log=tmp_path / "log", env=environment) as process:
        assert process.wait() == status
    assert said in process.output()
    assert "Traceback" not in process.output()
    assert len(process.output().splitlines()) <= 2
