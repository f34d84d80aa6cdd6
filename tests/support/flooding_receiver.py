"""A receiver that floods its senders, in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from tests.support.receiver_program import ReceiverProgram, Tls

Kind = Literal["keys", "requested_keys", "tickets", "crumbs", "continues"]


class FloodingReceiver(ReceiverProgram):
    """Sends at most `most_bytes` of that kind on each connection, and reads all it is sent.

    `http`: it answers each request, and floods from the first answer on.
    """

    module = "tests.support.flooding_receiver_process"

    def __init__(
        self, folder: Path, tls: Tls, kind: Kind = "keys", most_bytes: int = 1 << 40, *, http: bool
    ) -> None:
        super().__init__(folder, tls)
        self._kind, self._most_bytes, self._http = kind, most_bytes, http

    @property
    def url(self) -> str:
        return f"{'https' if self._http else 'syslog+tls'}://localhost:{self.port}"

    def orders(self) -> dict[str, Any]:
        return {
            "receive_buffer": None,
            "folder": str(self.folder),
            "kind": self._kind,
            "bytes": self._most_bytes,
            "answers": self._http,
        }

    def command(self) -> Sequence[str | Path]:
        return [part for part in super().command() if part != "-S"]  # it needs a cipher

    def flooded_bytes(self) -> list[int]:
        """Of each connection that has ended."""
        return [int(told.split()[1]) for told in self.events("flooded")]
