"""One connection at most, one dial or one wait for the next: without a feed behind it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from drains.delivery.network.errors import DialError, FloodError, HungError
from drains.delivery.network.heard import Heard
from drains.delivery.sender import Ended, Sender
from drains.delivery.senders.http_answers import HttpError
from drains.routes import Route
from drains.transports import TCP
from shuttle.feed.dials import DIALS, Dials
from shuttle.feed.link import RETRY_FIRST_SECONDS, SLOW_SECONDS, SOON_SECONDS, Link
from shuttle.feed.writes import Write
from tests.support.fake_sender import FakeReceiver, FakeSender
from tests.support.feed_bench import route_of

FAR_SECONDS = 3600.0


class Timers:
    """In place of the loop's `call_later`: a link's waits are over when the test says so."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.waits: list[float] = []
        self._loop = loop
        self._call_later = loop.call_later
        self._handles: list[tuple[asyncio.TimerHandle, Callable[..., Any]]] = []

    def call_later(self, delay: float, call: Callable[..., Any], *with_: Any) -> Any:
        if not isinstance(getattr(call, "__self__", None), Link):
            return self._call_later(delay, call, *with_)
        handle = self._loop.call_at(self._loop.time() + FAR_SECONDS, call)
        self.waits.append(delay)
        self._handles.append((handle, call))
        return handle

    @property
    def waiting(self) -> int:
        return sum(not handle.cancelled() for handle, _ in self._handles)

    def end(self) -> None:
        """Of all waits that nobody has given up."""
        handles, self._handles = self._handles, []
        for handle, call in handles:
            if not handle.cancelled():
                handle.cancel()
                call()


class Owner:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.errors: list[Exception | None] = []
        self.again: list[Write] = []

    def link_opened(self) -> None:
        self.told.append("opened")

    def link_ending(self, sender: Sender[Write]) -> None:
        self.told.append("ending")

    def link_closed(self) -> None:
        self.told.append("closed")

    def link_failed(self, error: Exception | None, again: list[Write]) -> None:
        self.told.append("failed")
        self.errors.append(error)
        self.again += again


class Bench:
    def __init__(self, timers: Timers) -> None:
        self.timers = timers
        self.now = 1000.0
        self.owner, self.receiver, self.dials = Owner(), FakeReceiver(), Dials()
        self.link = self.another(self.receiver.connect)

    def another(self, connect: Any) -> Link:
        """One with the same dials, of its own `connect`."""
        self.link = Link(route_of(), connect, self.dials, lambda: self.now, self.owner)
        return self.link

    async def opened(self) -> FakeSender:
        self.link.want()
        await settled()
        return self.receiver.senders[-1]

    async def refused(self) -> None:
        self.receiver.refuses = True
        self.link.want()
        await settled()
        self.receiver.refuses = False

    def sent(self, *, confirmed: bool) -> Write:
        sender = self.receiver.senders[-1]
        write = Write(1, self.now, has_cursor=False)
        sender.send([b"x"], write)
        if confirmed:
            sender.read_all()
            sender.confirm(self.now)
        return write


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    loop = asyncio.get_running_loop()
    made = Bench(Timers(loop))
    monkeypatch.setattr(loop, "call_later", made.timers.call_later)
    yield made
    made.link.close()
    await settled()


# A connection that is wanted.


async def test_who_asks_twice_is_dialled_for_once(bench: Bench) -> None:
    bench.link.want()
    await bench.opened()
    await bench.opened()

    assert (bench.receiver.dials, bench.owner.told) == (1, ["opened"])
    assert bench.link.sender is bench.receiver.senders[0]


async def test_connections_that_began_together_do_not_end_together(bench: Bench) -> None:
    ends = set()
    for _ in range(20):
        await bench.opened()
        assert bench.link.opened_at == bench.now
        ends.add(bench.link.expires_at - bench.now)
        bench.link.close()

    assert len(ends) > 10
    assert 0.9 * TCP.life_seconds <= min(ends) <= max(ends) <= TCP.life_seconds


async def test_a_refused_dial_is_tried_again_after_a_wait(bench: Bench) -> None:
    await bench.refused()
    bench.link.want()
    await settled()

    assert [str(error) for error in bench.owner.errors] == ["connection refused"]
    assert (bench.receiver.dials, bench.owner.again, bench.timers.waiting) == (1, [], 1)
    assert bench.timers.waits[0] >= RETRY_FIRST_SECONDS
    bench.timers.end()
    await settled()
    assert bench.owner.told == ["failed", "opened"]


async def test_a_fault_of_ours_makes_one_drain_wait_and_says_nothing_of_it(bench: Bench) -> None:
    async def broken(*_: Any) -> Sender[Write]:
        raise KeyError("secret")

    bench.another(broken).want()
    await settled()

    assert [str(error) for error in bench.owner.errors] == ["internal error"]
    assert bench.timers.waiting == 1


async def test_an_end_during_the_dial_is_a_failed_dial(bench: Bench) -> None:
    async def ends_early(
        route: Route, ended: Ended, heard: Heard, *, patient: bool
    ) -> Sender[Write]:
        sender = await bench.receiver.connect(route, ended, heard, patient=patient)
        ended(None)
        return sender

    bench.another(ends_early).want()
    await settled()

    assert [str(error) for error in bench.owner.errors] == ["connection closed by the receiver"]
    assert bench.receiver.senders[0].closed
    assert (bench.link.sender, bench.timers.waiting) == (None, 1)


async def test_who_wants_one_later_waits_for_it(bench: Bench) -> None:
    bench.link.want_later()
    bench.link.want_later()
    await settled()
    assert (bench.receiver.dials, len(bench.timers.waits)) == (0, 1)

    bench.timers.end()
    await settled()
    bench.link.want_later()
    assert (bench.receiver.dials, bench.timers.waiting) == (1, 0)


async def test_one_that_rests_is_neither_dialled_nor_waited_for(bench: Bench) -> None:
    await bench.refused()
    bench.link.rest()
    assert bench.timers.waiting == 0

    bench.link.want()
    bench.link.rest()
    await settled()
    assert bench.receiver.dials == 1
    assert await bench.opened() is bench.link.sender


async def test_one_that_rests_keeps_an_open_connection(bench: Bench) -> None:
    sender = await bench.opened()
    bench.link.rest()
    assert bench.link.sender is sender
    assert not sender.closed


# A try that comes sooner.


async def test_a_wait_may_be_cut_to_a_second(bench: Bench) -> None:
    await bench.refused()
    bench.link.try_soon()

    assert 0 <= bench.timers.waits[-1] <= SOON_SECONDS
    assert (len(bench.timers.waits), bench.timers.waiting) == (2, 1)
    bench.timers.end()
    await settled()
    assert bench.owner.told[-1] == "opened"


async def test_who_does_not_wait_has_nothing_to_be_tried_sooner(bench: Bench) -> None:
    bench.link.try_soon()
    bench.link.want()
    bench.link.try_soon()
    await settled()
    bench.link.try_soon()

    assert (bench.receiver.dials, bench.timers.waits) == (1, [])


async def test_retry_after_is_waited_for(bench: Bench) -> None:
    sender = await bench.opened()
    sender.ended(HttpError(429, {"Retry-After": "120"}))
    bench.link.try_soon()
    assert bench.timers.waits == [120]

    bench.timers.end()
    (await bench.opened()).ended(ConnectionResetError())
    bench.link.try_soon()
    assert bench.timers.waits[-1] <= SOON_SECONDS, "it was for that time only"


async def test_a_receiver_that_floods_us_is_left_alone_whether_it_is_connected_or_dialled(
    bench: Bench,
) -> None:
    heard: list[Heard] = []

    async def floods(route: Route, ended: Ended, account: Heard, /, **_: bool) -> Sender[Write]:
        heard.append(account)
        raise FloodError("it talks", 300)

    (await bench.opened()).ended(FloodError("it talks", 400))
    link = bench.another(floods)
    for _ in range(2):
        link.want()
        await settled()
        link.try_soon()
        link.rest()
    assert bench.timers.waits == [400, 300, 300]
    assert [str(error) for error in bench.owner.errors] == ["the receiver floods us: it talks"] * 3
    assert heard[0] is heard[1]


async def test_another_receiver_has_flooded_nobody(bench: Bench) -> None:
    heard: list[Heard] = []

    async def refuses(_: Route, __: Ended, account: Heard, /, **___: bool) -> Sender[Write]:
        heard.append(account)
        raise DialError("connection refused")

    link = bench.another(refuses)
    for url in ("syslog://h:514", "syslog://h:514", "syslog://other:514"):
        link.move_to(route_of(url=url))
        link.want()
        await settled()
        link.rest()
    assert heard[0] is heard[1]
    assert heard[1] is not heard[2]


async def test_who_asks_for_a_try_does_not_wait_whoever_named_a_time(bench: Bench) -> None:
    sender = await bench.opened()
    sender.ended(HttpError(429, {"Retry-After": "120"}))
    bench.link.try_now()
    await settled()

    assert (bench.owner.told[-1], bench.timers.waiting) == ("opened", 0)
    bench.link.try_now()
    await settled()
    assert bench.receiver.dials == 2, "there is a connection"


async def test_a_try_that_was_asked_for_begins_a_new_back_off(bench: Bench) -> None:
    for _ in range(6):
        await bench.refused()
        bench.timers.end()
        await settled()
        bench.link.close()
    await bench.refused()
    bench.receiver.refuses = True
    bench.link.try_now()
    await settled()

    assert bench.timers.waits[-1] <= 2 * RETRY_FIRST_SECONDS


# A connection that ends.


async def test_a_quiet_clean_close_is_no_failure(bench: Bench) -> None:
    sender = await bench.opened()
    bench.sent(confirmed=True)
    bench.now += 6
    sender.confirm(bench.now)
    sender.ended(None)

    assert bench.owner.told == ["opened", "ending", "closed"]
    assert (bench.link.sender, bench.timers.waits) == (None, [])


async def test_a_clean_close_over_lines_in_doubt_is_a_failure(bench: Bench) -> None:
    sender = await bench.opened()
    write = bench.sent(confirmed=False)
    sender.ended(None)

    assert (bench.owner.errors, bench.owner.again) == ([None], [write])
    assert bench.timers.waiting == 1


@pytest.mark.parametrize(
    ("error", "stood_seconds", "patient"),
    [(None, 0.2, True), (None, 2.0, False), (ConnectionResetError(), 0.2, False)],
)
async def test_one_that_may_only_read_is_listened_to_for_longer_the_next_time(
    bench: Bench, error: Exception | None, stood_seconds: float, patient: bool
) -> None:
    sender = await bench.opened()
    for listened in (patient, False):
        bench.sent(confirmed=True)
        bench.now += stood_seconds
        sender.ended(error)
        bench.link.rest()
        sender, stood_seconds = await bench.opened(), 2.0
        assert bench.receiver.patience[-1] is listened


async def test_what_was_confirmed_lately_is_in_doubt(bench: Bench) -> None:
    sender = await bench.opened()
    lately, under_way = bench.sent(confirmed=True), bench.sent(confirmed=False)
    sender.ended(ConnectionResetError())
    assert bench.owner.again == [lately, under_way]
    assert bench.owner.told == ["opened", "ending", "failed"]


async def test_a_connection_that_is_given_up_has_failed_of_that(bench: Bench) -> None:
    sender = await bench.opened()
    write = bench.sent(confirmed=False)
    bench.link.give_up_connection(HungError("it takes too long"))

    assert sender.closed
    assert [str(error) for error in bench.owner.errors] == ["it takes too long"]
    assert (bench.owner.again, bench.timers.waiting) == ([write], 1)
    bench.link.give_up_connection(HungError("twice"))
    assert len(bench.owner.errors) == 1


async def test_one_over_which_connections_end_is_tried_as_soon_as_that_tells_something(
    bench: Bench,
) -> None:
    sender = await bench.opened()
    bench.sent(confirmed=True)
    sender.ended(ConnectionResetError())
    bench.link.hurry((0.25, 0.25))
    assert (bench.timers.waits[-1], bench.timers.waiting) == (0.25, 1)

    bench.timers.end()
    await settled()
    bench.sent(confirmed=True)
    bench.receiver.senders[-1].ended(ConnectionResetError())
    assert bench.timers.waits[-1] == 0.25

    bench.receiver.refuses = True
    bench.timers.end()
    await settled()
    assert bench.timers.waits[-1] >= RETRY_FIRST_SECONDS, "where there is no connection, nothing is"


async def test_who_closes_asks_once_more_how_far_it_got(bench: Bench) -> None:
    sender = await bench.opened()
    bench.link.close()
    bench.link.close()

    assert (bench.owner.told, sender.closed) == (["opened", "ending"], True)
    assert bench.timers.waits == []


async def test_another_way_has_what_was_not_confirmed_on_the_old_one(bench: Bench) -> None:
    sender = await bench.opened()
    bench.sent(confirmed=True)
    under_way = bench.sent(confirmed=False)

    assert bench.link.move_to(route_of("syslog://127.0.0.1:515")) == [under_way]
    assert (sender.closed, bench.link.sender) == (True, None)
    assert "failed" not in bench.owner.told


async def test_another_way_is_dialled_as_if_none_had_failed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "uniform", lambda least, most: most)
    for _ in range(3):
        await bench.refused()
        bench.link.rest()
    elsewhere = route_of("syslog://127.0.0.1:515")
    bench.link.move_to(elsewhere)
    await bench.refused()

    assert bench.receiver.routes[-1] == elsewhere
    assert bench.timers.waits == [2, 4, 8, 2]


# Many dials at once.


async def test_dials_that_hang_again_and_again_keep_nobody_from_a_first_one(bench: Bench) -> None:
    hanging: list[Route] = []
    links = [bench.another(_black_hole(bench, hanging)) for _ in range(2 * DIALS)]
    for _ in range(2):  # the first time they are only slow
        for link in links:
            link.rest()
            link.want()
        await settled()
    assert len(hanging) == DIALS // 2

    bench.another(bench.receiver.connect)
    assert await bench.opened()
    for link in links:
        link.close()


def _black_hole(bench: Bench, hanging: list[Route]) -> Any:
    """A receiver that takes long to fail, and hangs the next time."""
    dials: list[None] = []

    async def connect(route: Route, *_: Any, **_options: bool) -> Sender[Write]:
        dials.append(None)
        if len(dials) == 1:
            bench.now += SLOW_SECONDS + 0.1
            raise DialError("timed out")
        hanging.append(route)
        await asyncio.Event().wait()
        raise AssertionError

    return connect


async def test_a_dial_has_not_begun_while_it_waits_for_a_place(bench: Bench) -> None:
    bench.receiver.answers.clear()
    links = [bench.another(bench.receiver.connect) for _ in range(DIALS // 2 + 1)]
    for link in links:
        link.want()
    await settled()
    assert [link.dials_since for link in links] == [bench.now] * (DIALS // 2) + [None]

    bench.receiver.answers.set()
    await settled()
    assert all(link.sender for link in links)
    for link in links:
        link.close()


async def test_what_fails_while_we_stood_still_is_dialled_again_at_once(bench: Bench) -> None:
    bench.receiver.answers.clear()
    bench.receiver.refuses = True
    bench.link.want()
    await settled()
    bench.now += 30
    bench.dials.held_up_until = bench.now
    bench.receiver.answers.set()
    await asyncio.sleep(0)
    bench.receiver.refuses = False
    await settled()
    assert (bench.receiver.dials, bench.owner.told) == (2, ["opened"])


# What its receiver has shown.


async def test_a_certificate_stays_known_until_another_is_shown(bench: Bench) -> None:
    (await bench.opened()).certificate_ends_at = 500.0
    assert bench.link.certificate_ends_at == 500
    bench.receiver.senders[-1].ended(HungError())
    assert bench.link.certificate_ends_at == 500
    bench.timers.end()
    await settled()
    bench.receiver.senders[-1].certificate_ends_at = 900.0
    assert bench.link.certificate_ends_at == 900
    bench.link.close()
    assert bench.link.certificate_ends_at == 900


@pytest.mark.parametrize("changes", ["host", "way"])
async def test_a_certificate_is_known_of_one_receiver_alone(bench: Bench, changes: str) -> None:
    (await bench.opened()).certificate_ends_at = 500.0
    bench.link.move_to(route_of("syslog://127.0.0.1:514", connections=2))
    assert bench.link.certificate_ends_at == 500
    elsewhere = {"host": "syslog://elsewhere.example:514", "way": "syslog+tls://127.0.0.1:514"}
    bench.link.move_to(route_of(elsewhere[changes]))
    assert bench.link.certificate_ends_at is None
