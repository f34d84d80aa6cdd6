"""A tail in HTTP chunks: a line each while that can be afforded."""

from __future__ import annotations

import pytest

from events.keys import AppKey
from events.lines import LogLine, Origin, Severity
from sessions_app.chunks import SLOW_LINES_PER_SECOND, InChunks, Pace, chunk
from sessions_app.tail.encoders import EventsEncoder, StreamEncoder, TextEncoder, writes
from sessions_app.tail.live.blocks import Block, LineSlice
from sessions_app.tail.live.mailbox import Skipped
from sessions_app.tail.signer import Signer
from sessions_app.tail.tail import BacklogEnd, Event, Ping
from tests.support.chunked import chunks_of

GOLD = AppKey("gold", "gs")
WEB = Origin(GOLD, "web.1", "app", "web")
SIGNER = Signer([b"key"], "session", [])
MANY = SLOW_LINES_PER_SECOND * 2


def piece(count: int, text: str = "ü") -> LineSlice:
    line = LogLine(WEB, "2026-01-31T12:00:00Z", Severity.INFO, text)
    return LineSlice.whole(Block([line] * count, lambda: "base", ".l0.0."))


def sent(made: InChunks, *events: Event) -> list[bytes]:
    return chunks_of(b"".join(made(events)))


def in_one(encoder: StreamEncoder, *events: Event) -> bytes:
    return b"".join(writes(encoder, events))


def test_each_line_of_a_backlog_is_a_chunk_however_many_there_are() -> None:
    chunks = sent(InChunks(TextEncoder(GOLD)), piece(MANY))
    assert chunks == [in_one(TextEncoder(GOLD), piece(1))] * MANY


def test_many_chunks_are_one_write() -> None:
    assert len(list(InChunks(TextEncoder(GOLD))([piece(100), piece(50)]))) == 1


def test_lines_that_come_fast_share_a_chunk_until_they_are_slow_again() -> None:
    now = 100.0
    made = InChunks(TextEncoder(GOLD), clock=lambda: now)
    assert len(sent(made, piece(2), BacklogEnd())) == 2
    assert len(sent(made, piece(3), Skipped(7), piece(4))) == 8
    assert len(sent(made, piece(MANY))) == 1
    now += 3.0
    assert len(sent(made, piece(3))) == 3


def test_other_outputs_are_the_same_bytes_in_chunks() -> None:
    events: list[Event] = [piece(3), BacklogEnd(), Skipped(7), Ping("base.b0")]
    made = InChunks(EventsEncoder(SIGNER))
    assert b"".join(sent(made, *events)) == in_one(EventsEncoder(SIGNER), *events)


def test_what_is_not_said_is_no_chunk() -> None:
    """An empty chunk ends an answer."""
    assert list(InChunks(TextEncoder(GOLD))([BacklogEnd(), Ping("base.b0")])) == []
    assert chunk(b"") == b""


@pytest.mark.parametrize(("per_second", "is_slow"), [(400, True), (600, False)])
def test_slow_is_what_keeps_below_a_rate_whatever_its_bursts(
    per_second: int, is_slow: bool
) -> None:
    pace = Pace(now=0.0)
    answers = [pace.is_slow(per_second // 20, now=turn / 20) for turn in range(1, 201)]
    assert answers[-1] is is_slow
    assert answers[0]
