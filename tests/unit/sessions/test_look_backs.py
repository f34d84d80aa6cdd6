"""Viewers of one session who come while its last lines are looked for share what is found."""

from __future__ import annotations

import asyncio

import pytest

from events.keys import AppKey
from events.lines import LogLine, Origin, Severity
from sessions_app.tail.live.blocks import Block, LineSlice
from sessions_app.tail.live.mailbox import Mailbox
from sessions_app.tail.past.look_backs import LookBacks, LookedBack
from sessions_app.tail.session import Selection, Session

GOLD = AppKey("gold", "gs")
FOUND = LookedBack(None, is_cut=True, ends={})


class Looking:
    """Look-backs that end when the test says so."""

    def __init__(self) -> None:
        self.look_backs = LookBacks()
        self.begun = self.given_up = 0
        self.end = asyncio.Event()

    def view(self, text: str = "") -> tuple[Mailbox, asyncio.Task[LookedBack]]:
        session = Session("digest", Selection(GOLD, text=text), 10, tail=True, ends_at=0)
        mailbox = Mailbox(session.selection)
        return mailbox, asyncio.create_task(self.look_backs.of(session, mailbox, self._read))

    async def _read(self) -> LookedBack:
        self.begun += 1
        try:
            await self.end.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        return FOUND


def a_line(text: str) -> LineSlice:
    line = LogLine(Origin(GOLD, "web.1", "app", "web"), "2026-01-31T12:00:00Z", Severity.INFO, text)
    return LineSlice.whole(Block([line], lambda: "base", ".l0.0."))


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_comes_later_gets_the_same_and_what_has_come_since() -> None:
    looking = Looking()
    first, first_view = looking.view()
    await turn()
    first.put(a_line("meanwhile"))
    second, second_view = looking.view()
    await turn()
    then = a_line("then")
    for mailbox in (first, second):
        mailbox.put(then)
    looking.end.set()

    assert await first_view is await second_view is FOUND
    assert looking.begun == 1
    assert await first.take(0) == await second.take(0)


async def test_it_goes_on_for_those_who_stay_and_ends_with_the_last() -> None:
    looking = Looking()
    views = [looking.view()[1] for _ in range(3)]
    await turn()
    views[0].cancel()
    await turn()
    assert (looking.given_up, len(looking.look_backs)) == (0, 1)

    for view in views:
        view.cancel()
    await turn()
    assert (looking.given_up, len(looking.look_backs)) == (1, 0)
    with pytest.raises(asyncio.CancelledError):
        await views[-1]


async def test_other_filters_are_another_look_back_and_so_is_a_later_one() -> None:
    looking = Looking()
    looking.end.set()
    for text in ("", "error", ""):
        assert await looking.view(text)[1] is FOUND
    assert (looking.begun, len(looking.look_backs)) == (3, 0)
