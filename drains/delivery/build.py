"""Scheme → sender, in one function."""

from __future__ import annotations

from typing import Any

from drains.delivery.sender import Ended, Sender
from drains.delivery.syslog_tcp import TcpSender
from drains.destination import Destination


async def connect(destination: Destination, ended: Ended) -> Sender[Any]:
    """An open sender. Raises DialError, with the reason in an operator's words."""
    sender: TcpSender[Any] = await TcpSender.connect(destination, ended)
    return sender
