"""The gRPC server with clients made of Envoy's own protocol files."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from events.als.counts import AlsCounts
from events.als.server import MESSAGE_BYTES, AlsAddress, serve
from events.als.streams import AccessLogs
from events.als.tls import TlsFiles
from events.process.listening import ListenError
from tests.support.als import VERSIONS, FakeKafka, entry, message, parsed, stub
from tests.support.certificates import Authority, Certificate
from tests.support.ports import LOOPBACK
from tests.support.waiting import until

NO_TLS = TlsFiles()


class Running:
    """A server in this event loop, in front of a Kafka that takes all, or none."""

    def __init__(self, room: int) -> None:
        self.counts = AlsCounts()
        self.kafka = FakeKafka(room)
        self.port = 0

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"


Serve = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def running() -> Iterator[Serve]:
    @asynccontextmanager
    async def run(
        tls: TlsFiles = NO_TLS,
        *,
        room: int = 1_000_000,
        streams: int = 10,
        of_a_peer: int = 10,
    ) -> AsyncIterator[Running]:
        made = Running(room)
        address = AlsAddress(LOOPBACK, 0, tls, streams, of_a_peer, end_seconds=0.1)
        async with serve(address, AccessLogs(made.kafka, made.counts)) as made.port:
            yield made

    yield run
    gc.collect()  # gRPC's thread ends with the last call that anything still names


async def send(channel: Any, messages: Iterable[bytes], version: str = "v3") -> Any:
    """Raises grpc.aio.AioRpcError."""

    async def stream() -> AsyncIterator[Any]:
        for data in messages:
            yield parsed(data, version)

    return await stub(channel, version).StreamAccessLogs(stream(), timeout=10)


def trusting(authority: Authority, client: Certificate | None = None) -> Any:
    chain = client.chain.encode() if client else None
    key = client.key.encode() if client else None
    return grpc.ssl_channel_credentials(authority.pem.encode(), key, chain)


@pytest.mark.parametrize("version", VERSIONS)
async def test_envoys_client_of_either_version_is_served(version: str, running: Serve) -> None:
    async with running() as server, grpc.aio.insecure_channel(server.address) as channel:
        messages = [message(entry(), node="n", version=version), message(entry(), version=version)]

        answer = await send(channel, messages, version)

        assert not answer.ListFields()
        assert server.counts.written == 2


async def test_another_service_is_not_there(running: Serve) -> None:
    async with running() as server, grpc.aio.insecure_channel(server.address) as channel:
        call = channel.stream_unary("/envoy.service.accesslog.v4.AccessLogService/StreamAccessLogs")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(iter([b""]), timeout=10)

        assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_a_message_over_the_limit_ends_its_stream_alone(running: Serve) -> None:
    fits = message(*[entry(path="x" * 100_000)] * (MESSAGE_BYTES // 101_000))
    too_large = message(entry(path="x" * MESSAGE_BYTES))
    assert len(fits) < MESSAGE_BYTES

    async with running() as server, grpc.aio.insecure_channel(server.address) as channel:
        await send(channel, [fits])
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await send(channel, [too_large])
        await send(channel, [message(entry())])

        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert server.counts.written == MESSAGE_BYTES // 101_000 + 1


async def test_more_streams_than_allowed_are_refused(running: Serve) -> None:
    async with (
        running(room=0, streams=2) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        first = [asyncio.create_task(send(channel, [message(entry())])) for _ in range(2)]
        await until(lambda: server.counts.received == 2, 5, "two streams")

        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await send(channel, [message(entry())])

        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        server.kafka.room = 10
        await asyncio.gather(*first)
        assert server.counts.written == 2


async def test_a_peer_has_a_share_of_the_streams_and_is_told(
    running: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        running(room=0, of_a_peer=2) as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        first = [asyncio.create_task(send(channel, [message(entry())])) for _ in range(2)]
        await until(lambda: server.counts.received == 2, 5, "two streams")

        for _ in range(3):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await send(channel, [message(entry())])
            assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "2 streams of your address" in str(refused.value.details())

        assert server.counts.refused == {"streams_of_a_peer": 3}
        assert len([r for r in caplog.records if "127.0.0.1" in r.getMessage()]) == 1
        server.kafka.room = 10
        await asyncio.gather(*first)
        await send(channel, [message(entry())])
        assert server.counts.written == 3


async def test_a_client_that_goes_while_kafka_has_no_room_loses_nothing_in_silence(
    running: Serve,
) -> None:
    async with running(room=1) as server:
        async with grpc.aio.insecure_channel(server.address) as channel:
            sending = asyncio.create_task(send(channel, [message(*[entry()] * 5)]))
            await until(lambda: server.counts.written == 1, 5, "the first entry")
            sending.cancel()
        await until(lambda: server.counts.lost == {"stream_ended": 4}, 5, "the others are counted")
        await asyncio.wait([sending])


async def test_streams_that_are_open_when_it_stops_end(running: Serve) -> None:
    going = asyncio.Event()

    async def endless() -> AsyncIterator[Any]:
        yield parsed(message(entry()))
        await going.wait()

    async with running() as server:
        channel = grpc.aio.insecure_channel(server.address)
        call = stub(channel).StreamAccessLogs(endless())
        await until(lambda: server.counts.written == 1, 5, "the entry")

    assert await call.code() != grpc.StatusCode.OK
    assert not server.counts.streams
    going.set()
    await channel.close()


async def test_a_taken_port_is_refused(running: Serve) -> None:
    async with running() as server:
        taken = AlsAddress(LOOPBACK, server.port, TlsFiles(), 1, 1)
        with pytest.raises(ListenError, match="Address already in use"):
            async with serve(taken, AccessLogs(server.kafka, server.counts)):
                pass


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def files(authority: Authority, tmp_path: Path) -> TlsFiles:
    server = authority.server().write(tmp_path)
    return TlsFiles(str(server.chain), str(server.key))


async def test_tls_is_spoken_and_plain_text_refused(
    running: Serve, authority: Authority, files: TlsFiles
) -> None:
    async with running(files) as server:
        async with grpc.aio.secure_channel(server.address, trusting(authority)) as channel:
            await send(channel, [message(entry())])
        async with grpc.aio.insecure_channel(server.address) as channel:
            with pytest.raises(grpc.aio.AioRpcError):
                await send(channel, [message(entry())])

        assert server.counts.written == 1


async def test_with_a_client_authority_only_its_clients_are_taken(
    running: Serve, authority: Authority, files: TlsFiles, tmp_path: Path
) -> None:
    files = files._replace(client_ca=str(authority.write(tmp_path)))
    async with running(files) as server:
        known = trusting(authority, authority.client())
        async with grpc.aio.secure_channel(server.address, known) as channel:
            await send(channel, [message(entry())])
        for client in (None, Authority().client()):
            stranger = trusting(authority, client)
            async with grpc.aio.secure_channel(server.address, stranger) as channel:
                with pytest.raises(grpc.aio.AioRpcError):
                    await send(channel, [message(entry())])

        assert server.counts.written == 1


def half_written(files: TlsFiles) -> None:
    Path(files.key).write_text("half of a")


async def test_a_renewed_certificate_needs_no_restart(
    running: Serve, authority: Authority, files: TlsFiles, tmp_path: Path
) -> None:
    renewed = Authority()
    async with running(files) as server:
        async with grpc.aio.secure_channel(server.address, trusting(authority)) as channel:
            await send(channel, [message(entry())])
        half_written(files)
        async with grpc.aio.secure_channel(server.address, trusting(authority)) as channel:
            await send(channel, [message(entry())])
        written = renewed.server().write(tmp_path)
        for file in written.chain, written.key:
            os.utime(file, (2_000_000_000, 2_000_000_000))
        async with grpc.aio.secure_channel(server.address, trusting(renewed)) as channel:
            await send(channel, [message(entry())])

        assert server.counts.written == 3
