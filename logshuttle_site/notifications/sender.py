"""Sends what is due: each recipient by itself, so that one that is slow holds up nobody else."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar

from drains.delivery.network.dialing import Dialer
from drains.delivery.network.errors import DeliveryError
from drains.fields import UndecryptableError, revealed
from drains.moments import rfc3339
from drains.selectors import egress_policy
from events.database_faults import fault_of
from events.database_trouble import troubles
from logshuttle_site.notifications import mail, outbox, webhook
from logshuttle_site.notifications.models import Message, Recipient

logger = logging.getLogger(__name__)

T = TypeVar("T")

AT_ONCE = 20
"""Recipients that are being sent to."""


class Ask(Protocol):
    """Runs something that asks the database, where that may wait."""

    def __call__(self, question: Callable[[], T], /) -> Awaitable[T]: ...


async def deliver(message: Message) -> str:
    """Why it did not get there; empty when it did."""
    to = message.recipient
    try:
        address = revealed(to.address)
        if to.kind == Recipient.Kind.EMAIL:
            sending = asyncio.to_thread(
                mail.send, address, message.event, _id(message), message.data
            )
            await sending
        else:
            body = webhook.body_of(message.event, rfc3339(message.created_at), message.data)
            secret, dialer = revealed(to.secret), Dialer(egress_policy())
            await webhook.post(dialer, address, secret, _id(message), int(time.time()), body)
    except UndecryptableError as error:
        return f"its address cannot be read: {error}"
    except (DeliveryError, ValueError) as error:
        return str(error)
    return ""


class Sender:
    """`ask`: the way to the database."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._unnoted: dict[int, tuple[Message, str]] = {}
        """By recipient, what was tried last, and why it did not get there: not written down yet."""

    async def begin(self) -> None:
        """With each recipient for whom something is due, and to whom nothing is under way."""
        free = AT_ONCE - len(self._under_way)
        busy = list(self._under_way)
        for recipient_id in await self._ask(lambda: outbox.waiting(busy, free)) if free else ():
            task = asyncio.create_task(self._serve(recipient_id), name=f"notify {recipient_id}")
            self._under_way[recipient_id] = task
            task.add_done_callback(partial(self._ended, recipient_id))

    def _ended(self, recipient_id: int, _: object) -> None:
        del self._under_way[recipient_id]

    def forget(self) -> None:
        """What is not written down: somebody else has the lease, and sends it again."""
        self._unnoted.clear()

    async def close(self) -> None:
        """What is under way is sent again by whoever comes next."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _serve(self, recipient_id: int) -> None:
        """Until nothing is due any more, or something fails: the rest then comes one at a look."""
        try:
            goes_well = await self._note(recipient_id)
            while goes_well and (message := await self._ask(lambda: outbox.next_of(recipient_id))):
                await self._try(message)
                goes_well = await self._note(recipient_id)
        except Exception as error:  # the others go on
            if fault := fault_of(error):
                troubles.note(error, fault)
            else:
                logger.exception("A notification was not sent", extra={"action": "notify_failed"})

    async def _try(self, message: Message) -> None:
        why = await deliver(message)
        self._unnoted[message.recipient_id] = message, why
        if why:
            logger.warning(
                "%s was not told (%s): %s",
                message.recipient.shown,
                message.event,
                why,
                extra={"action": "notify_refused"},
            )

    async def _note(self, recipient_id: int) -> bool:
        """What became of what was tried last: whether that went well. Before it is written down the
        same would be due again, at each look."""
        if recipient_id not in self._unnoted:
            return True
        message, why = self._unnoted[recipient_id]
        await self._ask(lambda: outbox.failed(message, why) if why else outbox.sent(message))
        self._unnoted.pop(recipient_id, None)
        return not why


def _id(message: Message) -> str:
    """The same at each try: receivers drop doubles by it."""
    return f"msg_{message.pk.hex}"
