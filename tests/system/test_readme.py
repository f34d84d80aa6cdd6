"""README's "Run it for real", as it stands, in an empty folder with nothing set: a line arrives."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import httpx
import pytest

from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.ports import free_port
from tests.support.processes import ROOT, run_process
from tests.support.receiving import Receivers
from tests.support.servers import missing

DEBIANS_PYTHON = Path("/usr/bin/python3")
TITLE = "## Run it for real\n"
LIMIT_SECONDS = 600


def commands() -> str:
    """All code blocks of the section."""
    section = (ROOT / "README.md").read_text().partition(TITLE)[2].partition("\n## ")[0]
    indented = [line for line in section.splitlines() if line.startswith("    ") or not line]
    return textwrap.dedent("\n".join(indented))


def with_addresses(text: str, addresses: dict[str, str]) -> str:
    for old, new in addresses.items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.slow
@pytest.mark.timeout(LIMIT_SECONDS + 120)
def test_it_works_as_it_stands(
    kafka: Broker, topic: TopicNames, postgres_url: str, receiver: Receivers, tmp_path: Path
) -> None:
    if not DEBIANS_PYTHON.exists():
        missing("there is no Python of the system's own")
    space, sink, web, worker = topic(), receiver(), free_port(), free_port()
    two = "connect_timeout=4&application_name=readme"  # a shell would run what stands before `&`
    ours = f"\nPORT={web}\nMETRICS_PORT={worker}\nDRAIN_ALLOWED_CIDRS=127.0.0.0/8"
    script = with_addresses(
        commands(),
        {
            "REPOSITORY": str(ROOT),
            "kafka1:9092,kafka2:9092": kafka.bootstrap,
            "'postgres://user:password@host/logshuttle'": f"'{postgres_url}?{two}'{ours}",
            "localhost:5000": f"localhost:{web}",
            "localhost:9102": f"localhost:{worker}",
            '"demo"': f'"{space}"',
            "shop-demo": f"shop-{space}",
        },
    )
    folder = tmp_path / "empty"
    folder.mkdir()
    file = tmp_path / "script"
    file.write_text(f"set -euo pipefail\n{script}\necho The key is $AUTH_KEY.\nwait\n")
    bare = ["env", "-i", "PATH=/usr/bin:/bin", f"HOME={os.environ.get('HOME', folder)}"]
    with run_process([*bare, "bash", file], log=tmp_path / "log", cwd=folder) as running:
        running.wait_for_output("The key is ", LIMIT_SECONDS)
        output = running.output()
        assert f"shop-{space}" in output
        assert "It works\n" in output.partition('"log": "It works"}')[2]
        assert "Traceback" not in output

        key = output.partition("The key is ")[2].partition(".")[0]
        with httpx.Client(
            base_url=f"http://localhost:{web}", headers={"Authorization": key}, timeout=20
        ) as api:
            made = api.post(f"/apps/shop-{space}/log-drains", json={"url": sink.url})
            assert made.status_code == 201, made.text
            event = {"kubernetes": {"namespace_name": space, "container_name": "shop"}}
            assert api.post("/log-events", json={**event, "log": "to a drain"}).status_code == 201
        sink.wait_for(1)
