"""One producer's open transaction hides nothing of other apps, and nothing of its own for good."""

from __future__ import annotations

import pytest

from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle
from tests.support.tailing import event_now, open_session, reading
from tests.support.waiting import until, wait_until

LAG = "logshuttle_consumer_lag_messages"


async def test_backlogs_and_live_tails_are_whole(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames
) -> None:
    """The router's topic is everybody's: a transaction in it must not empty their backlogs."""
    space, router = kafka.create(topic(), 1), kafka.ensure("alamoweblogs")
    kafka.produce(space, [event_now(f"old {number}") for number in range(3)], partition=0)
    everybodys = kafka.transaction(router, [b"hostname=a-b.example method=GET"], partition=0)
    its_own = kafka.transaction(space, [event_now("in the transaction")], partition=0)

    with everybodys:
        async with reading(open_session(shuttle, space)) as seen:
            await seen.until_line("old 2")
            assert len(seen.lines) == 3
        with its_own:
            kafka.produce(space, [event_now("behind it")], partition=0)
            tail = reading(open_session(shuttle, space))
            seen = await tail.__aenter__()
            await seen.until_line("old 2")
            assert len(seen.lines) == 3
        await seen.until_line("behind it")
        await tail.__aexit__(None, None, None)

    shown = [line.rpartition(": ")[2] for line in seen.lines]
    assert shown == ["old 0", "old 1", "old 2", "in the transaction", "behind it"]


@pytest.mark.slow
async def test_a_drain_that_is_made_while_one_is_open_gets_what_comes_behind_it(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink = kafka.create(topic(), 1), receiver()
    shuttle.add_drain(f"other-{space}", receiver().url)
    shuttle.start_worker()
    with kafka.transaction(space, [event_now("of before")], partition=0):
        shuttle.add_drain(f"gold-{space}", sink.url)
        kafka.produce(space, [event_now("after")], partition=0)
        # What waits behind the open transaction, and is in it, is lag.
        wait_until(lambda: shuttle.metric(LAG) == 2, 15, "the lag is shown")

    await until(lambda: len(sink.lines()) == 1, 15, "what came after the 201")
    assert sink.lines()[0].endswith(b" - - - after")
    # A control record at the end is nobody's lag.
    wait_until(lambda: shuttle.metric(LAG) == 0, 15, "no lag")
