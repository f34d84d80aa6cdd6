"""A program: our server with an application that writes as fast as it may.

`flooding_web.py PORT [IDLE_SECONDS]`. `GET /N` writes N bytes, or until the client is gone; prints
how many.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from events.process.listening import listen
from logshuttle_site.server import PatientServer

PIECE = b"x" * 65536


async def flood(scope: Any, receive: Any, send: Any) -> None:
    gone = asyncio.ensure_future(_until_gone(receive))
    wanted, sent = int(scope["path"].strip("/")), 0
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while sent < wanted and not gone.done():
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
        sent += len(PIECE)
        await asyncio.sleep(0)  # as a healthy application gives way
    gone.cancel()
    print(f"sent {sent}", flush=True)
    await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


if __name__ == "__main__":
    PatientServer(
        flood,
        listen("127.0.0.1", int(sys.argv[1]), "port"),
        idle_seconds=float((sys.argv[2:] or ["75"])[0]),
        ready_callable=lambda: print("ready", flush=True),
    ).run()
