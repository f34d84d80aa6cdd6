"""Numbers, ports, seconds, flags and choices: refused in a line, or real processes serve with them.

The first values of all settings are one start, the second ones another, and so on.
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.support.asking import get
from tests.support.ports import free_port
from tests.support.settings_start import assert_each, assert_refused, table
from tests.support.shuttle import AUTH_KEY, Shuttle
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

KINDS = ("numbers", "flags")
STARTS = 4
NO_KAFKA = "127.0.0.1:1"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_none_is_refused(kind: str) -> None:
    refused, _ = table(kind)
    assert_each(refused, lambda row: assert_refused(*_split(row)))


def _split(row: str) -> tuple[str, str]:
    name, _, value = row.partition("=")
    return name, value


@pytest.mark.parametrize("number", range(STARTS))
def test_with_what_is_taken_web_and_worker_answer(number: int, tmp_path: Path) -> None:
    places = {"port": free_port(), "metrics": free_port()}
    rows = [_split(row) for kind in KINDS for row in table(kind)[1]]
    environ = {name: values.split()[number].format(**places) for name, values in rows}
    shuttle = Shuttle(tmp_path, NO_KAFKA, environ)
    shuttle.api.base_url = httpx.URL(f"http://127.0.0.1:{places['port']}")
    shuttle.metrics_port = places["metrics"]
    try:
        shuttle.migrate()
        shuttle.start_web()
        worker = shuttle.start_worker(consuming=False)
        made = shuttle.api.post("/apps/gold-gs/log-drains", json={"url": "syslog://127.0.0.1:1514"})
        assert made.status_code == 201, made.text
        assert shuttle.api.get("/admin/login/").status_code == 200
        url = f"http://127.0.0.1:{places['metrics']}/livez"
        wait_until(lambda: worker.running and _answers(url), 30, "the worker answers")
        assert AUTH_KEY not in shuttle.web.output() + worker.output()
    finally:
        shuttle.close()


def _answers(url: str) -> bool:
    try:
        return get(url).status_code == 200
    except httpx.TransportError:
        return False
