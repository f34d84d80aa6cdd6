"""What one connection may cost before any application hears of it: pieces, bytes, time."""

from __future__ import annotations

import pytest

from logshuttle_site.connections.census import PROBES_OF_A_PEER_MAX
from logshuttle_site.connections.channel import (
    BODY_BYTES_MAX,
    EARLY_PIECES_MAX,
    FREE_PIECES,
    HEADERS_SECONDS,
    STRANGERS_BODY_BYTES_MAX,
    UNREAD_SECONDS,
)
from logshuttle_site.peers import TrustedProxies
from tests.support.web_line import Line, Web, turns

READ_BYTES = 65536
"""The most that comes in one read."""
HEAD = b"POST /log-events HTTP/1.1\r\nHost: h\r\n"
CHUNKED = HEAD + b"Authorization: k\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_a_request_is_answered_and_the_next_one_on_the_same_connection() -> None:
    web = Web()
    line = web.connect()
    for expected in ([200], [200, 200]):
        line.sends(HEAD + b"Content-Length: 2\r\n\r\n{}")
        await turns()
        assert line.statuses == expected
    assert web.refused == {}
    assert web.server.census.waiting == 1


async def test_a_body_of_one_byte_chunks_ends_after_a_thousand_of_them() -> None:
    web = Web()
    line = web.connect()
    line.sends(CHUNKED)
    line.sends(b"1\r\nx\r\n" * (READ_BYTES // 6))
    assert line.statuses == [413]
    assert web.refused == {"body_in_pieces": 1}
    assert line.channel._pieces == FREE_PIECES + 17  # one each 64 bytes, and the one too many
    assert line.channel.requests[0].content.closed

    line.sends(b"1\r\nx\r\n" * 1000)
    await turns()
    assert (line.statuses, web.heard) == ([413], [])


async def test_a_program_that_writes_json_piece_by_piece_is_understood() -> None:
    web = Web()
    line = web.connect()
    line.sends(CHUNKED)
    for _ in range(100):
        line.sends(b"3\r\nabc\r\n" * 8 + b"200\r\n" + b"x" * 512 + b"\r\n")
    line.sends(b"0\r\n\r\n")
    await turns()
    assert line.statuses == [200]
    assert sum(len(message["body"]) for message in web.heard) == 100 * (24 + 512)


@pytest.mark.parametrize(
    "piece",
    [b"1;" + b"a" * 1000 + b"\r\nx\r\n", b"0\r\n" + b"a: b\r\n" * 12_000],
    ids=["extensions", "trailers"],
)
async def test_what_stands_beside_a_body_on_the_wire_is_counted(piece: bytes) -> None:
    web = Web()
    line = web.connect()
    line.sends(CHUNKED)
    sent = 0
    while not line.statuses and sent < 4 * BODY_BYTES_MAX:
        line.sends(piece)
        sent += len(piece)
    assert line.statuses[0] in (400, 413)
    assert sent <= 2 * BODY_BYTES_MAX + READ_BYTES
    await turns()
    assert web.heard == []


@pytest.mark.parametrize(
    ("headers", "size", "status"),
    [
        (b"", STRANGERS_BODY_BYTES_MAX, 200),
        (b"", STRANGERS_BODY_BYTES_MAX + 1, 413),
        (b"Authorization: k\r\n", STRANGERS_BODY_BYTES_MAX + 1, 200),
        (b"Cookie: sessionid=s\r\n", BODY_BYTES_MAX, 200),
        (b"Authorization: k\r\n", BODY_BYTES_MAX + 1, 413),
        (b"Authorization: k\r\n", 100 * BODY_BYTES_MAX, 413),
    ],
)
async def test_a_body_has_a_length_and_strangers_have_little_to_say(
    headers: bytes, size: int, status: int
) -> None:
    web = Web()
    line = web.connect()
    line.sends(HEAD + headers + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % size)
    if status == 200:
        line.sends(b"x" * size)
        await turns(1000)
        assert line.statuses == [100, 200]
    else:
        assert line.statuses == [413]
        assert web.server.census.bodies_bytes == 0


async def test_a_large_body_of_many_opens_no_file_and_is_let_go() -> None:
    web = Web()
    line = web.connect()
    line.sends(CHUNKED + b"%x\r\n" % 200_000 + b"x" * 200_000 + b"\r\n")
    assert web.server.census.bodies_bytes > 200_000
    line.sends(b"0\r\n\r\n")
    await turns(100)
    assert line.statuses == [200]
    assert web.server.census.bodies_bytes == 0


async def test_headers_have_ten_seconds_however_they_drip() -> None:
    web = Web()
    line = web.connect()
    for byte in b"GET / HTTP/1.1\r\nX":
        line.sends(bytes([byte]))
    web.pass_seconds(HEADERS_SECONDS - 1)
    assert line.statuses == []

    web.pass_seconds(HEADERS_SECONDS + 1)
    assert (line.statuses, web.refused) == ([408], {"slow_headers": 1})
    assert line.wire.half_closed
    assert not line.wire.aborted
    web.clock.advance(2)
    assert line.wire.aborted


@pytest.mark.parametrize(("had", "seconds", "ended"), [(1, 29, False), (1, 31, True)])
async def test_a_body_has_thirty_seconds(had: int, seconds: float, ended: bool) -> None:
    web = Web()
    line = web.connect()
    line.sends(HEAD + b"Content-Length: 60000\r\n\r\n" + b"x" * had)
    web.pass_seconds(seconds)
    assert line.statuses == ([408] if ended else [])
    assert web.refused == ({"slow_body": 1} if ended else {})


@pytest.mark.parametrize(("seconds", "ended"), [(49, False), (51, True)])
async def test_a_body_that_goes_on_coming_has_a_kilobyte_a_second(
    seconds: float, ended: bool
) -> None:
    web = Web()
    line = web.connect()
    line.sends(HEAD + b"Content-Length: 60000\r\n\r\n" + b"x" * 50_000)
    web.pass_seconds(seconds)
    assert line.statuses == ([408] if ended else [])


async def test_an_idle_connection_ends_without_a_word() -> None:
    web = Web()
    line = web.connect()
    web.pass_seconds(web.server.idle_seconds - 1)
    assert not line.wire.disconnecting
    web.pass_seconds(web.server.idle_seconds + 1)
    assert line.wire.disconnecting
    assert (line.got, web.refused) == (b"", {})


async def test_an_idle_client_that_does_not_read_its_answer_is_cut_off() -> None:
    web = Web()
    line = web.connect()
    line.sends(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    await turns()
    assert line.statuses == [200]

    idle = web.server.idle_seconds + 1
    for looks, unread in enumerate((b"unread", b"read", b"r")):  # it reads, if slowly
        line.wire.dataBuffer = unread
        web.pass_seconds(idle + looks * (UNREAD_SECONDS + 1))
        web.pass_seconds(idle + looks * (UNREAD_SECONDS + 1) + UNREAD_SECONDS - 1)
        assert not line.wire.aborted
    web.pass_seconds(idle + 3 * (UNREAD_SECONDS + 1))
    assert line.wire.aborted


FORWARDED = [b"X-Forwarded-For: %s\r\n", b"forwarded: for=%s\r\n"]


def asks_without_an_answer(web: Web, request: bytes, count: int, headers: bytes = b"") -> Line:
    """That many times, each on a connection of its own, before any application has a turn. The last
    connection."""
    for _ in range(count):
        line = web.connect()
        line.sends(request + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n" + headers + b"\r\n")
        assert line.statuses in ([], [429])
    return line


@pytest.mark.parametrize("probe", [b"GET /livez", b"HEAD /readyz", b"GET http://h/octhc?a=b"])
async def test_probes_of_a_peer_are_bounded_and_count_for_themselves(probe: bytes) -> None:
    web = Web()
    assert asks_without_an_answer(web, probe, PROBES_OF_A_PEER_MAX).statuses == []
    assert asks_without_an_answer(web, b"GET /x", 1).statuses == []
    assert asks_without_an_answer(web, probe, 1).statuses == [429]
    assert web.refused == {"peer_probes": 1}


@pytest.mark.parametrize("request_line", [b"POST /livez", b"GET /livez//", b"GET /readyz/x"])
async def test_what_only_looks_like_a_probe_is_a_request(request_line: bytes) -> None:
    web = Web()
    most = web.server.census.room.requests_of_a_peer
    assert asks_without_an_answer(web, request_line, most).statuses == []
    assert asks_without_an_answer(web, request_line, 1).statuses == [429]
    assert web.refused == {"peer_requests": 1}


@pytest.mark.parametrize("names", [FORWARDED, FORWARDED[::-1]])
async def test_behind_a_trusted_front_door_each_client_has_a_share(names: list[bytes]) -> None:
    web = Web(connections=80, trusted=TrustedProxies(["192.0.2.1"]))
    one, other = (names[0] % address for address in (b"203.0.113.1", b"203.0.113.2"))
    forged = one + names[1] % b"203.0.113.9"
    for headers in (one, forged, b""):
        assert asks_without_an_answer(web, b"GET /x", 20, headers).statuses == []
        assert asks_without_an_answer(web, b"GET /x", 1, headers).statuses == [429]
    assert asks_without_an_answer(web, b"GET /x", 1, other).statuses == []


async def test_what_others_say_of_their_client_is_nobodys_word() -> None:
    web = Web(connections=80)
    for number in range(20):
        asks_without_an_answer(web, b"GET /x", 1, b"X-Forwarded-For: 203.0.113.%d\r\n" % number)
    assert asks_without_an_answer(web, b"GET /x", 1).statuses == [429]


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (b"GET /\xff HTTP/1.1\r\n\r\n" * 3000, 400, "not_http"),
        (b"GET / HTTP/1.1\r\nX: \x1c\r\n\r\n" * 2000, 400, "not_http"),
        (b"nonsense\r\n" * 3000, 400, "not_http"),
        (HEAD + b"Content-Length: " + b"9" * 9000 + b"\r\n\r\n", 400, "not_http"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000, 431, "large_headers"),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 600 + b"\r\n", 431, "large_headers"),
        (b"GET / HTTP/1.1\r\n" + (b"X: " + b"x" * 9000 + b"\r\n") * 2, 431, "large_headers"),
        (
            b"GET /log-sessions/x/ws HTTP/1.1\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\n",
            400,
            "not_http",
        ),
    ],
    ids=[
        "path",
        "header",
        "line",
        "length",
        "long header",
        "many headers",
        "large headers",
        "upgrade with a body",
    ],
)
async def test_what_is_not_http_is_refused_once_and_ends(
    sent: bytes, status: int, reason: str
) -> None:
    web = Web()
    line = web.connect()
    line.sends(sent)
    assert (line.statuses, web.refused) == ([status], {reason: 1})
    assert line.got.count(b"application/problem+json") == 1
    assert line.wire.half_closed
    await turns()
    assert web.heard == []


async def test_what_comes_too_early_is_left_in_the_kernel() -> None:
    web = Web()
    line = web.connect()
    line.sends(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    for _ in range(EARLY_PIECES_MAX + 1):
        assert line.wire.producerState == "producing"
        line.sends(b"G")
    assert line.wire.producerState == "paused"
    await turns()
    assert line.statuses == [200]
    assert line.wire.producerState == "producing"


async def test_who_is_ended_for_others_is_told_if_it_had_begun_to_ask() -> None:
    web = Web(connections=16)  # 8 may wait, 2 of one peer
    lines = [web.connect() for _ in range(2)]
    lines[0].sends(b"GET / HT")
    third, fourth = web.connect(), web.connect()
    assert lines[0].statuses == [429]
    assert (lines[1].got, lines[1].wire.disconnecting) == (b"", True)
    assert not third.wire.disconnecting
    assert not fourth.wire.disconnecting
    assert web.refused == {"peer_share": 2}
