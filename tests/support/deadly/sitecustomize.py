"""A Python in which some records end the process that works on them, as a fault of ours would.

DEADLY: how: `kill`, `raise` or `hang`. A record is deadly that has `MARK` in it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from events.formats.decode import Decoder
from events.kafka.records import PartitionRecords
from events.lines import Lines

MARK = b"DEADLY"


def fall() -> None:
    match os.environ["DEADLY"]:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "raise":
            raise SystemExit("a record that ends the process")
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


if "DEADLY" in os.environ:
    Decoder.wanted_lines_of = deadly(Decoder.wanted_lines_of)  # type: ignore[method-assign]
