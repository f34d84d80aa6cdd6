"""Scheme → sender, in one function."""

from __future__ import annotations

from typing import Any

from drains.delivery.errors import DialError
from drains.delivery.sender import Ended, Sender
from drains.delivery.syslog_tcp import TcpSender
from drains.destination import Destination


async def connect(destination: Destination, ended: Ended) -> Sender[Any]:
    """An open sender. Raises DialError, with the reason in an operator's words."""
    if destination.scheme != "syslog":
        # Its lines stay in Kafka, and go out when there is a sender for it.
        raise DialError(f"{destination.scheme} drains cannot be delivered to yet")
    sender: TcpSender[Any] = await TcpSender.connect(destination, ended)
    return sender
