"""Workers, and records that were no line, in the admin: to be looked at alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from shuttle.commit.rollup_rows import write_figures
from shuttle.commit.store import Figures, RollupNote, SampleNote, WorkerNote
from shuttle.models import Rollup, Worker

WORKERS, MALFORMED = "/admin/shuttle/worker/", "/admin/shuttle/malformedsample/"
ABOUT = WorkerNote("w1", "host-1", "1.0", started_at=1.8e9, partitions=3, consumer_lag=1204)


def test_workers_are_shown_with_what_they_do(operator: Client) -> None:
    write_figures(Figures(ABOUT._replace(lines_in=1411.4, cpu=0.314, memory_bytes=1_050_000)))
    page = operator.get(WORKERS).content.decode().replace("\u00a0", " ")
    for said in ("host-1", "Works", "1,204 records", "1,411 lines/s", "31%", "1.05 MB"):
        assert said in page


def test_of_one_that_is_gone_nothing_is_said_of_now(operator: Client) -> None:
    write_figures(Figures(ABOUT._replace(lines_in=1411.4)))
    Worker.objects.update(reported_at=timezone.now() - timedelta(seconds=31))
    page = operator.get(WORKERS).content.decode()
    assert "Gone</span>" in page
    assert "1,411" not in page


def test_samples_are_text_that_nothing_obeys(operator: Client) -> None:
    write_figures(Figures(ABOUT, samples=[SampleNote("gs", 1, 5, "not_json", "<script>x")]))
    page = operator.get(MALFORMED).content.decode()
    assert "&lt;script&gt;x" in page
    assert "<script>x" not in page


@pytest.mark.parametrize("path", [WORKERS, MALFORMED])
def test_nobody_adds_changes_or_deletes_any(operator: Client, path: str) -> None:
    write_figures(Figures(ABOUT, samples=[SampleNote("gs", 1, 5, "not_json", "x")]))
    assert operator.get(f"{path}add/").status_code == 403
    assert b'name="action"' not in operator.get(path).content


def test_kinds_are_counted_also_where_no_sample_is_kept(operator: Client) -> None:
    rows = [RollupNote("hour", 1.8e9, {"malformed": {"not JSON": 1204}}, {})]
    write_figures(Figures(ABOUT, rows))
    Rollup.objects.update(begins_at=timezone.now() - timedelta(hours=2))
    assert "In 24 hours: not JSON 1,204." in operator.get(MALFORMED).content.decode()
