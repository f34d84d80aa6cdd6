"""Figures as rows: in place of what was there, and gone when they are old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from shuttle.commit import rollup_rows
from shuttle.commit.rollup_rows import write_figures
from shuttle.commit.store import Figures, RollupNote, SampleNote, WorkerNote
from shuttle.models import MalformedSample, Rollup, Worker

pytestmark = pytest.mark.django_db
NOON = 1_800_000_000.0  # a whole hour
ABOUT = WorkerNote("w1", "host", "1.0", started_at=NOON, lines_in=1.5)


def minute(begins_at: float = NOON + 60, lines: int = 1, **options: Any) -> RollupNote:
    return RollupNote("minute", begins_at, {"received": {"router": lines}}, {"apps": {}}, **options)


def samples(*offsets: int) -> list[SampleNote]:
    return [SampleNote("gs", 0, offset, "not JSON", "x") for offset in offsets]


def test_a_row_takes_the_place_of_the_one_before() -> None:
    write_figures(Figures(ABOUT, [minute(lines=1)], samples(1)))
    write_figures(Figures(ABOUT._replace(lines_in=2.5), [minute(lines=3)], samples(1, 2)))

    (worker,) = Worker.objects.all()
    assert (worker.lines_in, worker.version) == (2.5, "1.0")
    assert worker.started_at == datetime.fromtimestamp(NOON, UTC)
    (row,) = Rollup.objects.all()
    assert (row.worker, row.figures) == ("w1", {"received": {"router": 3}})
    assert MalformedSample.objects.count() == 2


def test_workers_and_spans_are_kept_apart() -> None:
    for name in ("w1", "w2"):
        rows = [minute(), minute()._replace(span="hour")]
        write_figures(Figures(ABOUT._replace(name=name), rows))
    assert (Worker.objects.count(), Rollup.objects.count()) == (2, 4)


def test_what_is_old_goes_with_each_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    write_figures(Figures(ABOUT, [minute(), minute()._replace(span="hour")], samples(1)))
    begins = datetime.fromtimestamp(NOON, UTC)

    def left(later: timedelta) -> tuple[int, int, int, int]:
        monkeypatch.setattr(timezone, "now", lambda: begins + later)
        at = (begins + later).timestamp() // 3600 * 3600
        write_figures(Figures(ABOUT._replace(name="another"), [minute(at)]))
        rows = Rollup.objects.filter(worker="w1")
        return (
            rows.filter(span="minute").count(),
            rows.filter(span="hour").count(),
            Worker.objects.filter(name="w1").count(),
            MalformedSample.objects.count(),
        )

    MalformedSample.objects.update(seen_at=begins)
    Worker.objects.update(reported_at=begins)
    assert left(timedelta(hours=23)) == (1, 1, 1, 1)
    assert left(timedelta(hours=27)) == (0, 1, 0, 1)
    assert left(timedelta(days=8, hours=1)) == (0, 0, 0, 0)


def test_samples_are_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup_rows, "SAMPLES_MAX", 3)
    write_figures(Figures(ABOUT, [], samples(*range(5))))
    write_figures(Figures(ABOUT, [minute(NOON)]))
    assert set(MalformedSample.objects.values_list("offset", flat=True)) == {2, 3, 4}
