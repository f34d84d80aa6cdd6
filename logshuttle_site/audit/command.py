"""Who acts at a terminal. Asked before there are settings."""

from __future__ import annotations

import os
import platform
import pwd
import uuid
from collections.abc import Sequence

from events.acting import Actor


def command_actor(words: Sequence[str]) -> Actor:
    """`words`: the command line, behind manage.py. Options may hold secrets: its name alone is
    told, and who the system says they are."""
    command = words[0] if words else "help"
    return Actor("command", f"{command} by {_system_user()}", platform.node(), str(uuid.uuid4()))


def _system_user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user need have no name
        return f"user {os.getuid()}"
