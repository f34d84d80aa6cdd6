"""A Python in which some records end the process that works on them, as a fault of ours would.

DEADLY: how: `kill`, `raise` or `hang`; `raise-late`, `hang-late`: only when a feed is given its
lines. A record is deadly that has `MARK` in it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from events.formats.decode import Decoder
from events.kafka.records import PartitionRecords
from events.lines import Lines
from shuttle.feed.feed import Feed
from shuttle.feed.writes import Pieces

MARK = b"DEADLY"
LATE = "-late"


def fall() -> None:
    match os.environ["DEADLY"]:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "raise":
            raise SystemExit("a record that ends the process")
        case "raise-late":
            raise ValueError("a record that ends the process")
        case "hang-late":
            while True:
                pass
        case _:
            time.sleep(600)


def deadly(work: Callable[..., Lines]) -> Callable[..., Lines]:
    def fatal_work(
        decoder: Decoder, records: PartitionRecords, *args: object, **more: object
    ) -> Lines:
        if any(MARK in (value or b"") for value in records.values):
            fall()
        return work(decoder, records, *args, **more)

    return fatal_work


def deadly_late(take: Callable[..., None]) -> Callable[..., None]:
    def fatal_take(
        feed: Feed, number: int, records: PartitionRecords, data: Pieces, lines: int
    ) -> None:
        if any(MARK in piece for piece in data):
            fall()
        take(feed, number, records, data, lines)

    return fatal_take


if os.environ.get("DEADLY", "").endswith(LATE):
    Feed.take = deadly_late(Feed.take)  # type: ignore[method-assign]
elif "DEADLY" in os.environ:
    Decoder.wanted_lines_of = deadly(Decoder.wanted_lines_of)  # type: ignore[method-assign]
