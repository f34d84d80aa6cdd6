"""Viewers of one session who want the same last lines at the same time share one look-back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from events.kafka.records import Offsets
from sessions_app.tail.live.blocks import BacklogBlock
from sessions_app.tail.live.mailbox import Mailbox
from sessions_app.tail.past.further_back import FurtherBack
from sessions_app.tail.session import Session


class LookedBack(NamedTuple):
    block: BacklogBlock | None
    """None: there are no lines."""
    is_cut: bool
    """A bound ended it before all was found."""
    ends: Offsets
    """What it looked back from."""
    further: FurtherBack | None = None
    """Where more of the past is, if there is any."""


_Read = Callable[[], Coroutine[Any, Any, LookedBack]]


@dataclass(slots=True)
class _LookBack:
    task: asyncio.Task[LookedBack]
    mailboxes: list[Mailbox] = field(default_factory=list)
    """Of those who wait for it: each has all that has come since where its lines end."""


class LookBacks:
    """Owns those that are under way, or wait for their turn."""

    def __init__(self) -> None:
        self._going: dict[Session, _LookBack] = {}

    def __len__(self) -> int:
        return len(self._going)

    async def of(
        self,
        session: Session,
        mailbox: Mailbox,
        read: Callable[[], Coroutine[Any, Any, LookedBack]],
    ) -> LookedBack:
        """The lines before all that this mailbox will have. It has just joined and is empty: when
        others wait for such lines, it gets what they have had since, and `read` is not needed."""
        key = replace(session, ends_at=0.0)
        going = self._going.get(key)
        if going is None:
            going = self._going[key] = _LookBack(asyncio.create_task(read()))
            going.task.add_done_callback(lambda _: self._end(key, going))
        else:
            mailbox.take_over(going.mailboxes[0])
        going.mailboxes.append(mailbox)
        try:
            return await asyncio.shield(going.task)
        finally:
            going.mailboxes.remove(mailbox)
            if not going.mailboxes:
                going.task.cancel()
                self._end(key, going)

    def _end(self, key: Session, going: _LookBack) -> None:
        if self._going.get(key) is going:
            del self._going[key]
