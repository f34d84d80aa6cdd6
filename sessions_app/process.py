"""The tails of this process, as its settings want them, and what it tells of them."""

from __future__ import annotations

import asyncio
import os
import platform
import uuid
from collections.abc import Collection
from contextlib import suppress
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async  # type: ignore[import-untyped]
from django.conf import settings

from sessions_app import selectors, tail_rows
from sessions_app.metrics import BOUNDS_MET
from sessions_app.tail.past.limits import PastLimits
from sessions_app.tail.tails import Tails
from sessions_app.tail.teller import TailFigures, Teller

LAST_WORD_SECONDS = 1.0
"""How long the end may wait for the database."""

_tails: WeakKeyDictionary[asyncio.AbstractEventLoop, Tails] = WeakKeyDictionary()
_tellers: WeakKeyDictionary[asyncio.AbstractEventLoop, Teller] = WeakKeyDictionary()


def tails_here() -> Tails:
    """The tails of the running loop, of which a server has one."""
    loop = asyncio.get_running_loop()
    tails = _tails.get(loop)
    if tails is None:
        tails = _tails[loop] = Tails(
            settings.KAFKA_CONF,
            idle_seconds=settings.SESSION_IDLE_SECONDS,
            revoked=_revoked,
            bounds_met=BOUNDS_MET,
            limits=PastLimits(
                settings.SESSION_PAST_MIB * 1024 * 1024, settings.SESSION_PAST_SECONDS
            ),
        )
    return tails


def all_tails() -> list[Tails]:
    """Of all loops of this process; from any thread."""
    return list(_tails.values())


def tell_of_tails() -> None:
    """From now on, for as long as the running loop serves; idempotent."""
    loop = asyncio.get_running_loop()
    if loop not in _tellers:
        name = f"{platform.node()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        _tellers[loop] = Teller(name, tails_here(), _told)
        _tellers[loop].start()


async def say_goodbye() -> None:
    """Before the server ends."""
    tails = tails_here()
    await tails.say_goodbye(settings.SHUTDOWN_GRACE_SECONDS)
    teller = _tellers.pop(asyncio.get_running_loop(), None)
    if teller is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD_SECONDS):
                await teller.end()
    await tails.close()


async def _told(figures: TailFigures) -> float:
    took: float = await database_sync_to_async(tail_rows.write, thread_sensitive=False)(figures)
    return took


async def _revoked(names: Collection[str]) -> Collection[str]:
    found: Collection[str] = await database_sync_to_async(selectors.revoked_among)(names)
    return found
