"""A TCP proxy in a process of its own, in front of receivers: it resets, or it is slow."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from tests.support.receiver_program import ReceiverProgram


class Proxy(ReceiverProgram):
    """`resets` of each address, each after up to `most_bytes` more; `bytes_per_second` until
    `release`."""

    module = "tests.support.proxy_process"

    def __init__(
        self,
        folder: Path,
        upstream: int,
        *,
        resets: int = 0,
        most_bytes: int = 1,
        seed: int = 1,
        bytes_per_second: int | None = None,
    ) -> None:
        super().__init__(folder)
        self._orders = {
            "upstream": upstream,
            "resets": resets,
            "bytes": most_bytes,
            "seed": seed,
            "bytes_per_second": bytes_per_second,
        }

    def url(self, address: str = "127.0.0.1") -> str:
        return f"syslog://{address}:{self.port}"

    def orders(self) -> dict[str, Any]:
        return self._orders

    def release(self) -> None:
        """As fast as it can from now on."""
        os.kill(self.pid, signal.SIGUSR1)

    def resets(self) -> int:
        return len(self.events("reset"))
