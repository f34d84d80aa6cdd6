"""A pooler that takes no `options` of clients, as far as a connection is made."""

from __future__ import annotations

import socketserver
import struct
from threading import Thread
from typing import Any

_WANTS_ENCRYPTION = (80877103, 80877104)
_STATUS = {"server_version": "16.0", "client_encoding": "UTF8", "DateStyle": "ISO, MDY"}


class StrictPooler(socketserver.ThreadingTCPServer):
    """Refuses with these words. `asked`: the parameters of each start-up packet."""

    daemon_threads = True

    def __init__(self, refusal: str) -> None:
        super().__init__(("127.0.0.1", 0), _Client)
        self.refusal = refusal
        self.asked: list[dict[str, str]] = []
        self.url = f"postgres://me@127.0.0.1:{self.server_address[1]}/any"
        self._thread = Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    def __exit__(self, *of: Any) -> None:
        self.shutdown()
        self._thread.join()
        super().__exit__(*of)


class _Client(socketserver.StreamRequestHandler):
    server: StrictPooler

    def handle(self) -> None:
        length, code = self._begin()
        while code in _WANTS_ENCRYPTION:
            self.wfile.write(b"N")
            length, code = self._begin()
        words = self.rfile.read(length - 8).decode().split("\0")
        asked = dict(zip(words[::2], words[1::2], strict=False))
        self.server.asked.append(asked)
        if "options" in asked:
            fields = f"SFATAL\0C0A000\0M{self.server.refusal}\0\0"
            self.wfile.write(_message(b"E", fields.encode()))
            return
        status = (_message(b"S", f"{name}\0{of}\0".encode()) for name, of in _STATUS.items())
        welcome = _message(b"R", bytes(4)), *status, _message(b"Z", b"I")
        self.wfile.write(b"".join(welcome))
        self.rfile.read()  # until it has gone

    def _begin(self) -> tuple[int, int]:
        length, code = struct.unpack("!II", self.rfile.read(8))
        return length, code


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body
