"""How many read one session: those who come in vain are told so, and others read on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import aiohttp
import httpx
import pytest

from tests.support.asking import get
from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.shuttle import Shuttle, served
from tests.support.tailing import EVENTS, event_now, open_session, reading
from tests.support.waiting import until


@pytest.fixture
def shuttle(kafka: Broker, tmp_path: Path) -> Iterator[Shuttle]:
    with served(tmp_path, kafka.bootstrap, {"MAX_VIEWERS": "2"}) as made:
        yield made


async def test_a_full_session_is_refused_in_clear_words_until_somebody_leaves(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames
) -> None:
    space = kafka.create(topic(), partitions=1)
    kafka.produce(space, [event_now("old")])
    url, other = (open_session(shuttle, space) for _ in range(2))
    async with reading(url) as first:
        await first.until_line("old")
        async with reading(url, "websocket") as second:
            await second.until_line("old")

            refused = get(url)
            assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
            assert "2 read this log session already" in refused.json()["detail"]
            async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/ws") as socket:
                closed = await socket.receive(timeout=5)
            assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1013)
            assert "2 read this log session already" in str(closed.extra)

            async with reading(other) as elsewhere:
                await elsewhere.until_line("old")
        await until(lambda: _has_place(url), 5, "one who left makes room")
        kafka.produce(space, [event_now("new")])
        await first.until_line("new")
    assert "Traceback" not in shuttle.web.output()


def _has_place(url: str) -> bool:
    return httpx.head(url, headers={"Accept": EVENTS}).status_code == 200
