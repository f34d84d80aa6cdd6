"""A server that takes e-mail (RFC 5321, as much of it as smtplib speaks), on loopback."""

from __future__ import annotations

import re
import socketserver
import threading
from types import TracebackType
from typing import NamedTuple, Self


class Taken(NamedTuple):
    sender: str
    recipients: list[str]
    message: bytes


class _Session(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self._say("220 ready")
        sender, recipients = "", list[str]()
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self._say("354 go on")
                message = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.taken.append(Taken(sender, recipients, message))
            elif word == b"MAIL":
                sender = _address_in(line)
            elif word == b"RCPT":
                recipients.append(_address_in(line))
            self._say("221 bye" if word == b"QUIT" else "250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def _address_in(line: bytes) -> str:
    found = re.search(rb"<([^>]*)>", line)
    return found[1].decode() if found else ""


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        super().__init__(("127.0.0.1", 0), _Session)


class MailServer:
    """From entering on; `taken`: what came."""

    def __enter__(self) -> Self:
        self._server = _Server()
        self.taken = self._server.taken
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05])
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
