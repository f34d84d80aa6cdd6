"""The whole product as real processes: web, worker, a database, drains made by REST calls."""

from __future__ import annotations

import sqlite3
import ssl
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support.asking import get
from tests.support.judge import numbered
from tests.support.ports import free_port
from tests.support.processes import RunningProcess, manage, run_process
from tests.support.records import kubernetes_event
from tests.support.waiting import wait_until

AUTH_KEY = "key-of-the-tests"
LIMIT_SECONDS = 30.0
_SQLITE_FILE = "shuttle.sqlite3"
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading those of the system takes long
_migrated: list[bytes] = []
"""A SQLite file as `manage.py migrate` leaves it, once there is one."""


def _whole(file: Path) -> bytes:
    """A database, with what is not in its file yet while others have it open."""
    with closing(sqlite3.connect(file)) as made:
        return made.serialize()


class Shuttle:
    """One installation in a folder of its own, on SQLite unless `environment` says otherwise."""

    def __init__(
        self, folder: Path, bootstrap: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self.metrics_port = free_port()
        self.group = f"logshuttle-{uuid.uuid4().hex[:8]}"
        """Of its own, as its database is: another installation's is not taken over."""
        self.environment = {
            "KAFKA_HOSTS": bootstrap,
            "KAFKA_GROUP": self.group,
            "AUTH_KEY": AUTH_KEY,
            "SECRET_KEY": "secret-of-the-tests-and-of-no-other",
            "DATABASE_URL": f"sqlite:///{folder / _SQLITE_FILE}",
            "PORT": str(free_port()),
            "METRICS_PORT": str(self.metrics_port),
            "DRAIN_ALLOWED_CIDRS": "127.0.0.0/8",
            **(environment or {}),
        }
        self.api = httpx.Client(
            base_url=f"http://127.0.0.1:{self.environment['PORT']}",
            headers={"Authorization": AUTH_KEY},
            timeout=10,
            verify=_NO_CERTIFICATES,
        )

    def migrate(self) -> None:
        """A SQLite file is made once; the others are copies of it."""
        file = Path(self.environment["DATABASE_URL"].removeprefix("sqlite:///"))
        if _migrated and file == self._folder / _SQLITE_FILE:
            file.write_bytes(_migrated[0])
            return
        with self.run("migrate") as migrating:
            assert migrating.wait() == 0, migrating.output()
        if file.is_file():
            _migrated.append(_whole(file))

    @contextmanager
    def run(self, *command: str, stderr: IO[bytes] | None = None) -> Iterator[RunningProcess]:
        """A command of manage.py, with this installation's settings. `stderr`: instead of a log."""
        log = self._folder / f"{command[0]}.log"
        args = manage(*command)
        with run_process(args, log=log, env=self.environment, stderr=stderr) as process:
            yield process

    def start_web(self) -> RunningProcess:
        """At the same port when it was stopped before."""
        web = self.web = self._stack.enter_context(self.run("runweb", "--host", "127.0.0.1"))
        wait_until(lambda: self._answers(web), LIMIT_SECONDS, "runweb answers")
        return web

    def stop_web(self) -> None:
        assert self.web.terminate() == 0, self.web.output()

    def share_web(self, host: Shuttle) -> None:
        """Be served by another's web process, on its database, which is as new again."""
        if not host.web.running:
            host.start_web()
        database = Path(host.environment["DATABASE_URL"].removeprefix("sqlite:///"))
        with TemporaryDirectory() as folder:
            fresh = Path(folder) / _SQLITE_FILE
            fresh.write_bytes(_migrated[0])
            with closing(sqlite3.connect(fresh)) as new, closing(sqlite3.connect(database)) as old:
                new.backup(old)
        self.web = host.web
        self.environment |= {name: host.environment[name] for name in ("DATABASE_URL", "PORT")}
        self.api.base_url = host.api.base_url

    def start_worker(self, *, consuming: bool = True, workers: int = 1) -> RunningProcess:
        """`consuming`: wait until it has partitions. `workers`: under one supervisor."""
        options = () if workers == 1 else ("--workers", str(workers))
        worker = self._stack.enter_context(self.run("runshuttle", *options))
        if consuming:
            wait_until(lambda: self.is_ready(worker), LIMIT_SECONDS, "the worker is ready")
        return worker

    def is_ready(self, worker: RunningProcess) -> bool:
        assert worker.running, worker.output()
        try:
            return get(f"http://127.0.0.1:{self.metrics_port}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def metrics(self) -> str:
        return get(f"http://127.0.0.1:{self.metrics_port}/metrics").text

    def metric(self, name: str, **labels: str) -> float:
        """Its sum over all other labels, and so over workers."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.metrics())
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def add_drain(self, key: str, url: str, **options: Any) -> dict[str, Any]:
        """`site:www.example.com` for a site's. `options` as REST has them."""
        answer = self.api.post(f"{_path_of(key)}/log-drains", json={"url": url, **options})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def drain(self, key: str, drain_id: str) -> dict[str, Any]:
        answer = self.api.get(f"{_path_of(key)}/log-drains/{drain_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def close(self) -> None:
        self.api.close()
        self._stack.close()

    def _answers(self, web: RunningProcess) -> bool:
        assert web.running, web.output()
        try:
            return self.api.get("/livez").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def served(
    folder: Path,
    bootstrap: str,
    environment: Mapping[str, str] | None = None,
    *,
    is_migrated: bool = False,
) -> Iterator[Shuttle]:
    """An installation with a web process of its own; a worker is the test's."""
    with closing(Shuttle(folder, bootstrap, environment)) as made:
        if not is_migrated:
            made.migrate()
        made.start_web()
        yield made


def _path_of(key: str) -> str:
    site = key.removeprefix("site:")
    return f"/sites/{site}" if site != key else f"/apps/{key}"


def numbered_events(
    app: str, run: str, partition: int, count: int, *, start: int = 0
) -> Iterable[bytes]:
    """Kubernetes events with the judge's lines, from one pod a partition."""
    for text in numbered(run, partition, count, start=start):
        yield kubernetes_event(text, pod=f"{app}-p{partition}", container=app)


def tag_and_text(record: bytes) -> tuple[str, str]:
    """What the judge wants to know of a record, by its plain shape."""
    _, _, _, tag, rest = record.decode().split(" ", 4)
    return tag, rest.removeprefix("- - - ")
