"""A port whose connections never come about: it does not accept, and its queue is full.

The kernel drops what asks for one more, as a firewall would. Linux.
"""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self

_TRIES = 8
_TRY_SECONDS = 0.2


class FullBacklog:
    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(0)
        self.address: str
        self.port: int
        self.address, self.port = self._listener.getsockname()
        self._fillers: list[socket.socket] = []

    def __enter__(self) -> Self:
        for _ in range(_TRIES):
            filler = socket.socket()
            filler.settimeout(_TRY_SECONDS)
            self._fillers.append(filler)
            try:
                filler.connect((self.address, self.port))
            except TimeoutError:
                return self
        raise AssertionError("the queue does not fill")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()
        for filler in self._fillers:
            filler.close()
