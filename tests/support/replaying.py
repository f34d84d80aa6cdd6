"""Drains that are behind in logs of old and young records, with a limit on their age."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from events.kafka.records import HOUR_MS, YEAR_2000_MS, TopicPartition
from shuttle.feed import link, look_ups, portions
from shuttle.replay import passes, scheduler, skips
from tests.support.feed_bench import P0, cursors
from tests.support.replayed_log import NOW_MS, Log, Record, ReplayBench

LIMIT = 100
YOUNG_MS = NOW_MS - LIMIT * 1000
OLD, YOUNG = YOUNG_MS - 1, YOUNG_MS
AGAIN = 7
"""In place of AGAIN_RECORDS: logs here are short."""
ODD = [
    -1,
    0,
    NOW_MS // 1000,
    NOW_MS * 1000,
    YEAR_2000_MS - 1,
    NOW_MS + HOUR_MS + 1,
]
"""Stamps that are no times of now."""


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """No replay waits longer than it has to."""
    monkeypatch.setattr(passes, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(scheduler, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(look_ups, "AGAIN_RECORDS", AGAIN)
    monkeypatch.setattr(skips, "LOOK_UP_SECONDS", 0.001)
    monkeypatch.setattr(link, "RETRY_FIRST_SECONDS", 0.0)
    monkeypatch.setattr(link, "RETRY_MAX_SECONDS", 0.0)
    monkeypatch.setattr(portions, "EAGER_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(portions, "TRIES_SECONDS", (0.0, 0.0))


def logs_of(*stamps: int) -> dict[TopicPartition, Log]:
    return {P0: Log([Record.line(at, stamp) for at, stamp in enumerate(stamps)])}


def bench_of(
    *stamps: int,
    answers: Sequence[str] = ("offsets",),
    sizes: Sequence[int] = (3,),
    url: str = "syslog://127.0.0.1:514",
    limit: int = LIMIT,
) -> ReplayBench:
    """A drain that is behind from 0 on."""
    logs, live = logs_of(*stamps), {P0: len(stamps)}
    bench = ReplayBench(logs, live, [limit], url=url, answers=answers, sizes=sizes)
    bench.feeds[0].restore(cursors({P0: 0}), bench.live)
    return bench


def texts(*offsets: int) -> set[str]:
    return {f"0-{offset}" for offset in offsets}
