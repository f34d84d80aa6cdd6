"""The bytes under way: gathered, written, confirmed or in doubt; for owners who take notes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from drains.delivery.network.errors import HungError
from drains.delivery.sender import CAPACITY_BYTES
from drains.transports import REQUEST_LINES_MAX, TCP
from events.backoff import FORGOTTEN_AFTER_SECONDS
from events.kafka.records import Offsets
from shuttle.feed.context import FeedContext
from shuttle.feed.delivery import IDLE_SECONDS, NEW_SECONDS, NEW_TIMES, Delivery
from shuttle.feed.loss_notices import LossNotice
from shuttle.feed.portions import TRIES
from shuttle.feed.resend import FINISH_SECONDS
from shuttle.feed.writes import GivenUp, Progress, Write
from tests.support.fake_sender import FakeReceiver, FakeSender
from tests.support.feed_bench import P0, P1, places_of, records, route_of, run

NOTICE = LossNotice({"gone": 3}, 0.0)
WEB = "https://127.0.0.1/"


class Owner:
    """Of the connection and of the lines."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.again: list[Write] = []
        self.gather_seconds: list[float] = []
        self.progress: list[Progress] = []
        self.reopenings: list[dict[Any, int]] = []
        self.notice: tuple[LossNotice, bytes] | None = None
        """For the next write."""

    def opened(self, now: float) -> None:
        self.told.append("opened")

    def leave_live(self, reason: str) -> None:
        self.told.append(reason)

    def let_wait(self) -> None:
        self.told.append("is to wait")

    def closed(self) -> None:
        self.told.append("closed")

    def failed(self, error: Exception | None, again: list[Write]) -> None:
        self.told.append("failed")
        self.again = again

    def write_begins(self, now: float, gather_seconds: float) -> tuple[LossNotice, bytes] | None:
        self.gather_seconds.append(gather_seconds)
        notice, self.notice = self.notice, None
        return notice

    def confirmed(self, progress: Progress) -> None:
        self.progress.append(progress)

    def reopen(self, begins: dict[Any, int]) -> None:
        self.reopenings.append(dict(begins))

    @property
    def reopened(self) -> dict[Any, int]:
        return self.reopenings[-1]

    def gave_up(self, found: GivenUp) -> None:
        self.told.append(f"gave up {found.lines}")


class Bench:
    def __init__(self, url: str = "syslog://127.0.0.1:514", **options: Any) -> None:
        self.now = 1000.0
        self.owner, self.receiver = Owner(), FakeReceiver()
        self.context = context = FeedContext(self.receiver.connect, lambda: self.now)
        route = route_of(url, **options)
        self.delivery = Delivery(route, context, self.owner, self.owner)

    @property
    def sender(self) -> FakeSender:
        return self.receiver.senders[-1]

    async def connected(self) -> None:
        self.delivery.link.rest()
        self.delivery.link.want()
        while self.delivery.link.sender is None:
            await asyncio.sleep(0)

    def take(self, begin: int = 10, data: bytes = b"x", *, has_cursor: bool = False) -> None:
        self.delivery.take(1, records(begin), (data,), 1, has_cursor=has_cursor)

    def sent(self, begin: int = 10, data: bytes = b"x", *, has_cursor: bool = False) -> None:
        self.take(begin, data, has_cursor=has_cursor)
        self.delivery.flush()

    def confirm(self) -> Progress:
        self.sender.read_all()
        return self.delivery.confirm(self.sender, self.now)


Benches = Callable[..., Bench]


@pytest.fixture
async def benches() -> AsyncIterator[Benches]:
    made: list[Bench] = []

    def make(*args: Any, **options: Any) -> Bench:
        made.append(Bench(*args, **options))
        return made[-1]

    yield make
    for bench in made:
        bench.delivery.close()
    await asyncio.sleep(0)


@pytest.fixture
async def bench(benches: Benches) -> Bench:
    """Connected."""
    bench = benches()
    await bench.connected()
    return bench


# Lines gather.


async def test_lines_gather_until_they_are_flushed(bench: Bench) -> None:
    bench.take(10, b"a")
    bench.take(11, b"b")
    assert (bench.sender.sent, bench.delivery.outbox_bytes) == ([], 2)

    bench.delivery.flush()
    bench.delivery.flush()
    assert (bench.sender.sent, bench.delivery.outbox_bytes) == ([b"ab"], 0)
    assert bench.sender.names == ["gs/0:10-12"]


async def test_as_many_bytes_as_are_worth_a_write_wait_for_no_flush(bench: Bench) -> None:
    bench.take(10, b"a" * (TCP.batch.bytes - 1))
    assert bench.sender.sent == []
    bench.take(11, b"b")
    assert [len(data) for data in bench.sender.sent] == [TCP.batch.bytes]


async def test_as_many_lines_as_a_request_may_have_wait_for_no_flush(benches: Benches) -> None:
    web = benches(WEB)
    await web.connected()
    web.delivery.take(1, records(10), (b"a",), REQUEST_LINES_MAX - 1)
    assert web.sender.sent == []
    web.take(11)
    assert len(web.sender.sent) == 1


async def test_requests_gather_for_longer_than_writes(benches: Benches) -> None:
    for url, seconds in (("syslog://127.0.0.1:514", 0.05), (WEB, 0.5)):
        bench = benches(url)
        bench.take(10)
        bench.take(11)
        assert bench.owner.gather_seconds == [seconds]


async def test_live_lines_and_replayed_ones_are_not_in_one_write(bench: Bench) -> None:
    """The one holds the group's offsets back, the other does not."""
    bench.take(10, b"live")
    bench.take(3, b"old", has_cursor=True)
    bench.take(4, b"older", has_cursor=True)

    assert bench.sender.sent == [b"live"]
    assert [write.has_cursor for write in bench.delivery.unconfirmed()] == [False, True]


async def test_lines_for_a_receiver_that_is_not_there_have_it_dialled(benches: Benches) -> None:
    bench = benches()
    bench.take(10)
    assert bench.delivery.oldest is not None
    bench.delivery.flush()
    bench.delivery.flush()
    await asyncio.sleep(0)

    assert (bench.receiver.dials, bench.owner.told) == (1, ["opened"])
    assert bench.delivery.outbox_bytes == 1, "its owner says when to flush"


held = pytest.mark.parametrize(
    ("seconds", "may_hold"),
    [(NEW_SECONDS, NEW_TIMES * CAPACITY_BYTES), (NEW_SECONDS + 0.1, CAPACITY_BYTES)],
    ids=["new", "old"],
)


@held
async def test_an_outbox_that_fills_while_dialling_is_the_receivers_fault(
    benches: Benches, seconds: float, may_hold: int
) -> None:
    bench = benches()
    bench.receiver.answers.clear()
    bench.sent(10, b"x" * may_hold)
    while bench.delivery.link.dials_since is None:
        await asyncio.sleep(0)
    bench.now += seconds
    assert bench.owner.told == []
    bench.take(11)
    assert bench.owner.told == ["the receiver takes too long to answer"]
    bench.delivery.link.rest()


@held
async def test_an_outbox_that_fills_before_there_is_a_place_to_dial_from_is_no_fault_of_theirs(
    benches: Benches, seconds: float, may_hold: int
) -> None:
    bench = benches()
    bench.sent(10, b"x" * may_hold)
    bench.now += seconds
    bench.take(11)
    assert bench.owner.told == ["is to wait"]


@held
async def test_a_sender_that_holds_more_than_it_may_is_told(
    bench: Bench, seconds: float, may_hold: int
) -> None:
    bench.now += seconds
    bench.sender.buffered_bytes = may_hold
    bench.sent(10)
    assert bench.owner.told == ["opened"]
    bench.sender.buffered_bytes += 1
    bench.sent(11)
    assert bench.owner.told == ["opened", "the receiver does not keep up"]
    assert len(bench.sender.sent) == 2


# What is told of lost lines.


async def test_a_notice_goes_before_the_lines_of_a_write(bench: Bench) -> None:
    bench.owner.notice = NOTICE, b"lost 3\n"
    bench.sent(10, b"line\n")

    assert bench.sender.sent == [b"lost 3\nline\n"]
    assert [write.notice for write in bench.delivery.unconfirmed()] == [NOTICE]


async def test_a_notice_may_go_without_lines(bench: Bench) -> None:
    bench.owner.notice = NOTICE, b"lost 3\n"
    bench.delivery.tell()
    bench.delivery.tell()
    bench.delivery.flush()

    assert bench.sender.sent == [b"lost 3\n"]
    oldest = bench.delivery.oldest
    assert oldest is not None
    assert (oldest.has_cursor, oldest.parts) == (True, {}), "it holds nothing back"


async def test_nobody_is_dialled_for_a_notice(benches: Benches) -> None:
    bench = benches()
    bench.delivery.tell()
    assert (bench.delivery.oldest, bench.owner.gather_seconds) == (None, [])


# What has arrived.


async def test_what_is_confirmed_is_told_once(bench: Bench) -> None:
    bench.sent(10, b"abc")
    (write,) = bench.delivery.unconfirmed()
    assert bench.delivery.confirm(bench.sender, bench.now) == Progress([], 0, 0)
    assert bench.owner.progress == []

    assert bench.confirm() == Progress([write], 3, 0)
    assert bench.confirm() == Progress([], 0, 0)
    assert bench.owner.progress == [Progress([write], 3, 0)]
    assert bench.delivery.oldest is None


async def test_each_connection_counts_for_itself(bench: Bench) -> None:
    for _ in range(2):
        bench.sent(10, b"abc")
        bench.sender.lines_refused = 2
        assert bench.confirm()[1:] == (3, 2)
        bench.sender.ended(ConnectionResetError())
        await bench.connected()


async def test_how_far_a_connection_got_is_asked_before_it_is_over(bench: Bench) -> None:
    bench.sent(10, b"abc")
    bench.sender.lines_refused = 2
    bench.sender.read_all()
    bench.sender.ended(ConnectionResetError())

    assert [progress[1:] for progress in bench.owner.progress] == [(3, 2)]


async def test_what_is_not_confirmed_is_known_oldest_first(bench: Bench) -> None:
    bench.sent(10)
    bench.sent(11)
    bench.take(12)

    unconfirmed = [*bench.delivery.unconfirmed()]
    assert [write.parts[P0].begin for write in unconfirmed] == [10, 11, 12]
    bench.delivery.have_cursors(unconfirmed[:2])
    assert [write.has_cursor for write in unconfirmed] == [True, True, False]


async def test_what_has_only_gathered_can_be_given_up(bench: Bench) -> None:
    bench.sent(10)
    bench.take(11)

    assert [places_of(write) for write in bench.delivery.drop_outbox()] == [{P0: (11, 12)}]
    assert bench.delivery.drop_outbox() == []
    assert [places_of(write) for write in bench.delivery.unconfirmed()] == [{P0: (10, 11)}]


async def test_a_partition_that_goes_is_in_no_write_any_more(bench: Bench) -> None:
    bench.sent(5)
    bench.confirm()
    bench.sent(10)
    bench.take(11)
    bench.delivery.take(1, records(3, P1), (b"y",), 1)
    bench.delivery.forget({P0})
    bench.sender.ended(ConnectionResetError())

    assert [write.parts for write in bench.owner.again] == [{}, {}]
    assert [places_of(write) for write in bench.delivery.drop_outbox()] == [{P1: (3, 4)}]


# What is sent again.


async def reset(bench: Bench, *, number: int = 1) -> None:
    """Of connections that carried offsets 10 to 19 each."""
    for _ in range(number):
        bench.delivery.take(1, run(10, 20), (b"x",), 10, has_cursor=True)
        bench.delivery.flush()
        bench.sender.ended(ConnectionResetError())
        bench.delivery.resend.in_doubt(ConnectionResetError(), bench.owner.again)
        await bench.connected()


def ends(bench: Bench) -> Offsets | None:
    return None if bench.delivery.resend.portion is None else bench.delivery.resend.portion.ends


def carry(bench: Bench, begin: int, end: int) -> None:
    """A replay hands a portion over."""
    bench.delivery.take(1, run(begin, end), (b"x",), end - begin, has_cursor=True)
    bench.delivery.handed_over()


async def test_from_the_second_end_on_a_portion_is_sent_over_a_connection_of_its_own(
    bench: Bench,
) -> None:
    await reset(bench)
    assert ends(bench) is None
    await reset(bench)
    assert ends(bench) == {P0: 15}

    carry(bench, 10, 15)
    assert bench.sender.finishes == (FINISH_SECONDS, False)
    assert (bench.delivery.resend.is_finishing, bench.delivery.has_room()) == (True, False)
    bench.confirm()
    bench.sender.ended(None)
    assert ends(bench) == {P0: 17}


async def test_who_hung_has_to_close_to_be_believed(bench: Bench) -> None:
    bench.sent(10)
    bench.sender.ended(HungError())
    bench.delivery.resend.in_doubt(HungError(), bench.owner.again)
    await bench.connected()
    carry(bench, 10, 11)
    assert bench.sender.finishes == (FINISH_SECONDS, True)


async def test_a_portion_without_lines_asks_nobody(bench: Bench) -> None:
    await reset(bench, number=2)
    bench.delivery.handed_over()
    assert bench.sender.finishes is None
    assert ends(bench) == {P0: 17}


async def test_a_line_that_is_given_up_is_told(bench: Bench) -> None:
    await reset(bench, number=2)
    carry(bench, 10, 15)
    bench.confirm()
    bench.sender.ended(None)
    for begin, end in [(15, 17), (15, 16), *[(15, 16)] * (TRIES - 1)]:
        await bench.connected()
        carry(bench, begin, end)
        bench.sender.ended(ConnectionResetError())
        bench.delivery.resend.in_doubt(ConnectionResetError(), bench.owner.again)
    await bench.connected()
    carry(bench, 16, 17)
    assert bench.delivery.resend.places == {P0: 15}
    bench.confirm()
    bench.sender.ended(None)
    assert "gave up 1" in bench.owner.told
    assert bench.owner.reopened == {P0: 16}


async def test_what_is_in_doubt_comes_once_more_when_nobody_looks_for_it_any_more(
    bench: Bench,
) -> None:
    await reset(bench, number=2)
    carry(bench, 10, 15)
    bench.delivery.resend.drop()
    assert bench.owner.reopenings[-2] == {P0: 10}


async def test_what_is_another_workers_is_not_waited_for(bench: Bench) -> None:
    await reset(bench, number=2)
    bench.delivery.forget({P0})
    assert ends(bench) is None


async def test_half_a_minute_of_progress_makes_the_next_wait_short(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "uniform", lambda least, most: most)
    waits = [bench.delivery.link.backoff.failed() for _ in range(8)]
    for _ in range(2):
        bench.sent(10)
        bench.confirm()
        bench.now += FORGOTTEN_AFTER_SECONDS

    assert bench.delivery.link.backoff.failed() == waits[0] < waits[-1]


async def test_a_replay_has_room_while_half_of_what_a_receiver_may_hold_is_free(
    bench: Bench,
) -> None:
    bench.sender.buffered_bytes = CAPACITY_BYTES // 2 - 1
    assert bench.delivery.has_room()
    bench.take(10)
    assert not bench.delivery.has_room(), "what has gathered counts"
    bench.sender.ended(None)
    bench.delivery.drop_outbox()
    assert not bench.delivery.has_room(), "nobody is there"


async def failed_request(web: Bench) -> str:
    """Its name; it is to be put together once more."""
    await web.connected()
    web.take(10, b"a")
    web.sent(11, b"b")
    web.sender.ended(ConnectionResetError())
    web.delivery.resend.request(web.owner.again[0], None)
    await web.connected()
    return web.receiver.senders[0].names[0]


async def test_a_failed_request_is_put_together_before_it_is_sent_again(benches: Benches) -> None:
    web = benches(WEB)
    name = await failed_request(web)
    web.sent(10, b"a", has_cursor=True)
    web.sent(11, b"b", has_cursor=True)
    assert web.sender.sent == []

    web.delivery.handed_over()
    assert (web.sender.sent, web.sender.names) == ([b"ab"], [name])
    assert web.delivery.resend.portion is None


async def test_a_request_that_is_cut_otherwise_keeps_its_name(benches: Benches) -> None:
    """Its receiver knows by that what it has already."""
    web = benches(WEB)
    name = await failed_request(web)
    web.sent(11, b"b", has_cursor=True)
    web.delivery.handed_over()
    assert web.sender.names == [name]


async def test_a_large_request_that_failed_still_fits(benches: Benches) -> None:
    web = benches(WEB)
    await failed_request(web)
    web.take(10, b"a" * 3_000_000, has_cursor=True)
    assert web.delivery.has_room()


async def test_a_request_waits_for_nothing_of_a_partition_that_goes(benches: Benches) -> None:
    web = benches(WEB)
    await failed_request(web)
    portion = web.delivery.resend.portion
    assert portion is not None
    assert not portion.is_complete({P0: 10})
    web.delivery.forget({P0})
    assert portion.is_complete({P0: 10})


# The connection.


async def test_a_connection_is_idle_when_nothing_was_sent_for_long(bench: Bench) -> None:
    bench.now += IDLE_SECONDS
    assert not bench.delivery.is_idle(bench.now)
    assert bench.delivery.is_idle(bench.now + 1)
    bench.sent(10)
    assert not bench.delivery.is_idle(bench.now + 1)


async def test_another_way_may_have_more_connections(bench: Bench) -> None:
    bench.sent(10)
    again = bench.delivery.move_to(route_of(connections=2))
    await bench.connected()
    bench.delivery.take(2, records(11), (b"a", b"b"), 2)
    bench.delivery.flush()

    assert [places_of(write) for write in again] == [{P0: (10, 11)}]
    assert bench.sender.pieces == [(b"a", b"b")]


async def test_nothing_is_under_way_of_one_that_is_closed(bench: Bench) -> None:
    bench.sent(10)
    bench.take(11)
    bench.delivery.close()
    assert (bench.delivery.oldest, bench.delivery.outbox_bytes) == (None, 0)
    assert bench.sender.closed


async def test_all_that_goes_out_is_what_it_costs_once_more_where_it_is_sent_again(
    benches: Benches,
) -> None:
    bench = benches()
    bench.sent(data=b"four")
    assert bench.context.totals.take_went_out() == {}, "nothing has gone out yet"
    await bench.connected()
    bench.delivery.flush()
    bench.sent(data=b"five5", has_cursor=True)
    bench.sent(data=b"five5", has_cursor=True)
    assert bench.context.totals.take_went_out() == {"d1": [3, 14]}
    assert bench.context.totals.take_went_out() == {}
