"""Envoys of one address that send what costs most: a program, which is told the port."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import grpc

CLIENTS, STREAMS = 4, 10
METHOD = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"


def garbage(size: int, field: int = 2) -> bytes:
    """A message with as many empty entries as it can hold in so many bytes."""
    length, entries = size, b"\x0a\x00" * (size // 2)
    head = bytearray([field << 3 | 2])
    while length > 127:
        head.append(length & 127 | 128)
        length >>= 7
    return bytes(head) + bytes([length]) + entries


async def _flood(port: int) -> None:
    options = [("grpc.use_local_subchannel_pool", 1)]
    data = garbage(1024 * 1024)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield data

    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        call = channel.stream_unary(METHOD)
        calls = [call(endless()) for _ in range(STREAMS)]
        await asyncio.gather(*calls, return_exceptions=True)


async def main(port: int) -> None:
    print("flooding", flush=True)
    await asyncio.gather(*(_flood(port) for _ in range(CLIENTS)))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
