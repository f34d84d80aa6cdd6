"""Receivers that do what none should: their drain fails, and nobody else notices."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from drains.delivery.network.errors import DialError
from drains.option_values import TlsOptions
from tests.support.certificates import Authority
from tests.support.sender_bench import LOOPBACK, Senders

HOST = "127.0.0.1"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
FLOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 2000


@asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(handle, HOST, 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def without_tickets(authority: Authority, folder: Path) -> ssl.SSLContext:
    files = authority.server().write(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.chain, files.key)
    context.num_tickets = 0
    return context


async def close_at_once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def talk_for_ever(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"hello " * 10_000)
        await writer.drain()


async def answer_unasked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65536)
    while True:
        writer.write(FLOOD)
        await writer.drain()


async def read_for_ever(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass


async def test_a_receiver_that_closes_right_after_the_handshake(
    authority: Authority, tmp_path: Path, sending: Senders
) -> None:
    async with serving(close_at_once, without_tickets(authority, tmp_path)) as port:
        bench = sending(f"syslog+tls://localhost:{port}", tls=TlsOptions(ca=authority.pem))
        with pytest.raises(DialError, match=r"connection (closed|reset) by the receiver"):
            await bench.open()


async def test_a_receiver_without_tickets_is_good_all_the_same(
    authority: Authority, tmp_path: Path, sending: Senders
) -> None:
    async with serving(read_for_ever, without_tickets(authority, tmp_path)) as port:
        bench = sending(f"syslog+tls://localhost:{port}", tls=TlsOptions(ca=authority.pem))
        await bench.open()
        bench.send("one")
        await bench.until_confirmed()
        bench.close()


async def test_a_syslog_receiver_that_talks(sending: Senders) -> None:
    async with serving(talk_for_ever) as port:
        bench = sending(f"syslog://127.0.0.1:{port}", LOOPBACK)
        await bench.open()
        said = await bench.until_ended()
        assert said == "the receiver sends data, which syslog has no use for"


async def test_a_web_receiver_that_answers_unasked(sending: Senders) -> None:
    async with serving(answer_unasked) as port:
        bench = sending(f"http://127.0.0.1:{port}/", LOOPBACK)
        before = psutil.Process().memory_info().rss
        await bench.open()
        bench.send("one")
        await bench.until(lambda: bool(bench.confirmed or bench.ended))
        for number in range(20):
            if bench.ended:
                break
            bench.send(f"line {number}")
            await bench.until(lambda: bool(bench.ended) or not any(bench.sender.unconfirmed))
        assert psutil.Process().memory_info().rss - before < 64 * 1024 * 1024


async def test_what_is_sent_back_to_a_udp_drain_reaches_nobody(sending: Senders) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind((HOST, 0))
        receiver.setblocking(False)
        bench = sending(f"syslog+udp://{HOST}:{receiver.getsockname()[1]}")
        await bench.open()
        came: list[object] = []
        bench.sender.datagram_received = lambda *said: came.append(said)  # type: ignore[attr-defined]
        bench.send("one")
        loop = asyncio.get_running_loop()
        _, sender = await loop.sock_recvfrom(receiver, 2000)
        for _ in range(100):
            receiver.sendto(b"x", sender)
        bench.send("two")
        await loop.sock_recvfrom(receiver, 2000)
        for _ in range(10):
            await asyncio.sleep(0)
        assert came == []
