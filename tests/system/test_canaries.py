"""Secrets are planted everywhere, everything happens that can, each fault too; then all that
anybody can read is searched for them. Who adds a kind of secret, or a place, adds it here.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from pathlib import Path
from socket import create_connection
from sqlite3 import connect
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from cryptography.fernet import Fernet

from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.canaries import (
    USER,
    Canaries,
    Ears,
    command_lines,
    rows_of_postgres,
)
from tests.support.certificates import Authority
from tests.support.http_receiver import Answer, HttpReceiver, Script
from tests.support.kafka import TopicNames
from tests.support.notified import Desk
from tests.support.planted.sitecustomize import FAULT, VIEW_HOST, WORKER_HOST
from tests.support.ports import free_port
from tests.support.processes import ROOT, RunningProcess
from tests.support.receiving import HttpReceivers
from tests.support.shuttle import Shuttle, numbered_events
from tests.support.stores import Postgres
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import wait_until

LINES = 20
# What a browser sends of a drain's form that nobody has touched.
UNTOUCHED = {
    "name": "",
    "cursors-TOTAL_FORMS": "0",
    "cursors-INITIAL_FORMS": "0",
    "framing": "newline",
    "format": "rfc5424",
    "connections": "",
    "max_record_bytes": "99990",
    "on_lag": "replay",
    "max_lag_seconds": "86400",
}
PAGES_MAX = 60
_LINK = re.compile(r'href="(/admin/[^"#]*)"')
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
_API_KEY = re.compile(r"ls_[A-Za-z0-9_-]{40,}")
_RECIPIENTS = "/admin/notifications/recipient/"
_SHOWN_ONCE = "the webhook's signing secret"

Away = Callable[[], AbstractContextManager[None]]
"""Has the database away until the block ends."""


class Stage:
    """An installation full of secrets, and all that it has said."""

    def __init__(self, folder: Path, bootstrap: str, form: str, database_url: str) -> None:
        self.canaries = Canaries()
        self.ears = Ears(self.canaries["AUTH_KEY"])
        self.logs: list[str] = []
        self.folder = folder
        key = self.canaries.add("FIELD_ENCRYPTION_KEYS", Fernet.generate_key().decode())
        environment = {
            "LOG_LEVEL": "DEBUG",
            "LOG_FORMAT": form,
            "DEBUG_SESSION": "1",
            "DRAIN_EVENTS": "1",
            "PLANTED": "1",
            "PYTHONPATH": f"{ROOT / 'tests/support/planted'}:{ROOT}",
            "FIELD_ENCRYPTION_KEYS": key,
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(free_port()),
            "EMAIL_HOST_USER": USER,
            "KAFKA_CONF_sasl_username": USER,
            # Nobody is there: it is away all the time, with a password.
            "REDIS_URL": f"redis://:{self.canaries['password of Redis']}@127.0.0.1:{free_port()}",
            **({"DATABASE_URL": database_url} if database_url else {}),
        }
        for name in ("AUTH_KEY", "SECRET_KEY", "EMAIL_HOST_PASSWORD", "KAFKA_CONF_sasl_password"):
            environment[name] = self.canaries[name]
        self.shuttle = Shuttle(folder, bootstrap, environment)
        self._hear(self.shuttle.api)
        self.shuttle.api.headers["Authorization"] = self.canaries["AUTH_KEY"]

    def _hear(self, client: httpx.Client) -> None:
        client.event_hooks["response"] = [self.ears.hear]

    def secret_url(self, place: str) -> str:
        """To a host, or a host and port, with a secret in each part that may hold one."""
        of = self.canaries
        key, query = of["key in a URL's path"], of["key in a URL's query"]
        return f"http://{USER}:{of['password of a URL']}@{place}/hooks/{key}?token={query}"

    def run(self, *command: str, status: int = 0) -> None:
        with self.shuttle.run(*command) as running:
            assert running.wait() == status, running.output()

    def desk(self) -> Desk:
        made = Desk(self.shuttle)
        self._hear(made._client)
        return made

    def close(self) -> None:
        self.shuttle.close()


def drains_of_all_kinds(stage: Stage, space: str, sink: HttpReceiver, authority: Authority) -> None:
    """One that works, one that fails with what its receiver says, one with a key for TLS, and one
    that has a worker fall once."""
    shuttle, of = stage.shuttle, stage.canaries
    client = authority.client()
    of.add("private key of TLS", client.key.splitlines()[2])
    headers = {"X-Key": of["value of a header"], "X-Token": f"Bearer {of['bearer token']}"}
    tls = {"certificate": client.chain, "key": client.key}
    works = f"127.0.0.1:{sink.port}"
    shuttle.add_drain(f"gold-{space}", stage.secret_url(works), headers=headers, name="works")
    closed = stage.secret_url(f"127.0.0.1:{free_port()}").replace("http:", "https:", 1)
    shuttle.add_drain(f"gold-{space}", closed, headers=headers, tls=tls, name="fails")
    falls = stage.secret_url(f"{WORKER_HOST}:{free_port()}")
    shuttle.add_drain(f"gold-{space}", falls, headers=headers, name="falls")


def ask_of_everything(stage: Stage, space: str) -> None:
    """Each route, with what is right and with what is wrong."""
    api, path = stage.shuttle.api, f"/apps/gold-{space}/log-drains"
    for drain in api.get(path).json():
        one = f"{path}/{drain['id']}"
        for action in ("test", "pause", "resume", "retry", "replay"):
            api.post(f"{one}/{action}", json={})
        api.get(one)
        api.patch(one, json={"headers": {"X-Key": stage.canaries["value of a header"]}})
        api.patch(one, json={"headers": {"X Key": stage.canaries["value of a header"]}})
        api.patch(one, json={"url": stage.secret_url("in example")})
        api.patch(one, json={"tls": {"key": stage.canaries["no PEM at all"]}})
        assert api.patch(one, json={"url": stage.secret_url(VIEW_HOST)}).status_code == 500
    assert api.post(path, json={"url": drain["url"]}).status_code == 409
    api.post("/log-events", json={"log": "x", "kubernetes": {}})
    for where in ("/overview", "/log-drains", "/readyz", "/octhc", "/nothing"):
        api.get(where)
    wrong = {"Authorization": f"Bearer {stage.canaries['a wrong key']}"}
    assert api.get(path, headers=wrong).status_code == 401


def read_a_session(stage: Stage, space: str) -> None:
    api = stage.shuttle.api
    made = api.post("/log-sessions", json={"app": "gold", "space": space, "tail": False})
    assert made.status_code == 201, made.text
    stage.ears.answers.pop()  # which shows it
    session = stage.canaries.add("id of a session", made.json()["id"])
    for accept in ("text/plain", "text/html", "text/event-stream"):
        answer = httpx.get(f"{api.base_url}/log-sessions/{session}", headers={"Accept": accept})
        assert answer.status_code == 200, answer.text
    httpx.get(f"{api.base_url}//log-sessions//{session}/nothing")


def use_a_key_of_an_owner(stage: Stage, space: str) -> None:
    """It may change drains, and sees no secret of them."""
    asked = ("ci", "--scope", "drains", "--reach", f"app:gold-{space}", "--expires", "1d")
    with stage.shuttle.run("apikeys", "create", *asked) as making:
        assert making.wait() == 0, making.output()
        (key,) = _API_KEY.findall(making.output())
        making.log.unlink()  # which shows it, once
    stage.canaries.add("key of the API", key)
    api, path = stage.shuttle.api, f"/apps/gold-{space}/log-drains"
    known = {"Authorization": f"Bearer {key}"}
    for drain in api.get(path, headers=known).json():
        api.patch(f"{path}/{drain['id']}", json={"name": "ours"}, headers=known)
    wrong = {"Authorization": f"Bearer {key[:-1]}{'a' if key[-1] == 'b' else 'b'}"}
    statuses = [
        api.get(path, headers=known).status_code,
        api.get(f"/apps/other-{space}/log-drains/{drain['id']}", headers=known).status_code,
        api.get("/overview", headers=known).status_code,
        api.get(path, headers=wrong).status_code,
    ]
    assert statuses == [200, 404, 403, 401]
    stage.run("apikeys", "list")


def go_through_the_admin(stage: Stage, space: str) -> None:
    """Each page that a link leads to; a recipient; forms that are wrong, and one that has a view
    fall."""
    desk = stage.desk()
    admin = desk._client
    address = stage.secret_url(f"127.0.0.1:{free_port()}")
    asked = {"kind": "webhook", "new_address": address, "enabled": "on", "minutes": "0"}
    page = desk._post(f"{_RECIPIENTS}add/", {**asked, "events": ["drains.failing"]})
    shown = stage.ears.answers.pop()
    assert stage.canaries.met_in(shown.text) == set()
    (secret,) = _WEBHOOK_SECRET.findall(page)
    stage.canaries.add(_SHOWN_ONCE, secret)
    seen: set[str] = set()
    wanted = ["/admin/"]
    while wanted and len(seen) < PAGES_MAX:
        path = wanted.pop(0)
        place = path.partition("?")[0]
        if place in seen or "logout" in place:
            continue
        seen.add(place)
        wanted += _LINK.findall(admin.get(path).text)
    changes = [path for path in seen if re.search(r"/drains/drain/[\w-]+/change/$", path)]
    assert len(changes) >= 3, seen
    token = _TOKEN.search(admin.get(changes[0]).text)
    assert token is not None
    key = f"X-Key: {stage.canaries['value of a header']}"
    form = {"csrfmiddlewaretoken": token[1], "new_headers": key, **UNTOUCHED}
    for host, status in ((VIEW_HOST, 500), ("in.example:99999", 200)):
        answer = admin.post(changes[0], data=form | {"new_url": stage.secret_url(host)})
        assert answer.status_code == status, answer.text
    desk.close()


def have_kafka_away(stage: Stage, space: str) -> None:
    """At another web process, with metrics: to begin is not to need it."""
    told = stage.shuttle.environment
    port, metrics = free_port(), free_port()
    before = told["KAFKA_HOSTS"]
    told["KAFKA_HOSTS"] = f"127.0.0.1:{free_port()}"
    try:
        with stage.shuttle.run(
            "runweb", "--port", str(port), "--metrics-port", str(metrics), "--host", "127.0.0.1"
        ) as web:
            wait_until(lambda: listens(port, web), 30, "the other web process listens")
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}",
                headers=stage.shuttle.api.headers,
                timeout=30,
                event_hooks={"response": [stage.ears.hear]},
            ) as api:
                event = {"log": "x", "kubernetes": {"namespace_name": space, "pod_name": "p"}}
                event["kubernetes"]["container_name"] = "gold"  # type: ignore[index]
                assert api.post("/log-events", json=event).status_code == 503
                url = stage.secret_url("in.example")
                made = api.post(f"/apps/silver-{space}/log-drains", json={"url": url})
                assert made.status_code == 201, made.text
                assert api.get("/readyz").status_code == 503
            stage.logs.append(get(f"http://127.0.0.1:{metrics}/metrics").text)
    finally:
        told["KAFKA_HOSTS"] = before


def have_the_database_away(stage: Stage, space: str, is_away: Away) -> None:
    path = f"/apps/bronze-{space}/log-drains"
    with is_away():
        headers = {"X-Key": stage.canaries["value of a header"]}
        body = {"url": stage.secret_url("in.example"), "headers": headers}
        answer = stage.shuttle.api.post(path, json=body, timeout=30)
        assert answer.status_code == 503, answer.text


def listens(port: int, web: RunningProcess) -> bool:
    assert web.running, web.output()
    with suppress(OSError), create_connection(("127.0.0.1", port), 5):
        return True
    return False


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with closing(connect(file, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        yield
        database.execute("ROLLBACK")


@contextmanager
def refusing(proxy: TcpProxy) -> Iterator[None]:
    proxy.refuse()
    try:
        yield
    finally:
        proxy.work()


def everything_happens(
    stage: Stage,
    kafka: Broker,
    space: str,
    sink: HttpReceiver,
    authority: Authority,
    is_away: Away,
) -> None:
    shuttle = stage.shuttle
    shuttle.migrate()
    shuttle.start_web()
    drains_of_all_kinds(stage, space, sink, authority)
    worker = shuttle.start_worker()
    kafka.produce(space, numbered_events("gold", "r", 0, LINES))
    wait_until(lambda: len(sink.accepted()) > 0, 30, "lines arrive")
    wait_until(lambda: FAULT in worker.output(), 30, "the worker has met a fault")
    sink.follow(Script(then=Answer(403, body=f"no {stage.canaries['value of a header']}")))
    kafka.produce(space, numbered_events("gold", "r", 0, LINES, start=LINES))
    ask_of_everything(stage, space)
    use_a_key_of_an_owner(stage, space)
    read_a_session(stage, space)
    go_through_the_admin(stage, space)
    have_kafka_away(stage, space)
    have_the_database_away(stage, space, is_away)
    stage.logs += [shuttle.metrics(), command_lines()]
    stage.run("doctor", "--show-settings", status=1)  # the cache is away


def places_of(stage: Stage, kafka: Broker, space: str) -> dict[str, str]:
    """All that anybody can read, by what it is."""
    found = {f"log {file.name}": file.read_text("utf-8") for file in stage.folder.glob("*.log")}
    found |= {f"{n} {each.what}": each.text for n, each in enumerate(stage.ears.answers)}
    found |= {f"figures {n}": text for n, text in enumerate(stage.logs)}
    count = sum(kafka.end_offsets(space).values())
    records = kafka.consume(space, count)
    found["Kafka"] = "\n".join(str(record.value()) for record in records)
    url = stage.shuttle.environment["DATABASE_URL"]
    if url.startswith("sqlite"):
        for file in stage.folder.glob("shuttle.sqlite3*"):
            found[file.name] = file.read_bytes().decode("latin-1")
    else:
        found["database"] = rows_of_postgres(url)
    return found


def hits(stage: Stage, places: dict[str, str]) -> set[tuple[str, str]]:
    return {(where, kind) for where, text in places.items() for kind in stage.canaries.met_in(text)}


def judge(stage: Stage, kafka: Broker, space: str) -> None:
    places = places_of(stage, kafka, space)
    assert hits(stage, places) == set()
    assert len(stage.canaries.kinds()) >= 15
    logs = "\n".join(text for where, text in places.items() if where.startswith("log "))
    assert logs.count(FAULT) >= 3, "a view, the admin and a worker have met it"
    assert "Cannot answer: " in logs
    assert "The cache does not serve" in logs
    assert {401, 409, 422, 500, 503} <= {int(a.what.split()[-1]) for a in stage.ears.answers}


def test_no_secret_is_where_it_does_not_belong(
    tmp_path: Path,
    kafka: Broker,
    topic: TopicNames,
    http_receiver: HttpReceivers,
    authority: Authority,
) -> None:
    space = kafka.create(topic(), 2)
    with closing(Stage(tmp_path, kafka.bootstrap, "json", "")) as stage:
        everything_happens(
            stage,
            kafka,
            space,
            http_receiver(),
            authority,
            lambda: locked(tmp_path / "shuttle.sqlite3"),
        )
        judge(stage, kafka, space)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["console", "json"])
def test_nor_with_postgres(
    form: str,
    tmp_path: Path,
    kafka: Broker,
    topic: TopicNames,
    http_receiver: HttpReceivers,
    authority: Authority,
    postgres: Postgres,
    postgres_url: str,
) -> None:
    space = kafka.create(topic(), 2)
    socket = unquote(urlsplit(postgres_url).hostname or "")
    name = postgres_url.rpartition("/")[2]
    with ExitStack() as stack:
        proxy = stack.enter_context(TcpProxy(f"{socket}/.s.PGSQL.5432"))
        stage = stack.enter_context(closing(Stage(tmp_path, kafka.bootstrap, form, "postgres:")))
        password = stage.canaries["password of the database"]
        url = f"postgresql://postgres:{password}@127.0.0.1:{proxy.port}/{name}"
        stage.shuttle.environment["DATABASE_URL"] = url
        everything_happens(stage, kafka, space, http_receiver(), authority, lambda: refusing(proxy))
        stage.run("drains", "list")
        stage.run("rotatesecrets")
        judge(stage, kafka, space)
        with suppress(OSError):
            stage.shuttle.stop_web()


def test_one_who_looks_finds_each_spelling() -> None:
    """The judge itself can fail."""
    canaries = Canaries()
    secret = canaries["password of a URL"]
    other = canaries.add("with signs", "a/b+c=d é")
    basic = b64encode(f"{USER}:{secret}".encode()).decode()
    for text in (secret, f"x{secret}x", f"Basic {basic}"):
        assert canaries.met_in(text) == {"password of a URL"}
    for text in (other, "a%2Fb%2Bc%3Dd%20%C3%A9", "a/b+c=d \\u00e9"):
        assert canaries.met_in(text) == {"with signs"}
    assert canaries.met_in(secret[1:]) == set()
