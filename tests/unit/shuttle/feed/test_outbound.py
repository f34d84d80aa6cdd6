"""Whether a receiver is believed in, and when it gets another connection; for an owner who notes
what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from drains.delivery.network.errors import (
    STOPPED_READING,
    ConnectionEndedError,
    DeliveryError,
    UnansweredError,
)
from drains.delivery.sender import CAPACITY_BYTES
from drains.delivery.senders.http_answers import HttpError
from drains.filters import LineFilter
from drains.routes import Route
from drains.transports import TCP
from shuttle.feed.context import FeedContext
from shuttle.feed.delivery import IDLE_SECONDS
from shuttle.feed.dials import DIALS
from shuttle.feed.health import (
    GIVE_UP_SECONDS,
    LATE_SECONDS,
    PROVEN_SECONDS,
    STUCK_AT_A_LINE_SECONDS,
    STUCK_SECONDS,
    WRITE_SECONDS,
)
from shuttle.feed.loss_notices import LossNotice
from shuttle.feed.outbound import Outbound
from shuttle.feed.portion import Request
from shuttle.feed.writes import GivenUp, Progress, Write
from tests.support.fake_sender import FakeReceiver, FakeSender
from tests.support.feed_bench import P0, P1, records, route_of, run

SYSLOG, WEB = "syslog://127.0.0.1:514", "https://127.0.0.1/"


class Owner:
    def __init__(self) -> None:
        self.is_behind = False
        self.news = 0
        self.told: list[str] = []
        self.again: list[tuple[dict[Any, int], bool]] = []
        """What is to be replayed, and whether it may have arrived."""

    def to_be_replayed(self, writes: list[Write], *, sent: bool) -> None:
        self.again += [
            ({partition: part.begin for partition, part in write.parts.items()}, sent)
            for write in writes
        ]

    def lags(self) -> None:
        self.told.append("lags")

    def stalled(self) -> None:
        self.told.append("stalled")

    def portion_dropped(self) -> None:
        self.told.append("portion dropped")

    def has_news(self) -> None:
        self.news += 1

    def changed(self) -> None:
        self.told.append("changed")

    def write_begins(self, now: float, gather_seconds: float) -> tuple[LossNotice, bytes] | None:
        return None

    def confirmed(self, progress: Progress) -> None: ...

    def reopen(self, begins: dict[Any, int]) -> None:
        self.reopened = begins

    def gave_up(self, found: GivenUp) -> None:
        self.told.append(f"gave up {found.lines}")


class Bench:
    def __init__(self, url: str = SYSLOG) -> None:
        self.now = 1000.0
        self.owner, self.receiver = Owner(), FakeReceiver()
        self.context = FeedContext(self.receiver.connect, lambda: self.now, lambda: 5.0)
        self.outbound = self.another(url)

    def another(self, url: str = SYSLOG) -> Outbound:
        return Outbound(route_of(url), self.context, self.owner)

    @property
    def sender(self) -> FakeSender:
        return self.receiver.senders[-1]

    async def connected(self) -> None:
        link = self.outbound.delivery.link
        link.rest()
        link.want()
        while link.sender is None:
            await asyncio.sleep(0)

    async def refused(self) -> None:
        self.receiver.refuses = True
        self.outbound.delivery.link.want()
        while not self.outbound.health.failing:
            await asyncio.sleep(0)
        self.receiver.refuses = False

    def gathered(self, begin: int = 10, data: bytes = b"x") -> None:
        self.outbound.delivery.take(1, records(begin), (data,), 1)

    def sent(self, begin: int = 10, data: bytes = b"x") -> None:
        self.gathered(begin, data)
        self.outbound.delivery.flush()

    def later(self, seconds: float) -> bool:
        self.now += seconds
        return self.outbound.confirm(self.now)

    def confirm(self) -> bool:
        self.sender.read_all()
        return self.outbound.confirm(self.now)


Benches = Callable[..., Bench]


@pytest.fixture
async def benches() -> AsyncIterator[Benches]:
    made: list[Bench] = []

    def make(url: str = SYSLOG) -> Bench:
        made.append(Bench(url))
        return made[-1]

    yield make
    for bench in made:
        bench.outbound.close()
    await asyncio.sleep(0)


@pytest.fixture
async def bench(benches: Benches) -> Bench:
    """Connected, and nobody has said anything yet."""
    bench = benches()
    await bench.connected()
    bench.owner.told.clear()
    return bench


# A receiver that takes its time.


async def test_one_that_confirms_all_has_nothing_under_way(bench: Bench) -> None:
    bench.sent()
    assert not bench.later(1)
    assert bench.confirm()
    assert bench.owner.told == []


async def test_one_that_is_full_gives_up_what_has_gathered_and_no_more(bench: Bench) -> None:
    bench.sent(10)
    bench.gathered(11)
    bench.outbound.leave_live("the receiver does not keep up")
    bench.outbound.leave_live("twice")

    assert bench.owner.again == [({P0: 11}, False)]
    assert (bench.owner.told, bench.outbound.takes_lines) == (["stalled"], False)
    assert bench.outbound.health.last_error.text == "the receiver does not keep up"
    assert not bench.outbound.has_room()


async def test_one_that_stops_reading_leaves_the_live_pass_after_four_seconds(
    bench: Bench,
) -> None:
    bench.sent()
    bench.sender.buffered_bytes = 1
    bench.later(WRITE_SECONDS)
    assert bench.outbound.takes_lines
    bench.later(1)
    assert (bench.owner.told, bench.outbound.health.last_error.text) == (
        ["stalled"],
        STOPPED_READING,
    )
    assert not bench.sender.closed


@pytest.mark.parametrize(("seconds", "told"), [(1, []), (LATE_SECONDS + 1, ["lags"])])
async def test_only_one_that_was_full_for_long_lags_when_it_is_back(
    bench: Bench, seconds: float, told: list[str]
) -> None:
    bench.sent()
    bench.outbound.leave_live("the receiver does not keep up")
    bench.now += seconds
    bench.confirm()
    assert bench.owner.told == ["stalled", *told, "changed"]
    assert bench.outbound.takes_lines


async def test_what_waits_for_a_place_to_dial_from_waits_in_kafka(benches: Benches) -> None:
    bench = benches()
    for _ in range(DIALS // 2):
        await bench.context.dials.quick.acquire()
    bench.gathered()
    bench.outbound.delivery.flush()
    assert not bench.later(LATE_SECONDS + 1)
    assert (bench.owner.again, bench.owner.told) == ([({P0: 10}, False)], ["changed"])
    assert bench.outbound.health.is_good
    assert bench.later(1), "nothing is under way any more"
    bench.outbound.delivery.link.rest()


async def test_nobody_is_late_because_we_stood_still(bench: Bench) -> None:
    bench.sent()
    bench.now += LATE_SECONDS + 1
    bench.context.dials.held_up_until = bench.now
    bench.outbound.confirm(bench.now)
    assert bench.owner.told == []
    bench.later(LATE_SECONDS + 1)
    assert bench.owner.told == ["stalled"]


async def test_one_with_half_its_room_free_is_full_no_more(bench: Bench) -> None:
    bench.sent()
    bench.outbound.leave_live("the receiver does not keep up")
    bench.sender.buffered_bytes = CAPACITY_BYTES // 2
    bench.later(1)
    assert not bench.outbound.takes_lines
    bench.sender.buffered_bytes -= 1
    bench.later(1)
    assert bench.outbound.takes_lines


async def test_one_that_is_not_there_is_late_too(benches: Benches) -> None:
    bench = benches()
    assert bench.outbound.confirm(bench.now)
    bench.gathered()
    assert not bench.later(LATE_SECONDS)
    assert bench.outbound.takes_lines
    assert not bench.later(1)
    assert bench.owner.again == [({P0: 10}, False)]


async def test_a_connection_without_any_progress_is_given_up(bench: Bench) -> None:
    bench.sent()
    bench.later(GIVE_UP_SECONDS + 1)

    assert bench.sender.closed
    assert bench.owner.again == [({P0: 10}, True)]
    assert bench.outbound.health.last_error.text == STOPPED_READING


@pytest.mark.parametrize("long", [True, False])
async def test_one_that_may_be_stuck_at_a_line_is_given_up_sooner(bench: Bench, long: bool) -> None:
    """Else it may only sleep, and is better waited for."""
    for begin in range(10, 13):
        bench.sent(begin, b"x" * (10_000 if long and begin == 11 else 100))
    bench.later(STUCK_AT_A_LINE_SECONDS - 1)
    assert not bench.sender.closed
    bench.later(2)
    assert bench.sender.closed is long


async def test_one_that_was_not_heard_of_for_two_seconds_does_not_get_on(bench: Bench) -> None:
    bench.sent()
    assert bench.outbound.gets_on(bench.now + STUCK_SECONDS - 0.1)
    assert not bench.outbound.gets_on(bench.now + STUCK_SECONDS)
    bench.now += STUCK_SECONDS
    bench.confirm()
    assert bench.outbound.gets_on(bench.now)
    bench.sender.ended(ConnectionResetError())
    assert not bench.outbound.gets_on(bench.now)


async def test_one_that_ends_while_it_is_asked_has_not_confirmed_all(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(_: float) -> list[Write]:
        monkeypatch.undo()
        bench.sender.ended(ConnectionResetError())
        return []

    bench.sent()
    monkeypatch.setattr(bench.sender, "confirm", ends)
    assert not bench.later(1)
    assert bench.owner.again == [({P0: 10}, True)]


async def test_trouble_without_an_end_is_shown_once(bench: Bench) -> None:
    for _ in range(2):
        bench.sender.trouble = "connection refused"
        bench.confirm()
        assert bench.outbound.health.last_error.text == "connection refused"
        assert bench.outbound.health.last_error.at == 5.0
        bench.context.wall_clock = lambda: 6.0
    assert bench.outbound.takes_lines
    assert bench.owner.news == 1


async def test_each_refused_line_is_shown_though_the_receiver_says_the_same(bench: Bench) -> None:
    await bench.connected()
    bench.sender.trouble = "HTTP 413"
    for refused, at in ((1, 5.0), (2, 6.0), (2, 6.0)):
        bench.sender.lines_refused = refused
        bench.context.wall_clock = lambda: float(4 + bench.sender.lines_refused)
        bench.confirm()
        assert bench.outbound.health.last_error == ("HTTP 413", at)
    assert bench.outbound.health.is_good


# A connection that failed.


async def test_what_was_under_way_and_what_has_gathered_is_replayed(bench: Bench) -> None:
    bench.sent(10)
    bench.gathered(11)
    bench.sender.ended(ConnectionEndedError("HTTP 503"))

    assert bench.owner.again == [({P0: 11}, False), ({P0: 10}, True)]
    assert bench.owner.told == ["lags", "changed"]
    assert (bench.outbound.takes_lines, bench.outbound.health.last_error.text) == (
        False,
        "HTTP 503",
    )


async def test_one_that_fails_again_is_sent_a_portion_of_what_it_had(bench: Bench) -> None:
    for _ in range(2):
        assert bench.outbound.delivery.resend.portion is None
        bench.outbound.delivery.take(1, run(10, 20), (b"x",), 10)
        bench.outbound.delivery.flush()
        bench.sender.ended(ConnectionResetError())
        await bench.connected()
    portion = bench.outbound.delivery.resend.portion
    assert portion is not None
    assert portion.ends == {P0: 15}


async def test_one_that_failed_shows_so_until_something_is_confirmed(bench: Bench) -> None:
    bench.sender.ended(ConnectionEndedError("HTTP 503"))
    await bench.connected()
    bench.sent()
    bench.later(1)
    assert (bench.outbound.takes_lines, bench.outbound.health.last_error.text) == (True, "HTTP 503")
    assert bench.owner.news == 0
    bench.confirm()
    assert (bench.outbound.health.is_good, bench.owner.news) == (True, 1)


@pytest.mark.parametrize("lines", [1, 0])
async def test_one_that_closes_is_believed_in_for_the_lines_that_it_has_read(
    bench: Bench, lines: int
) -> None:
    """As it does in answer to the end of the last portion: no line may come that could tell."""
    bench.sender.ended(ConnectionEndedError("HTTP 503"))
    await bench.connected()
    for _ in range(lines):
        bench.sent()
    bench.sender.finish(1, must_close=True)
    await asyncio.sleep(0)
    assert bench.outbound.health.is_good is bool(lines)


@pytest.mark.parametrize(("behind", "believed"), [(False, True), (True, False)])
async def test_a_connection_that_stands_is_believed_in_where_no_line_can_tell(
    benches: Benches, behind: bool, believed: bool
) -> None:
    bench = benches()
    await bench.refused()
    await bench.connected()
    bench.owner.is_behind = behind
    bench.outbound.tend(bench.now + PROVEN_SECONDS)
    assert not bench.outbound.health.is_good
    bench.outbound.tend(bench.now + PROVEN_SECONDS + 1)
    assert bench.outbound.health.is_good is believed


async def test_a_receiver_that_gets_on_without_confirming_is_waited_for(bench: Bench) -> None:
    bench.sent()
    bench.sender.progressed_at = bench.now + 10
    bench.later(GIVE_UP_SECONDS + 1)
    assert not bench.sender.closed
    bench.later(10)
    assert bench.sender.closed
    assert not bench.outbound.gets_on(bench.now)


@pytest.mark.parametrize(("url", "believed"), [(SYSLOG, True), (WEB, False)])
async def test_who_gave_no_answer_is_not_believed_in_before_there_is_one(
    benches: Benches, url: str, believed: bool
) -> None:
    bench = benches(url)
    await bench.connected()
    bench.sent()
    bench.sender.ended(ConnectionEndedError("timed out: no answer"))
    await bench.connected()
    bench.now += PROVEN_SECONDS + 1
    bench.outbound.tend(bench.now)
    assert bench.outbound.health.is_good is believed

    bench.outbound.delivery.resend.drop()
    bench.sent()
    bench.confirm()
    assert bench.outbound.health.is_good


async def test_what_is_under_way_shows_nothing_by_standing_there(bench: Bench) -> None:
    bench.sender.ended(ConnectionResetError())
    await bench.connected()
    bench.sent()
    bench.now += PROVEN_SECONDS + 1
    bench.outbound.tend(bench.now)
    assert not bench.outbound.health.is_good


async def test_the_first_that_is_answered_calls_those_that_failed_with_it(bench: Bench) -> None:
    tried: list[str] = []

    class Waiting:
        receiver = "elsewhere"

        def try_soon(self) -> None:
            tried.append(self.receiver)

    bench.context.retries.failed(Waiting(), bench.now)
    bench.sender.ended(ConnectionResetError())
    await bench.connected()
    bench.sent()
    bench.confirm()
    assert tried == ["elsewhere"]


async def test_one_that_is_closed_waits_with_nobody_for_a_next_try(bench: Bench) -> None:
    bench.sender.ended(ConnectionResetError())
    bench.outbound.close()
    assert bench.context.retries.forget(bench.outbound) == ()

    bench.outbound.failed(ConnectionResetError(), [])
    assert bench.context.retries.forget(bench.outbound) == ()


async def test_what_was_full_is_gone_with_its_connection(bench: Bench) -> None:
    bench.outbound.leave_live("the receiver does not keep up")
    bench.sender.ended(None)
    assert bench.outbound.takes_lines


async def test_lines_that_waited_for_a_connection_go_with_its_first_write(
    benches: Benches,
) -> None:
    bench = benches()
    bench.gathered(10)
    bench.gathered(11)
    await bench.connected()
    assert (bench.sender.sent, bench.owner.told) == ([b"xx"], ["changed"])


async def test_a_clean_close_is_no_failure_but_what_has_gathered_is_replayed(bench: Bench) -> None:
    bench.gathered()
    bench.sender.ended(None)
    assert (bench.owner.again, bench.owner.told) == ([({P0: 10}, False)], ["changed"])
    assert bench.outbound.takes_lines


@pytest.mark.parametrize(("behind", "dials"), [(False, 2), (True, 1)])
async def test_one_that_closes_while_it_is_behind_is_dialled_after_a_while(
    bench: Bench, behind: bool, dials: int
) -> None:
    """It may close whatever it accepts."""
    bench.owner.is_behind = behind
    bench.sender.ended(None)
    bench.outbound.delivery.link.want()
    await asyncio.sleep(0)
    assert bench.receiver.dials == dials


# A connection that is old, idle, or made for other options.


async def test_an_idle_connection_ends_and_that_is_no_failure(bench: Bench) -> None:
    bench.sent()
    bench.confirm()
    bench.outbound.tend(bench.now + IDLE_SECONDS)
    assert not bench.sender.closed
    bench.outbound.tend(bench.now + IDLE_SECONDS + 1)

    assert bench.sender.closed
    assert (bench.owner.again, bench.owner.told) == ([], ["changed"])
    assert (bench.outbound.takes_lines, bench.outbound.health.is_good) == (True, True)


async def old_connection(bench: Bench) -> None:
    """That has just been given a line."""
    bench.now += TCP.life_seconds + LATE_SECONDS + 1
    bench.sent()


async def test_an_old_connection_ends_when_nothing_is_under_way(bench: Bench) -> None:
    await old_connection(bench)
    assert not bench.sender.closed
    bench.confirm()
    assert bench.sender.closed
    assert (bench.owner.again, bench.owner.told) == ([], ["changed"])


async def test_an_old_connection_is_asked_whether_anything_is_under_way(bench: Bench) -> None:
    await old_connection(bench)
    bench.sender.read_all()
    bench.outbound.tend(bench.now)
    assert (bench.sender.closed, bench.outbound.takes_lines) == (True, True)


async def test_an_old_connection_that_is_never_idle_is_emptied_first(bench: Bench) -> None:
    await old_connection(bench)
    bench.gathered(11)
    bench.outbound.tend(bench.now)
    assert (bench.sender.sent, bench.sender.closed) == ([b"x", b"x"], False)
    assert not bench.outbound.takes_lines

    bench.confirm()
    assert bench.sender.closed
    assert (bench.outbound.takes_lines, bench.owner.again) == (True, [])


def edited(**options: Any) -> Route:
    return route_of(SYSLOG, **options)


async def test_another_framing_waits_for_what_is_under_way(bench: Bench) -> None:
    bench.sent(10)
    bench.gathered(11)
    bench.outbound.change_to(edited(framing="octet"))
    assert bench.owner.again == [({P0: 11}, False)]
    assert (bench.outbound.takes_lines, bench.sender.closed) == (False, False)

    bench.confirm()
    assert (bench.outbound.takes_lines, bench.sender.closed) == (True, True)
    await bench.connected()
    assert bench.receiver.routes[-1] == edited(framing="octet")


async def test_another_framing_waits_for_no_connection_that_has_ended(bench: Bench) -> None:
    bench.sent(10)
    bench.outbound.change_to(edited(framing="octet"))
    bench.sender.ended(ConnectionResetError())
    assert bench.outbound.takes_lines
    assert bench.owner.again == [({P0: 10}, True)]


async def test_another_framing_with_nothing_under_way_acts_at_once(bench: Bench) -> None:
    bench.outbound.change_to(edited(connections=2))
    assert bench.outbound.takes_lines
    await bench.connected()
    bench.outbound.delivery.take(2, records(11), (b"", b"x"), 1)
    bench.outbound.delivery.flush()
    assert bench.sender.pieces == [(b"", b"x")]


async def test_another_filter_changes_nothing_on_the_way(bench: Bench) -> None:
    bench.sent(10)
    bench.gathered(11)
    bench.outbound.change_to(edited(filter=LineFilter(include="x")))
    assert (bench.owner.told, bench.owner.again) == ([], [])
    assert bench.outbound.takes_lines


async def test_another_receiver_gets_what_the_old_one_has_not_confirmed(bench: Bench) -> None:
    bench.sent(10)
    bench.outbound.give_up(DeliveryError("internal error"))
    await bench.connected()
    bench.sent(12)
    bench.gathered(13)
    bench.owner.again.clear()
    bench.outbound.change_to(route_of("syslog://127.0.0.1:515"))

    assert bench.owner.again == [({P0: 13}, False), ({P0: 12}, True)]
    assert bench.outbound.receiver == ("127.0.0.1", 515)
    assert (bench.sender.closed, bench.outbound.health.is_good) == (True, True)


async def test_one_that_moved_shares_no_fate_with_those_that_stay(bench: Bench) -> None:
    bench.sender.ended(ConnectionResetError())
    bench.outbound.change_to(edited(framing="octet"))
    shared = bench.context.retries.forget(bench.outbound)
    bench.context.retries.failed(bench.outbound, bench.now)
    bench.outbound.change_to(route_of("syslog://127.0.0.1:515"))
    assert ("127.0.0.1", 514) in shared
    assert bench.context.retries.forget(bench.outbound) == ()


# A request that failed.


async def failed_request(bench: Bench, error: Exception) -> None:
    """Of offset 10 of P0 and 3 of P1, and one more behind it."""
    await bench.connected()
    bench.gathered(10)
    bench.outbound.delivery.take(1, records(3, P1), (b"c",), 1)
    bench.outbound.delivery.flush()
    bench.sent(12)
    bench.sender.ended(error)


async def test_the_first_request_that_failed_is_cut_exactly_so_again(benches: Benches) -> None:
    web = benches(WEB)
    await failed_request(web, HttpError(503, {}))
    portion = web.outbound.delivery.resend.portion

    assert portion is not None
    assert (portion.limit_of(P0), portion.limit_of(P1)) == (11, 4)
    assert web.owner.again == [({P0: 10, P1: 3}, True), ({P0: 12}, True)]


@pytest.mark.parametrize(("url", "status"), [(WEB, 400), (SYSLOG, 503)])
async def test_one_that_is_refused_or_that_nobody_answers_is_not_cut_so_again(
    benches: Benches, url: str, status: int
) -> None:
    bench = benches(url)
    await failed_request(bench, HttpError(status, {}))
    assert bench.outbound.delivery.resend.portion is None
    assert len(bench.owner.again) == 2


async def test_one_that_is_refused_when_it_comes_again_is_cut_so_no_more(
    benches: Benches,
) -> None:
    web = benches(WEB)
    await failed_request(web, HttpError(503, {}))
    await web.connected()
    web.sent(10)
    web.outbound.delivery.handed_over()
    (write,) = web.outbound.delivery.unconfirmed()
    web.outbound.delivery.resend.request(write, None)
    web.sender.ended(HttpError(400, {}))
    assert web.outbound.delivery.resend.portion is None
    assert web.owner.told.count("portion dropped") == 1


async def test_one_that_ends_the_connection_is_cut_exactly_so_once(benches: Benches) -> None:
    web = benches(WEB)
    await failed_request(web, UnansweredError("connection reset by the receiver"))
    await web.connected()
    web.outbound.delivery.take(1, records(10), (b"x",), 1)
    web.outbound.delivery.handed_over()
    (write,) = web.outbound.delivery.unconfirmed()
    assert write.unanswered == 1

    web.sender.ended(UnansweredError("connection reset by the receiver"))
    assert web.outbound.delivery.resend.portion is None


async def test_how_often_it_has_ended_the_connection_is_kept_over_other_failures(
    benches: Benches,
) -> None:
    web = benches(WEB)
    await failed_request(web, UnansweredError("connection reset by the receiver"))
    await web.connected()
    web.outbound.delivery.take(1, records(10), (b"x",), 1)
    web.outbound.delivery.handed_over()
    web.sender.ended(HttpError(503, {}))
    portion = web.outbound.delivery.resend.portion
    assert isinstance(portion, Request)
    assert portion.unanswered == 1


async def test_a_request_that_another_way_would_cut_otherwise_is_told_to_be_none(
    benches: Benches,
) -> None:
    web = benches(WEB)
    await failed_request(web, HttpError(503, {}))
    web.outbound.change_to(route_of(WEB, filter=LineFilter(include="x")))
    assert "portion dropped" not in web.owner.told
    web.outbound.change_to(route_of(WEB, headers={"X-A": "b"}))
    assert (web.owner.told.count("portion dropped"), web.outbound.delivery.resend.portion) == (
        1,
        None,
    )


async def test_of_a_request_whose_partitions_went_its_owner_sees_what_is_left(
    benches: Benches,
) -> None:
    web = benches(WEB)
    await failed_request(web, HttpError(503, {}))
    web.owner.told.clear()
    web.outbound.forget({P0})
    assert web.owner.told == ["changed"]
