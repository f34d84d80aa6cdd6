"""Figures of tails as rows, in each kind of database."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from sessions_app import tail_rows
from sessions_app.models import FRESH, TailRollup, Viewers
from sessions_app.tail.tally import SpanRow
from sessions_app.tail.teller import TailFigures

pytestmark = pytest.mark.django_db
NOON = 1_800_000_000.0  # a whole hour


@pytest.fixture(params=["sqlite", "postgres"], autouse=True)
def _database(request: pytest.FixtureRequest) -> None:
    if request.param == "postgres":
        request.getfixturevalue("in_postgres")


def viewers() -> set[tuple[str, str, int]]:
    return set(Viewers.objects.values_list("process", "session", "viewers"))


def told(*gone: str, process: str = "p1", **read: int) -> TailFigures:
    return TailFigures(process, read, frozenset(gone))


def test_they_take_the_place_of_those_before() -> None:
    tail_rows.write(told(a=2, b=1))
    tail_rows.write(told(process="p2", a=5))
    assert tail_rows.write(told("b", a=3)) > 0
    assert viewers() == {("p1", "", 3), ("p1", "a", 3), ("p2", "", 5), ("p2", "a", 5)}
    tail_rows.write(TailFigures("p1", {}, frozenset("a"), has_ended=True))
    assert viewers() == {("p2", "", 5), ("p2", "a", 5)}


def test_a_process_that_nobody_reads_at_is_there() -> None:
    tail_rows.write(told())
    assert viewers() == {("p1", "", 0)}


def test_what_one_has_said_that_is_gone_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    tail_rows.write(told(a=2))
    now = timezone.now()
    assert Viewers.objects.fresh(now).count() == 2
    assert not Viewers.objects.fresh(now + FRESH + timedelta(seconds=1)).exists()


def test_rows_of_a_span_are_written_over_and_go_when_they_are_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begins = datetime.fromtimestamp(NOON, timezone.get_current_timezone())

    def tell(hours: float, lines: int, process: str = "p1") -> set[tuple[str, str, int]]:
        at = begins + timedelta(hours=hours)
        monkeypatch.setattr(timezone, "now", lambda: at)
        figures = {"lines": {"text": lines}}
        rows = tuple(SpanRow(span, at.timestamp(), figures) for span in ("minute", "hour"))
        tail_rows.write(told(process=process)._replace(rows=rows))
        found = TailRollup.objects.values_list("process", "span", "figures")
        return {(of, span, each["lines"]["text"]) for of, span, each in found}

    tell(0, 1)
    assert tell(0, 2) == {("p1", "minute", 2), ("p1", "hour", 2)}
    p1, p2 = [("p1", "minute", 2), ("p1", "hour", 2)], [("p2", "minute", 3), ("p2", "hour", 3)]
    assert tell(26, 3, "p2") == {*p1, *p2}
    assert tell(27, 3, "p2") == {p1[1], *p2}
    assert viewers() == {("p2", "", 0)}
    assert p1[1] not in tell(8 * 24 + 1, 3, "p2")


def test_a_database_that_is_away_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(tail_rows, "_write", fail)
    with pytest.raises(OSError, match="database is locked"):
        tail_rows.write(told())
