"""The tails of this process, as its settings want them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async  # type: ignore[import-untyped]
from django.conf import settings

from sessions_app import selectors
from sessions_app.tail.tails import Tails

_tails: WeakKeyDictionary[asyncio.AbstractEventLoop, Tails] = WeakKeyDictionary()


def tails_here() -> Tails:
    """The tails of the running loop, of which a server has one."""
    loop = asyncio.get_running_loop()
    tails = _tails.get(loop)
    if tails is None:
        tails = _tails[loop] = Tails(
            settings.KAFKA_CONF, idle_seconds=settings.SESSION_IDLE_SECONDS, revoked=_revoked
        )
    return tails


async def say_goodbye() -> None:
    """Before the server ends."""
    tails = tails_here()
    await tails.say_goodbye(settings.SHUTDOWN_GRACE_SECONDS)
    await tails.close()


async def _revoked(names: Collection[str]) -> Collection[str]:
    found: Collection[str] = await database_sync_to_async(selectors.revoked_among)(names)
    return found
