"""WebSockets of readers: what comes in is counted, answered within bounds, and kept nowhere."""

from __future__ import annotations

import pytest

from logshuttle_site.connections.sockets import (
    EARLY_BYTES_MAX,
    FRAME_BYTES_MAX,
    FRAMES_AT_ONCE,
)
from tests.support.attackers import PING, PONG, TEXT, frame, handshake
from tests.support.web_line import Line, Web, turns

PATH = "/log-sessions/x/ws"
CLOSE = 0x88


async def opened(web: Web) -> Line:
    line = web.connect()
    line.sends(handshake(PATH))
    await turns()
    assert line.statuses == [101]
    line.wire.clear()
    return line


def close_code(line: Line) -> int | None:
    """Of a close frame at the end of what it got."""
    at = line.got.rfind(bytes([CLOSE]))
    return int.from_bytes(line.got[at + 2 : at + 4]) if at >= 0 else None


@pytest.mark.parametrize("opcode", [TEXT, PING, PONG, 2])
async def test_a_flood_of_frames_ends_at_once_and_reaches_nobody(opcode: int) -> None:
    web = Web()
    line = await opened(web)
    line.sends(frame(opcode, b"x") * 9000)
    await turns()

    assert close_code(line) == 1008
    assert line.wire.half_closed
    assert web.refused == {"socket_frames": 1}
    assert [message["type"] for message in web.heard] == [
        "websocket.connect",
        "websocket.disconnect",
    ]
    assert line.wire.protocol.data == b""
    pongs = line.got.count(b"\x8a\x01x")
    assert pongs == (FRAMES_AT_ONCE if opcode == PING else 0)


async def test_a_few_words_pings_and_pongs_are_put_up_with() -> None:
    web = Web()
    line = await opened(web)
    for opcode in (TEXT, 2, PING, PONG):
        line.sends(frame(opcode, b'{"type":"pong"}') * 2)
    assert close_code(line) is None
    assert web.refused == {}
    line.leaves()


async def test_frames_have_time(monkeypatch: pytest.MonkeyPatch) -> None:
    web = Web()
    line = await opened(web)
    now = 1000.0
    monkeypatch.setattr("logshuttle_site.connections.sockets.time.monotonic", lambda: now)
    for _ in range(100):
        line.sends(frame(PONG, b"x"))
        now += 2.0
    assert web.refused == {}
    line.sends(frame(PONG) * (FRAMES_AT_ONCE + 1))
    assert close_code(line) == 1008


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\xfe" + (FRAME_BYTES_MAX + 1).to_bytes(2) + bytes(4), 1009),
        (b"\x81\x05hello", 1002),
        (b"\xc1\x80\0\0\0\0", 1002),
    ],
    ids=["large", "unmasked", "compressed"],
)
async def test_what_no_reader_sends_ends_with_its_code(sent: bytes, code: int) -> None:
    web = Web()
    line = await opened(web)
    line.sends(sent)
    assert close_code(line) == code
    assert web.refused == {"socket_protocol": 1}


@pytest.mark.parametrize(
    ("code", "status"), [(4404, 404), (4422, 422), (4429, 429), (1013, 503), (1000, 403)]
)
async def test_a_handshake_is_refused_as_a_get_would_be(code: int, status: int) -> None:
    web = Web(refuses=(code, "No such log session"))
    line = web.connect()
    line.sends(handshake(PATH))
    await turns()
    assert line.statuses == [status]
    assert b'"message": "No such log session"' in line.got
    assert line.wire.half_closed
    web.clock.advance(2)
    assert line.wire.aborted


async def test_what_comes_in_one_read_with_the_handshake_is_heard() -> None:
    web = Web()
    line = web.connect()
    line.sends(handshake(PATH) + frame(PING, b"x"))
    await turns()
    assert line.got.endswith(b"\x8a\x01x")
    line.sends(frame(PING) * 100)
    assert close_code(line) == 1008
    await turns()


async def test_what_comes_before_the_handshake_is_answered_waits_or_is_left_in_the_kernel() -> None:
    web = Web()
    early, greedy = web.connect(), web.connect()
    for line in (early, greedy):
        line.sends(handshake(PATH))
    early.sends(handshake(PATH)[:100])
    while greedy.wire.producerState == "producing":
        greedy.sends(frame(TEXT, b"x" * 100) * 10)
        assert len(greedy.wire.protocol.data) <= EARLY_BYTES_MAX + 1060
    await turns()
    assert early.statuses == greedy.statuses == [101]
    assert close_code(greedy) == 1008
    assert greedy.wire.half_closed
    early.leaves()
    await turns()


async def test_a_subprotocol_that_is_no_text_is_nobodys() -> None:
    web = Web()
    line = web.connect()
    line.sends(handshake(PATH)[:-2] + b"Sec-WebSocket-Protocol: \xe9\r\n\r\n")
    await turns()
    assert line.statuses == [101]
    line.leaves()
    await turns()
