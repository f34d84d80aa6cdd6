"""What each media type makes of lines, and of what is said about them."""

from __future__ import annotations

import json

import pytest

from events.keys import AppKey, SiteKey
from events.lines import LogLine, Origin, Severity
from sessions_app.tail.encoders import (
    WRITE_BYTES,
    EventsEncoder,
    RecordsEncoder,
    SocketEncoder,
    StreamEncoder,
    TextEncoder,
    writes,
)
from sessions_app.tail.live.blocks import Block, LineSlice
from sessions_app.tail.live.mailbox import Skipped, StreamNotice
from sessions_app.tail.signer import UNSIGNED, Signer
from sessions_app.tail.tail import BacklogEnd, Bye, Event, Ping

GOLD = AppKey("gold", "gs")
WEB = Origin(GOLD, "web.1", "app", "web")
NOON = "2026-01-31T12:00:00.5Z"
SIGNER = Signer([b"key"], "session", [])
BASE = SIGNER.signed("base")
SHOWN = "2026-01-31T12:00:00Z gold-gs app[web.1]: "
ENCODERS: list[StreamEncoder] = [
    TextEncoder(GOLD),
    EventsEncoder(SIGNER),
    RecordsEncoder(GOLD),
    SocketEncoder(SIGNER),
]


def piece(*texts: str, only: list[int] | None = None) -> LineSlice:
    lines = [LogLine(WEB, NOON, Severity.INFO, text) for text in texts]
    block = Block(lines, lambda: "base", ".l0.0.")
    return LineSlice(block, range(len(lines)) if only is None else only)


def written(encoder: StreamEncoder, *events: Event) -> str:
    return b"".join(writes(encoder, events)).decode()


def test_text_is_a_line_each() -> None:
    assert written(TextEncoder(GOLD), piece("a", "b\nc")) == f"{SHOWN}a\n{SHOWN}b c\n"


def test_events_have_ids_and_one_line_of_data() -> None:
    said = written(EventsEncoder(SIGNER), piece("a\r\n\r\nevent: forged", "b", only=[0]))
    assert said == f"id: {BASE}.l0.0.0\ndata: {SHOWN}a    event: forged\n\n"


def test_records_are_json_a_line_each() -> None:
    first, second = written(RecordsEncoder(GOLD), piece("a", 'b"')).splitlines()
    assert json.loads(first)["text"] == "a"
    assert json.loads(second) == {
        "time": NOON,
        "app": "gold",
        "space": "gs",
        "source": "app",
        "process": "web",
        "stream": "stdout",
        "text": 'b"',
    }


CUTS = "a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i"
"""Where Python's `splitlines` ends a line."""


@pytest.mark.parametrize("only", [None, [0]], ids=["whole block", "filtered"])
def test_one_line_is_one_line_to_those_who_cut_at_more_than_newlines(
    only: list[int] | None,
) -> None:
    json_text = '{"msg": "a\u2028b"}'
    record, other = written(
        RecordsEncoder(GOLD), piece(CUTS), piece(CUTS, "x", only=only)
    ).splitlines()[:2]
    assert json.loads(record)["text"] == json.loads(other)["text"] == CUTS
    id_, data, nothing = written(
        EventsEncoder(SIGNER), piece(CUTS + json_text, "x", only=[0])
    ).splitlines()
    assert (id_, nothing) == (f"id: {BASE}.l0.0.0", "")
    assert "\\u000bb\\u000cc\\u001cd\\u001de\\u001ef\\u0085g\\u2028h\\u2029i" in data
    assert json.loads(data[data.index("{") :]) == {"msg": "a\u2028b"}


def test_the_page_and_text_get_each_character_as_it_is() -> None:
    assert CUTS in written(TextEncoder(GOLD), piece(CUTS))
    (frame,) = writes(SocketEncoder(SIGNER), [piece(CUTS)])
    assert json.loads(frame)["lines"][0]["text"] == CUTS


def test_lines_that_are_made_once_are_signed_for_each_session() -> None:
    other, shared = Signer([b"key"], "another", []), piece("a", "b")
    mine, theirs = (written(SocketEncoder(one), shared) for one in (SIGNER, other))

    assert mine != theirs == mine.replace(BASE, other.signed("base"))
    assert UNSIGNED not in mine + theirs


def test_a_frame_of_a_socket_has_all_lines_that_came_together() -> None:
    (frame,) = writes(SocketEncoder(SIGNER), [piece("a", "b"), piece("c", "d", only=[1])])
    lines = json.loads(frame)["lines"]
    assert [line["text"] for line in lines] == ["a", "b", "d"]
    assert [line["id"] for line in lines] == [f"{BASE}.l0.0.{n}" for n in (0, 1, 1)]
    assert lines[0] == {
        "id": f"{BASE}.l0.0.0",
        "time": NOON,
        "name": "gold-gs",
        "source": "app",
        "process": "web",
        "tag": "web.1",
        "stream": "stdout",
        "text": "a",
    }


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: encoder.name)
def test_a_write_is_bounded_and_nothing_is_lost_at_its_edges(encoder: StreamEncoder) -> None:
    texts = [f"<{n}>" + "x" * 900 for n in range(300)]
    parts = list(writes(encoder, [piece(*texts), piece(*texts, only=list(range(0, 300, 2)))]))

    assert all(len(part) < WRITE_BYTES * 1.1 for part in parts)
    whole = b"".join(parts).decode()
    assert all(whole.count(f"<{n}>") == (1 if n % 2 else 2) for n in range(300))


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: encoder.name)
def test_what_is_said_keeps_its_place_among_lines(encoder: StreamEncoder) -> None:
    said = written(encoder, piece("before"), Skipped(7), StreamNotice("because"), piece("after"))
    found = [said.index(text) for text in ("before", "7", "because", "after")]
    assert found == sorted(found)


def test_a_slow_reader_is_told_in_words() -> None:
    told = "Error L11 (tail buffer overflow): 7 messages skipped"
    assert written(EventsEncoder(SIGNER), Skipped(7)) == f"event: skipped\ndata: {told}\n\n"
    assert written(TextEncoder(GOLD), Skipped(7)).endswith(f"Z gold-gs logshuttle: {told}\n")
    record = json.loads(written(RecordsEncoder(SiteKey("www.example.com")), Skipped(7)))
    assert (record["source"], record["text"]) == ("logshuttle", told)
    assert (record["app"], record["site"]) == ("", "www.example.com")
    assert json.loads(written(SocketEncoder(SIGNER), Skipped(7))) == {"type": "skipped", "count": 7}


def test_heartbeats_keep_the_place_to_go_on_from() -> None:
    assert written(EventsEncoder(SIGNER), Ping(None)) == ":\n\n"
    assert written(EventsEncoder(SIGNER), Ping("base.b0")) == ":\nid: base.b0\n\n"
    assert json.loads(written(SocketEncoder(SIGNER), Ping(None))) == {"type": "ping"}
    assert written(TextEncoder(GOLD), Ping("base.b0")) == ""


def test_an_end_is_said_where_it_can_be() -> None:
    assert written(EventsEncoder(SIGNER), BacklogEnd(), Bye("idle")) == "event: bye\ndata: idle\n\n"
    assert json.loads(written(SocketEncoder(SIGNER), Bye("over"))) == {
        "type": "bye",
        "reason": "over",
    }
    assert written(TextEncoder(GOLD), Bye("over")) == ""


def test_browsers_are_told_different_times_to_come_again() -> None:
    assert len({EventsEncoder(SIGNER).opening for _ in range(50)}) > 10
