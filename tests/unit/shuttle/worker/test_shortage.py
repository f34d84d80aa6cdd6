"""More drains than a worker can be connected to are told of before one fails."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from shuttle.worker import shortage
from shuttle.worker.shortage import OWN_FILES, local_ports, open_files_max, warn_of_shortage
from tests.support.feed_bench import route_of

PORTS = 10


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For 100 connections, 10 of them to one receiver."""
    files = OWN_FILES + 100
    monkeypatch.setattr("shuttle.worker.shortage.resource.getrlimit", lambda _: (files, files))
    ranges = tmp_path / "ip_local_port_range"
    ranges.write_text(f"32768\t{32768 + PORTS - 1}\n")
    monkeypatch.setattr(shortage, "PORT_RANGE", ranges)


@pytest.mark.parametrize(
    ("drains", "receivers", "connections", "said"),
    [
        (100, 100, 1, []),
        (101, 101, 1, ["101 connections to drains may be needed, and 356 files may be open"]),
        (51, 51, 2, ["102 connections to drains may be needed, and 356 files may be open"]),
        (10, 1, 1, []),
        (
            11,
            1,
            1,
            ["11 connections to 127.0.0.1:1000 may be needed, and there are 10 local ports"],
        ),
    ],
)
def test_what_is_short_is_said(
    caplog: pytest.LogCaptureFixture,
    drains: int,
    receivers: int,
    connections: int,
    said: list[str],
) -> None:
    warn_of_shortage(
        route_of(f"syslog://127.0.0.1:{1000 + at % receivers}", connections=connections)
        for at in range(drains)
    )
    told = [record.getMessage() for record in caplog.records]
    assert [text[: len(begin)] for text, begin in zip(told, said, strict=True)] == said


def test_drains_that_are_paused_need_none(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_shortage(route_of(paused=True) for _ in range(200))
    assert not caplog.records


def test_where_nobody_knows_a_limit_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "shuttle.worker.shortage.resource.getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2
    )
    monkeypatch.setattr(shortage, "PORT_RANGE", tmp_path / "elsewhere")
    warn_of_shortage(route_of() for _ in range(200))
    assert (open_files_max(), local_ports(), caplog.records) == (None, None, [])
