"""What a web process tells of its tails: differences, by minute and hour, and nothing needless."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, cast

import pytest

from sessions_app.tail.tails import Tails
from sessions_app.tail.tally import UNWRITTEN_MAX
from sessions_app.tail.teller import REFRESH_SECONDS, TailFigures, Teller
from tests.support.waiting import until

NOON = 1_800_000_000.0  # a whole hour


class Open:
    """Tails: of these sessions so many are read."""

    def __init__(self) -> None:
        self.lines: Counter[str] = Counter()
        self.read: Counter[str] = Counter()

    def __len__(self) -> int:
        return self.read.total()

    def viewers(self) -> Counter[str]:
        return Counter(self.read)


class Bench:
    def __init__(self) -> None:
        self.now = NOON
        self.tails = Open()
        self.told: list[TailFigures] = []
        self.is_away = False
        self.teller = Teller("p1", cast(Tails, self.tails), self._write, lambda: self.now)

    async def _write(self, figures: TailFigures) -> float:
        if self.is_away:
            raise OSError("away")
        self.told.append(figures)
        return 0.5

    async def tell(self, seconds: float = 5) -> TailFigures | None:
        """Later by so much; what is written then."""
        self.now += seconds
        before = len(self.told)
        await self.teller.tell()
        return self.told[-1] if len(self.told) > before else None

    def rows(self) -> dict[tuple[str, float], Any]:
        """What the database has in the end."""
        written = (row for figures in self.told for row in figures.rows)
        return {(row.span, row.begins_at): row.figures for row in written}


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_who_reads_nothing_is_told_now_and_then(bench: Bench) -> None:
    figures = await bench.tell(0)
    assert figures is not None
    assert (figures.process, figures.viewers, figures.has_ended) == ("p1", {}, False)
    assert await bench.tell(REFRESH_SECONDS - 0.1) is None
    assert await bench.tell(0.1) is not None


async def test_who_comes_and_goes_is_told_at_once(bench: Bench) -> None:
    await bench.tell(0)
    bench.tails.read.update(["a", "a", "b"])
    figures = await bench.tell(1)
    assert figures is not None
    assert (figures.viewers, figures.gone) == ({"a": 2, "b": 1}, frozenset())
    assert await bench.tell(1) is None, "nothing is new"
    del bench.tails.read["a"]
    figures = await bench.tell(1)
    assert figures is not None
    assert (figures.viewers, figures.gone) == ({"b": 1}, frozenset("a"))


async def test_what_went_to_tails_is_added_up_by_minute_and_hour(bench: Bench) -> None:
    bench.tails.read.update(["a", "b"])
    bench.tails.lines.update(text=10)
    await bench.tell(30)
    bench.tails.read.update(["c"])
    bench.tails.lines.update(text=1, socket=5)
    await bench.tell(29)
    del bench.tails.read["a"]
    await bench.tell(60)
    minute, hour = bench.rows()["minute", NOON], bench.rows()["hour", NOON]
    assert minute["open"] == {"seconds": 2 * 30 + 3 * 29, "most": 3}
    assert minute["lines"] == {"text": 11, "socket": 5}
    assert hour["open"] == {"seconds": 2 * 30 + 3 * 29 + 2 * 60, "most": 3}
    assert bench.rows()["minute", NOON + 60]["lines"] == {}
    assert hour["cost"]["cpu_us"] == pytest.approx(1e6, abs=1e5), "of two writes"


async def test_what_a_database_lacks_that_was_away_it_is_told_once_it_is_back(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.is_away = True
    for _ in range(UNWRITTEN_MAX + 10):
        bench.tails.lines.update(text=1)
        assert await bench.tell(60) is None
    assert [record.message for record in caplog.records] == ["Tails are not told of: away"]
    bench.is_away = False
    figures = await bench.tell()
    assert figures is not None
    assert len(figures.rows) == UNWRITTEN_MAX
    figures = await bench.tell(REFRESH_SECONDS)
    assert figures is not None
    assert len(figures.rows) == 2


async def test_it_tells_by_itself_until_the_end_and_that_it_has_ended(bench: Bench) -> None:
    bench.teller.start()
    bench.teller.start()
    await until(lambda: bool(bench.told), 10, "it has told")
    bench.tails.read.update(["a"])
    await bench.teller.end()
    last = bench.told[-1]
    assert (last.has_ended, last.viewers) == (True, {})
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_one_that_never_began_has_no_last_word(bench: Bench) -> None:
    await bench.teller.end()
    assert bench.told == []
