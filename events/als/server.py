"""The gRPC server of the Envoy receiver: both versions of the service on one port."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from events.als.shares import ShareError, Shares, peer_of_call
from events.als.streams import AccessLogs
from events.als.tls import TlsFiles, TlsPem
from events.process.listening import ALL_OF_IPV6, ListenError, close_all, listen, place_of

logger = logging.getLogger(__name__)

# Whoever has the configuration for one and a server for the other sees nothing: so both.
SERVICES = (
    "envoy.service.accesslog.v2.AccessLogService",
    "envoy.service.accesslog.v3.AccessLogService",
)
METHOD = "StreamAccessLogs"
MESSAGE_BYTES = 4 * 1024 * 1024
STREAMS_OF_A_CONNECTION = 100

_OPTIONS = (
    ("grpc.so_reuseport", 0),  # else a taken port would be shared in silence
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_concurrent_streams", STREAMS_OF_A_CONNECTION),
    ("grpc.max_metadata_size", 8 * 1024),
    # What is read ahead of a stream that waits for Kafka stays small.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 64 * 1024),
    # A peer that has gone without a word is noticed; one that asks more often than this is not.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    # One that has no stream for so long is nobody's any more.
    ("grpc.max_connection_idle_ms", 300_000),
)


@dataclass(frozen=True, slots=True)
class AlsAddress:
    host: str | None
    """As `listen` has it."""
    port: int
    """0: the kernel names one."""
    tls: TlsFiles
    streams: int
    """Open ones at most, of all connections together; more are refused."""
    streams_of_a_peer: int
    end_seconds: float = 1.0
    """How long streams may go on when the server is told to stop."""


@asynccontextmanager
async def serve(address: AlsAddress, logs: AccessLogs) -> AsyncIterator[int]:
    """Serves while the body runs; gives the port. Raises ListenError when it cannot be had."""
    places = _places(address)
    server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=address.streams)
    handler = grpc.stream_unary_rpc_method_handler(_shared(address, logs))
    for service in SERVICES:
        generic = grpc.method_handlers_generic_handler(service, {METHOD: handler})
        server.add_generic_rpc_handlers((generic,))
    port, *_ = (_add_port(server, place, address.tls) for place in places)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(address.end_seconds)


def _shared(address: AlsAddress, logs: AccessLogs) -> Callable[..., Awaitable[bytes]]:
    """A stream, if its peer may have one more."""
    shares = Shares(address.streams_of_a_peer)

    async def stream(messages: AsyncIterator[bytes], context: Any) -> bytes:
        peer = peer_of_call(context.peer())
        try:
            with shares.taken(peer) as turn:
                return await logs.stream(messages, turn)
        except ShareError:
            why = f"{shares.streams_of_a_peer} streams of your address are open: no more than that"
            logs.refuse(peer, "streams_of_a_peer")
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, why)
            raise

    return stream


def _places(address: AlsAddress) -> list[str]:
    """As gRPC has them, which can be had: it has its own way to say that one is not, over several
    lines. Raises ListenError."""
    sockets = listen(address.host, address.port, "ALS_PORT")
    places = [place_of(listening) for listening in sockets] if address.port else []
    close_all(sockets)
    if address.host in (None, ALL_OF_IPV6):
        return [f"[{ALL_OF_IPV6}]:{address.port}"]  # it sees to IPv4 by itself
    return places or [f"{address.host}:0"]


def _add_port(server: Any, place: str, tls: TlsFiles) -> int:
    try:
        if tls:
            return int(server.add_secure_port(place, _credentials(tls)))
        return int(server.add_insecure_port(place))
    except RuntimeError as error:  # somebody has taken it meanwhile
        raise ListenError(f"ALS_PORT {place}: {error}") from error


def _credentials(files: TlsFiles) -> Any:
    """Asked for at each handshake, so that a renewed certificate needs no restart."""
    return grpc.dynamic_ssl_server_credentials(
        _configuration(files.read()),
        _renewed(files),
        require_client_authentication=bool(files.client_ca),
    )


def _renewed(files: TlsFiles) -> Callable[[], Any]:
    """Gives the configuration of changed files, None while they are the same or unusable.

    gRPC calls it in a thread of its own that Python must not know of: it does not log.
    """
    known, loop = _stamps(files), asyncio.get_running_loop()

    def fetch() -> Any:
        nonlocal known
        try:
            stamps = _stamps(files)
            if stamps == known or any(files.faults()):
                return None
            pem = files.read()
        except OSError:
            return None
        known = stamps
        loop.call_soon_threadsafe(_say_renewed)
        return _configuration(pem)

    return fetch


def _say_renewed() -> None:
    logger.info("The TLS files have changed", extra={"action": "als_tls_renewed"})


def _stamps(files: TlsFiles) -> list[int]:
    return [Path(path).stat().st_mtime_ns for path in files if path]


def _configuration(pem: TlsPem) -> Any:
    return grpc.ssl_server_certificate_configuration(
        [(pem.key, pem.certificate)], root_certificates=pem.client_ca
    )
