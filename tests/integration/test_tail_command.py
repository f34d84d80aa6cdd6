"""`manage.py tail`, and what it makes of the streams it is given."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from logshuttle_site.terminal.client import TailClient, TailFailedError
from tests.support.certificates import Authority
from tests.support.fake_tail import FakeTail
from tests.support.processes import manage

ASKED = {"app": "gold", "space": "gs", "tail": True}
KEY = "key-of-the-tests"
ENVIRONMENT = {"AUTH_KEY": KEY}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logshuttle_site.terminal.client.random.uniform", lambda low, high: 0.0)


async def run(fake: FakeTail, **changes: Any) -> tuple[list[str], list[str]]:
    """The lines, and what was noted."""
    shown: list[str] = []
    noted: list[str] = []
    async with fake:
        client = TailClient(fake.url, KEY, shown.append, noted.append)
        await client.run({**ASKED, **changes})
    return shown, noted


async def test_it_goes_on_behind_the_last_line_until_the_session_is_over() -> None:
    first = b": hello\n\nid: 1\ndata: one\n\nid: 2\ndata:  two: 2\n\nevent: bye\ndata: idle\n\n"
    fake = FakeTail([first, b"retry: 5\n\nid: 3\ndata: three\n\n", b"id: 4\nda"])

    shown, noted = await run(fake)

    assert shown == ["one", " two: 2", "three"]
    assert noted == ["The session is over."]
    assert fake.seen_ids == [None, "2", "3", "3"]
    assert (fake.keys, fake.deleted) == ({KEY}, 1)
    assert fake.asked == [ASKED]


async def test_what_is_missing_is_noted() -> None:
    gap = b"event: skipped\ndata: Error L11: 5 messages skipped\n\nid: 9\ndata: on\n\n"

    shown, noted = await run(FakeTail([gap]))

    assert (shown, noted[0]) == (["on"], "Error L11: 5 messages skipped")


async def test_without_a_tail_one_stream_is_all() -> None:
    fake = FakeTail([b"data: one\n\n", b"data: never\n\n"])

    assert await run(fake, tail=False) == (["one"], [])


async def test_a_past_that_comes_in_parts_is_read_to_its_end() -> None:
    cut = b"id: 1\ndata: one\n\nid: w1\nevent: gap\ndata: no more\n\nevent: bye\ndata: end\n\n"
    fake = FakeTail([cut, b"id: 2\ndata: two\n\nevent: bye\ndata: end\n\n", b"never"])

    shown, noted = await run(fake, tail=False)

    assert (shown, noted) == (["one", "two"], [])
    assert fake.seen_ids == [None, "w1"]


async def test_who_follows_is_told_where_the_past_was_cut() -> None:
    cut = b"id: w1\nevent: gap\ndata: no more at once\n\nid: 2\ndata: live\n\n"

    shown, noted = await run(FakeTail([cut]))

    assert (shown, noted[0]) == (["live"], "no more at once")


async def test_a_long_line_in_many_pieces_is_one() -> None:
    text = "ä" * 500_000

    shown, _ = await run(FakeTail([f"data: {text}\n\n".encode()]))

    assert shown == [text]


@pytest.mark.parametrize(
    ("refusal", "why"),
    [
        (web.json_response({"detail": "space: is no space"}, status=422), "422: space: is no"),
        (web.Response(status=502, text="<html>"), "502: Bad Gateway"),
        (web.Response(status=201, text="{"), "log-sessions"),
    ],
)
async def test_a_refusal_says_why(refusal: web.Response, why: str) -> None:
    with pytest.raises(TailFailedError, match=why):
        await run(FakeTail(refusal=refusal))


async def test_too_many_readers_are_said() -> None:
    told = web.json_response({"detail": "20 read this log session already"}, status=429)
    fake = FakeTail(no_place=told)

    with pytest.raises(TailFailedError, match="429: 20 read this log session already"):
        await run(fake)
    assert fake.deleted == 1


async def test_no_server_is_said() -> None:
    client = TailClient("http://127.0.0.1:1", KEY, print, print)

    with pytest.raises(TailFailedError, match=r"http://127\.0\.0\.1:1/log-sessions: "):
        await client.run(ASKED)


class Tail:
    """The command itself, as a process, with a key and nothing else of what is set elsewhere."""

    def __init__(self, *options: str, stdout: int = asyncio.subprocess.PIPE, **more: str) -> None:
        self._options = options
        self._stdout = stdout
        self._environment = {**ENVIRONMENT, **more}

    async def __aenter__(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            *manage("tail", *self._options),
            env=self._environment,
            stdout=self._stdout,
            stderr=asyncio.subprocess.PIPE,
        )
        return self._process

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_ctrl_c_ends_it_and_the_session(number: signal.Signals) -> None:
    filters = ("--source", "app", "--process", "web", "--stream", "stderr", "--text", "x")
    fake = FakeTail([b"id: 1\ndata: one\n\n"], hold=True)
    async with fake, Tail("gold-gs", "--url", fake.url, *filters) as process:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"one\n"
        process.send_signal(number)
        _, complaints = await process.communicate()

    assert (process.returncode, complaints, fake.deleted) == (0, b"", 1)
    chosen = {"source": ["app"], "process": ["web"], "stream": ["stderr"], "q": "x"}
    assert fake.asked == [{**ASKED, **chosen}]


async def test_a_closed_pipe_ends_it(tmp_path: Path) -> None:
    many = b"".join(b"id: %d\ndata: %d\n\n" % (n, n) for n in range(50_000))
    fake = FakeTail([many], hold=True)
    async with fake, Tail("site:www.gold.example", "--url", fake.url) as process:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"0\n"
        process.stdout._transport.close()  # type: ignore[attr-defined]
        assert await process.wait() == 0
        assert process.stderr is not None
        assert await process.stderr.read() == b""

    assert fake.asked[0]["site"] == "www.gold.example"


HOSTILE = "a\x1b[31mred\x1b[2J\u202eb"
VISIBLE, COLOURED = "ared^[[2JU+202Eb", "a\x1b[31mred^[[2JU+202Eb\x1b[0m"


@pytest.mark.parametrize(
    ("options", "printed"),
    [((), VISIBLE), (("--force-color",), COLOURED), (("--raw",), HOSTILE)],
    ids=str,
)
async def test_what_a_pipe_gets(options: tuple[str, ...], printed: str) -> None:
    fake = FakeTail([f"data: {HOSTILE}\n\n".encode()])
    async with fake, Tail("gold-gs", "--url", fake.url, "--no-tail", *options) as process:
        said, _ = await process.communicate()

    assert said.decode() == printed + "\n"


@pytest.mark.parametrize(
    ("no_color", "printed"), [({}, COLOURED), ({"NO_COLOR": "1"}, VISIBLE)], ids=["", "NO_COLOR"]
)
async def test_what_a_terminal_gets(no_color: dict[str, str], printed: str) -> None:
    fake = FakeTail([f"data: {HOSTILE}\n\n".encode()])
    ours, theirs = pty.openpty()
    async with fake:
        tail = Tail("gold-gs", "--url", fake.url, "--no-tail", stdout=theirs, **no_color)
        async with tail as process:
            _, complaints = await process.communicate()
    said = os.read(ours, 4096).decode()
    os.close(ours)
    os.close(theirs)

    assert (said, complaints) == (printed + "\r\n", b"")


async def test_over_https_an_authority_of_ones_own_is_believed(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.write(tmp_path)))
    server = authority.unidentified().write(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(server.chain, server.key)

    assert (await run(FakeTail([b"data: one\n\n"], tls=tls), tail=False)) == (["one"], [])


@pytest.mark.parametrize(
    ("options", "status", "why"),
    [
        (("gold-",), 2, b"does not name an app and a space"),
        (("gold-gs", "--url", "http://127.0.0.1:1"), 1, b"log-sessions: is runweb running? (Conn"),
    ],
)
async def test_a_fault_is_one_line(options: tuple[str, ...], status: int, why: bytes) -> None:
    async with Tail(*options) as process:
        _, complaints = await process.communicate()

    assert process.returncode == status
    assert why in complaints
    assert complaints.count(b"\n") == 1
