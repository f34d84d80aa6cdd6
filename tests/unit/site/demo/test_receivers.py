"""The demo's receivers: what they take for a record, and how one of them breaks."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest

from events.trust import verifying_context
from logshuttle_site.demo import receivers as module
from logshuttle_site.demo.certificate import certificate_in
from logshuttle_site.demo.ports import choose_ports
from logshuttle_site.demo.receivers import BreakingReceiver, Receivers, records_of
from tests.support.ports import accepts, free_port


@pytest.mark.parametrize("step", [1, 3, 100])
def test_records_have_lengths_or_newlines_in_whatever_pieces(step: int) -> None:
    stream = b"<14>1 one\n5 <14>a6 <14>b\n<14>1 two\n9 <14>"
    gathered, found = bytearray(), list[str]()
    for begin in range(0, len(stream), step):
        gathered += stream[begin : begin + step]
        found += records_of(gathered)
    assert found == ["<14>1 one", "<14>a", "<14>b", "<14>1 two"]
    assert bytes(gathered) == b"9 <14>"


async def test_each_kind_shows_what_arrives(tmp_path: Path) -> None:
    shown: asyncio.Queue[str] = asyncio.Queue()
    tls, ca = certificate_in(tmp_path)
    assert certificate_in(tmp_path)[1] == ca
    ports = choose_ports({"web": None, "metrics": None, "kafka": None, "tcp": free_port()})
    receivers = Receivers(ports.receivers, tls, shown.put_nowait)
    await receivers.start()
    try:
        for name in ("tcp", "tls", "breaking"):
            context = verifying_context(ca) if name == "tls" else None
            _, writer = await asyncio.open_connection(
                "127.0.0.1", ports.receivers[name], ssl=context
            )
            writer.write(f"<14>1 {name}\n".encode())
            assert await asyncio.wait_for(shown.get(), 5) == f"<14>1 {name}"
            writer.close()
            await writer.wait_closed()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.sendto(b"<14>1 udp", ("127.0.0.1", ports.receivers["tcp"]))
        assert await asyncio.wait_for(shown.get(), 5) == "<14>1 udp"
        async with aiohttp.ClientSession() as http:
            url = f"https://127.0.0.1:{ports.receivers['https']}/archive"
            async with http.post(url, data=b"5 <14>x", ssl=verifying_context(ca)) as answer:
                assert answer.status == 204
        assert shown.get_nowait() == "<14>x"
    finally:
        await receivers.stop()


async def test_a_break_ends_connections_and_is_over_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BREAK_SECONDS", 0.3)
    shown: asyncio.Queue[str] = asyncio.Queue()
    port = free_port()
    breaking = BreakingReceiver(port, shown.put_nowait)
    await breaking.open()
    running = asyncio.create_task(breaking.run())
    try:
        for line in ("before", "after"):
            reader, writer = await connected(port)
            writer.write(f"{line}\n".encode())
            assert await asyncio.wait_for(shown.get(), 5) == line
            if line == "before":
                breaking.break_now.set()
                assert await asyncio.wait_for(reader.read(), 5) == b""
                assert not accepts(port)
            writer.close()
            await writer.wait_closed()
    finally:
        running.cancel()
        await breaking.close()


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """As soon as somebody listens there."""
    async with asyncio.timeout(5):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
