"""Where processes of one machine meet: names that Linux keeps in memory (`@name`, unix(7)), so that
no folder has to be writable; elsewhere files."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import struct
import sys
from pathlib import Path
from tempfile import mkdtemp

_IN_MEMORY = "@"
_CREDENTIALS = struct.Struct("3i")  # process, user, group


def new_places(count: int) -> list[str]:
    """That nobody else has."""
    if sys.platform == "linux":
        name = f"{_IN_MEMORY}logshuttle-{secrets.token_hex(8)}"
    else:
        name = str(Path(mkdtemp(prefix="logshuttle-"), "worker"))
    return [f"{name}-{number}" for number in range(count)]


def forget_places(places: list[str]) -> None:
    for place in places:
        if not place.startswith(_IN_MEMORY):
            shutil.rmtree(Path(place).parent, ignore_errors=True)


def address_of(place: str) -> str:
    """As a Unix socket takes it."""
    return f"\0{place[1:]}" if place.startswith(_IN_MEMORY) else place


def is_ours(connection: socket.socket) -> bool:
    """Whether a process of this user is at the other end; where files are used, these say so."""
    if sys.platform != "linux":
        return True
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(told)
    return bool(user == os.geteuid())
