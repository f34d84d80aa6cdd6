"""With DEBUG nobody on the network is served, and no drain goes to a port of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.planted.sitecustomize import FAULT, VIEW_HOST
from tests.support.ports import free_port
from tests.support.processes import ROOT, RunningProcess
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until

NO_KAFKA = "127.0.0.1:1"
PAGE = {"Accept": "text/html"}


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Shuttle]:
    made = Shuttle(
        tmp_path,
        NO_KAFKA,
        {
            **{"DEBUG": "1", "SECRET_KEY": "", "AUTH_KEY": "k", "DRAIN_ALLOWED_CIDRS": ""},
            **{name: str(free_port()) for name in ("ALS_PORT", "ALS_METRICS_PORT")},
        },
    )
    made.migrate()
    yield made
    made.close()


def listening(process: RunningProcess) -> set[tuple[str, int]]:
    found = psutil.Process(process.pid).net_connections("inet")
    places = (each.laddr for each in found if each.status == "LISTEN")
    return {(place.ip.removeprefix("::ffff:"), place.port) for place in places}  # as gRPC has it


@pytest.mark.parametrize(
    ("command", "ports"),
    [
        ("runweb", ("PORT",)),
        ("runals", ("ALS_PORT", "ALS_METRICS_PORT")),
        ("runshuttle", ("METRICS_PORT",)),
    ],
)
def test_it_listens_on_loopback_alone(
    command: str, ports: tuple[str, ...], laptop: Shuttle
) -> None:
    numbers = [int(laptop.environment[name]) for name in ports]
    expected = {(address, port) for address in ("127.0.0.1", "::1") for port in numbers}
    with laptop.run(command) as process:
        wait_until(lambda: len(listening(process)) >= len(expected), 30, f"{command} listens")
        assert listening(process) == expected


def test_pages_are_those_of_localhost_alone(laptop: Shuttle) -> None:
    """Whoever makes a name lead here, as a page of theirs may, is shown none."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with laptop.run("runweb", "--port", str(port)) as web:
        wait_until(lambda: listening(web), 30, "it listens")
        served = {
            host: httpx.get(f"{url}/admin/login/", headers={**PAGE, "Host": host}).status_code
            for host in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", "rebound.example")
        }
        assert list(served.values()) == [200, 200, 200, 400]
        for receiver, status in (
            (f"syslog://127.0.0.1:{port}", 422),  # known to this process alone
            (f"syslog://127.0.0.1.:{port}", 422),
            (f"syslog://2130706433:{laptop.environment['METRICS_PORT']}", 422),
            (f"syslog://127.0.0.1:{free_port()}", 201),
        ):
            made = httpx.post(
                f"{url}/apps/gold-gs/log-drains",
                json={"url": receiver},
                headers={"Authorization": "k"},
                timeout=20,
            )
            assert made.status_code == status, made.text


def test_a_fault_of_ours_shows_neither_settings_nor_variables(laptop: Shuttle) -> None:
    laptop.environment |= {
        "PLANTED": "1",
        "PYTHONPATH": f"{ROOT / 'tests/support/planted'}:{ROOT}",
    }
    laptop.api.headers["Authorization"] = "k"
    web = laptop.start_web()
    url = f"https://us:s3cret@{VIEW_HOST}/"
    answer = laptop.api.post(
        "/apps/gold-gs/log-drains", json={"url": url}, headers={"Accept": "text/html"}
    )

    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert len(answer.text) < 500
    assert FAULT in web.output()
    assert "s3cret" not in answer.text + web.output()
