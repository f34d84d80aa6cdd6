"""Every process answers on both families, and says in one line why it cannot listen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.support.asking import get
from tests.support.ports import free_port
from tests.support.processes import RunningProcess, manage, run_process
from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until

NO_KAFKA = "127.0.0.1:1"
COMMANDS = {
    "runweb": ("PORT", "--metrics-port"),
    "runshuttle": ("METRICS_PORT",),
    "runals": ("ALS_PORT", "ALS_METRICS_PORT"),
}
"""And what their ports are called."""
NO_IPV6 = "ip link set lo up && sysctl -qw net.ipv6.conf.all.disable_ipv6=1"


@pytest.fixture
def shuttle(tmp_path: Path) -> Iterator[Shuttle]:
    ports = {name: str(free_port()) for name in ("ALS_PORT", "ALS_METRICS_PORT")}
    with closing(Shuttle(tmp_path, NO_KAFKA, {**ports, "SHUTDOWN_GRACE_SECONDS": "1"})) as made:
        made.migrate()
        yield made


def probes_port(shuttle: Shuttle, command: str) -> str:
    return shuttle.environment[COMMANDS[command][-1].replace("--metrics-port", "PORT")]


def lives(url: str) -> bool:
    try:
        return get(f"{url}/livez", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_it_answers_on_both_families(command: str, shuttle: Shuttle) -> None:
    port = probes_port(shuttle, command)
    with shuttle.run(command) as process:
        for host in ("127.0.0.1", "[::1]"):
            wait_until(partial(lives, f"http://{host}:{port}"), 30, f"it lives at {host}")
    assert "Traceback" not in process.output()


@contextmanager
def without_ipv6(shuttle: Shuttle, command: str, log: Path) -> Iterator[RunningProcess]:
    """In a network namespace of its own, where nothing of ours can ask it."""
    args = ["unshare", "--net", "sh", "-c", f'{NO_IPV6} && exec "$@"', "sh", *manage(command)]
    with run_process(args, log=log, env=shuttle.environment) as process:
        yield process


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_it_answers_where_ipv6_is_off(command: str, shuttle: Shuttle, tmp_path: Path) -> None:
    if (tried := subprocess.run(["unshare", "--net", "sh", "-c", NO_IPV6])).returncode:
        pytest.skip(f"no network namespace here ({tried.returncode})")
    url = f"http://127.0.0.1:{probes_port(shuttle, command)}/livez"
    with without_ipv6(shuttle, command, tmp_path / "off.log") as process:
        inside = ["nsenter", f"--net=/proc/{process.pid}/ns/net", sys.executable]
        inside += ["-c", f"import urllib.request as u; print(u.urlopen({url!r}, timeout=2).status)"]
        wait_until(
            lambda: subprocess.run(inside, capture_output=True).stdout == b"200\n", 30, "it lives"
        )
        assert process.terminate() == 0
    assert "Traceback" not in process.output()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "name"), [(command, name) for command, names in COMMANDS.items() for name in names]
)
def test_a_taken_port_is_one_line(command: str, name: str, shuttle: Shuttle) -> None:
    with shuttle.run("runweb", "--port", str(port := free_port())) as other:
        other.wait_for_output("Serving on")
        options = [name, str(port)] if name.startswith("--") else []
        shuttle.environment |= {} if options else {name: str(port)}
        with run_process(
            manage(command, *options), log=other.log.with_name("second"), env=shuttle.environment
        ) as second:
            assert second.wait() == 1
    assert f"CommandError: {name} {port}: Address already in use" in second.output()
    assert "Traceback" not in second.output()


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("", "--host is empty: leave it out to listen on all addresses"),
        ("192.0.2.254", "--host 192.0.2.254: this machine has no such address"),
    ],
)
def test_an_address_that_is_not_ours_is_one_line(
    host: str, said: str, command: str, shuttle: Shuttle
) -> None:
    with shuttle.run(command, "--host", host) as process:
        assert process.wait() == 1
    assert f"CommandError: {said}\n" in process.output()
    assert "Traceback" not in process.output()
