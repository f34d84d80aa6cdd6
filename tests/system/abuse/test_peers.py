"""What anybody can have refused, as fast as four clients can: others do not notice."""

from __future__ import annotations

import http.client
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.broker import Broker
from tests.support.others import Others
from tests.support.shuttle import served

ATTACK_SECONDS, CONTROL_SECONDS = 15.0, 5.0
FRONT_DOORS = ",".join(["127.0.0.1"] * 1_400)
"""As long as headers may be, in a range that is trusted."""


def requests() -> Iterator[tuple[str, str, dict[str, str]]]:
    while True:
        yield "GET", f"/log-sessions/{uuid.uuid4()}", {}
        yield "GET", f"/log-sessions//{uuid.uuid4()}", {}
        yield "GET", "/admin/login/", {"Host": f"{uuid.uuid4()}.example"}
        yield "SETTINGS", "/nothing", {}
        yield "GET", "/nothing", {"X-Forwarded-For": FRONT_DOORS}
        yield "GET", "/nothing", {"Forwarded": "for=127.0.0.1," * 1_000}


@contextmanager
def attacking(port: int, clients: int) -> Iterator[Counter[int]]:
    """Statuses of what they were answered."""
    statuses: Counter[int] = Counter()
    over = threading.Event()

    def attack() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        for method, path, headers in requests():
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            statuses[answer.status] += 1
            if over.is_set():
                return connection.close()
        return None

    threads = [threading.Thread(target=attack) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.mark.slow
def test_refusals_of_four_clients_harm_nobody(
    kafka: Broker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = {"ALLOWED_HOSTS": "127.0.0.1", "TRUSTED_PROXIES": "127.0.0.0/31"}
    with served(tmp_path_factory.mktemp("web"), kafka.bootstrap, names) as shuttle:
        worker, web = shuttle.start_worker(), shuttle.web
        with Others(shuttle, kafka, [worker, web]) as others:
            control = others.watch(CONTROL_SECONDS)
            lines = len(web.output().splitlines())
            with (
                others.watched() as seen,
                attacking(int(shuttle.environment["PORT"]), 4) as statuses,
            ):
                threading.Event().wait(ATTACK_SECONDS)
            others.memory_comes_back()
        print(f"{seen[0]}; without {control}; answers {dict(statuses)}")
        seen[0].is_unharmed(control)
        assert statuses.keys() <= {400, 401, 404, 429, 501}
        wrong_names = [
            line for line in web.output().splitlines()[lines:] if "ALLOWED_HOSTS" in line
        ]
        assert len(wrong_names) <= ATTACK_SECONDS + 2
        assert "Traceback" not in web.output()
