"""Log sessions as people read them: real web processes, real Kafka."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from signal import SIGTERM
from typing import Any

import aiohttp
import pytest

from events.devkafka.broker import DevKafka
from tests.support.broker import Broker
from tests.support.kafka import OwnKafka, TopicNames
from tests.support.shuttle import Shuttle
from tests.support.tailing import EVENTS, event_now, open_session, reading
from tests.support.waiting import until

WIRES = ["*/*", EVENTS, "application/x-ndjson", "websocket"]
PROMPT_SECONDS = 1.0
# The very first answer of a new process loads what the others find loaded.
FIRST_SECONDS = 3.0


async def warm(shuttle: Shuttle, space: str) -> None:
    async with reading(open_session(shuttle, space, lines=1)) as seen:
        await seen.until_line("old 2", FIRST_SECONDS)


@pytest.fixture
def space(kafka: Broker, topic: TopicNames) -> str:
    """One with three lines of app gold, and one of another."""
    name = kafka.create(topic(), partitions=2)
    kafka.produce(name, [event_now("old 0"), event_now("else", "gold2")], partition=0)
    kafka.produce(name, [event_now("old 1")], partition=1)
    kafka.produce(name, [event_now("old 2")], partition=0)
    return name


@pytest.mark.parametrize("accept", WIRES)
async def test_the_last_lines_come_at_once_and_live_ones_after_them(
    accept: str, shuttle: Shuttle, kafka: Broker, space: str
) -> None:
    await warm(shuttle, space)
    url = open_session(shuttle, space)
    began = time.monotonic()

    async with reading(url, accept) as seen:
        await seen.until_line("old 2")
        assert seen.first_at - began < PROMPT_SECONDS
        kafka.produce(space, [event_now("new")], partition=1)
        produced = time.monotonic()
        await seen.until_line("new")
        assert time.monotonic() - produced < PROMPT_SECONDS

    shown = [line.rpartition(": ")[2] for line in seen.lines]
    assert shown == ["old 0", "old 1", "old 2", "new"]
    if accept != "websocket":
        assert seen.headers["Cache-Control"] == "no-store, no-transform"
        assert seen.headers["X-Accel-Buffering"] == "no"


async def test_headers_go_out_before_there_is_a_line(shuttle: Shuttle, topic: TopicNames) -> None:
    for accept in WIRES[:3]:
        async with reading(open_session(shuttle, topic()), accept) as seen:
            await seen.until_headers(FIRST_SECONDS)


async def test_without_tail_it_ends_after_the_last_lines(shuttle: Shuttle, space: str) -> None:
    url = open_session(shuttle, space, lines=2, tail=False)

    async with reading(url) as seen:
        await seen.until_end()

    assert [line[-5:] for line in seen.lines] == ["old 1", "old 2"]
    assert seen.said[-1] == ("bye", "end")
    async with reading(url, last_id=seen.last_id) as again:
        await until(lambda: again.status == 204, 5, "nothing more to come")


async def test_topics_and_partitions_that_come_later_are_read_from_their_beginning(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames
) -> None:
    space = topic()
    async with reading(open_session(shuttle, space)) as seen:
        await until(lambda: seen.status == 200, FIRST_SECONDS, "headers")
        kafka.create(space, partitions=1)
        kafka.produce(space, [event_now("first")])
        await seen.until_line("first")
        kafka.grow(space, 2)
        await until(lambda: len(kafka.partitions(space)) == 2, 10, "the partition")
        # A producer of its own: the other one has not heard of the partition.
        Broker(kafka.bootstrap).produce(space, [event_now("second")], partition=1)
        await seen.until_line("second")


async def test_lines_of_all_sources_and_filters(
    shuttle: Shuttle, kafka: Broker, space: str
) -> None:
    kafka.ensure("alamoweblogs")
    kafka.ensure("alamobuildlogs")
    url = open_session(shuttle, space)
    async with (
        reading(url) as everything,
        reading(f"{url}?source=router") as router,
        reading(f"{url}?process=worker&q=NEEDLE") as worker,
    ):
        await everything.until_line("old 2")
        kafka.produce("alamoweblogs", [f"hostname=gold-{space}.example.com path=/a method=GET"])
        kafka.produce("alamobuildlogs", [f'{{"metadata":"gold-{space}","message":"built"}}'])
        kafka.produce(space, [event_now("hay", "gold--worker"), event_now("web needle")])
        kafka.produce(space, [event_now("a needle", "gold--worker")])
        await worker.until_line("a needle")
        await everything.until_line("built")
        await router.until_line("path=/a")
        await everything.until_line("path=/a")
        await everything.until_line("a needle")

    assert len(worker.lines) == len(router.lines) == 1
    assert len(everything.lines) == 8


@pytest.mark.parametrize("accept", [EVENTS, "websocket"])
async def test_who_comes_again_goes_on_behind_the_last_line(
    accept: str, shuttle: Shuttle, kafka: Broker, space: str
) -> None:
    """Cut in the backlog, between runs and in the middle of one: nothing twice, nothing missing."""
    kafka.produce(space, [event_now(f"line {n}") for n in range(40)], partition=0)
    kafka.produce(space, [event_now(f"line {n}") for n in range(40, 80)], partition=1)
    url = open_session(shuttle, space, lines=50)
    async with reading(url, accept) as whole:
        await whole.until_lines(50)
        kafka.produce(space, [event_now(f"line {n}") for n in range(80, 110)], partition=0)
        kafka.produce(space, [event_now(f"line {n}") for n in range(110, 140)], partition=1)
        await whole.until_lines(110)

    assert len(set(whole.ids)) == 110
    for cut in (0, 20, 48, 49, 50, 60, 79, 80, 95, 108):
        async with reading(url, accept, last_id=whole.ids[cut]) as rest:
            await rest.until_lines(109 - cut)
            assert Counter(rest.lines) == Counter(whole.lines[cut + 1 :])
            assert "gap" not in rest.kinds()


async def test_what_has_left_kafka_is_told_as_one_gap(
    shuttle: Shuttle, kafka: Broker, space: str
) -> None:
    url = open_session(shuttle, space)
    async with reading(url) as seen:
        await seen.until_line("old 2")
        kafka.produce(space, [event_now("live")], partition=0)
        await seen.until_line("live")
    kafka.produce(space, [event_now(f"lost {n}") for n in range(5)], partition=0)
    kafka.produce(space, [event_now("there")], partition=0)
    kafka.delete_records(space, {0: 9})

    async with reading(url, last_id=seen.last_id) as again:
        await again.until_line("there")
    assert (again.kinds(), len(again.lines)) == (["gap"], 1)

    async with reading(url, last_id="nonsense") as lost:
        assert await lost.until_said("gap")
        await lost.until_line("there")
        kafka.produce(space, [event_now("after")], partition=0)
        await lost.until_line("after")
    shown = [line.rpartition(": ")[2] for line in lost.lines]
    assert shown == ["old 1", "there", "after"]


async def test_a_process_that_ends_says_so(own_shuttle: Shuttle, space: str) -> None:
    web = own_shuttle.web
    async with (
        reading(open_session(own_shuttle, space)) as stream,
        reading(open_session(own_shuttle, space), "websocket") as socket,
    ):
        await stream.until_line("old 2")
        await socket.until_line("old 2")
        web.signal(SIGTERM)
        await stream.until_end()
        await socket.until_end()

    assert stream.said[-1] == ("bye", "shutdown")
    assert (socket.said[-1], socket.code) == (("bye", "shutdown"), 1012)
    assert web.wait() == 0
    assert "Traceback" not in web.output()


async def test_a_revoked_session_ends(shuttle: Shuttle, space: str) -> None:
    url = open_session(shuttle, space)
    async with reading(url) as stream, reading(url, "websocket") as socket:
        await stream.until_line("old 2")
        await socket.until_line("old 2")
        assert shuttle.api.delete(url).status_code == 204
        await stream.until_end()
        await socket.until_end()

    assert stream.said[-1] == socket.said[-1] == ("bye", "revoked")
    assert socket.code == 1000
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{url}/ws")
    assert refused.value.status == 404


async def test_a_revoked_session_ends_for_who_came_when_another_was_there(
    own_shuttle: Shuttle, space: str
) -> None:
    """Who has come first may have left: what it began for all goes on."""
    url, other = open_session(own_shuttle, space), open_session(own_shuttle, space)
    async with reading(other) as first:
        await first.until_line("old 2")
        async with reading(url) as stream:
            await stream.until_line("old 2")
            assert own_shuttle.api.delete(other).status_code == 204
            await first.until_end()
            assert own_shuttle.api.delete(url).status_code == 204
            await stream.until_end()
    assert stream.said[-1] == ("bye", "revoked")


async def test_another_sites_page_gets_no_socket(shuttle: Shuttle, space: str) -> None:
    url = f"{open_session(shuttle, space)}/ws"
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(url, origin="https://elsewhere.example")
        own = str(shuttle.api.base_url).rstrip("/")
        async with http.ws_connect(url, origin=own) as socket:
            assert (await socket.receive_json(timeout=5))["type"] == "hello"

    assert refused.value.status == 403


async def test_kafka_away_is_told_and_lines_go_on(
    own_kafka: OwnKafka, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broker: DevKafka = own_kafka()
    kafka = Broker(broker.bootstrap)
    kafka.create("later", partitions=1)
    kafka.produce("later", [event_now("before")])
    shuttle = Shuttle(tmp_path_factory.mktemp("web"), broker.bootstrap)
    shuttle.migrate()
    shuttle.start_web()
    async with reading(open_session(shuttle, "later")) as seen:
        await seen.until_line("before")
        broker.kill()
        assert "Kafka" in await seen.until_said("gap", 20)
        broker.start()
        kafka.produce("later", [event_now("after")])
        await seen.until_line("after", 20)
    shuttle.close()
    assert len(seen.lines) == 2
    assert seen.kinds() == ["gap"]


async def test_an_idle_session_ends(
    tmp_path_factory: pytest.TempPathFactory, kafka: Broker
) -> None:
    settings = {"SESSION_IDLE_SECONDS": "1"}
    shuttle = Shuttle(tmp_path_factory.mktemp("web"), kafka.bootstrap, settings)
    shuttle.migrate()
    shuttle.start_web()
    async with reading(open_session(shuttle, "nowhere")) as seen:
        await seen.until_end()
    shuttle.close()
    assert seen.said[-1] == ("bye", "idle")


async def test_operators_see_how_many_read(own_shuttle: Shuttle, space: str) -> None:
    shuttle = own_shuttle

    def told() -> tuple[int | None, int | None]:
        found = shuttle.api.get("/overview").json()["tails"]
        return found["open"], found["sessions"]

    await until(lambda: told() == (0, 0), 10, "the process has told that nobody reads")
    url, other = open_session(shuttle, space), open_session(shuttle, space)
    async with reading(url) as one, reading(url, "websocket"), reading(other, "*/*"):
        await one.until_line("old 2")
        await until(lambda: told() == (3, 2), 10, "three read two sessions")
    await until(lambda: told() == (0, 0), 10, "they are gone")
    lines = shuttle.api.get("/overview").json()["tails"]["lines_24_h"]
    assert lines == {"text": 3, "events": 3, "socket": 3}


async def test_a_reader_looks_back_as_far_as_he_likes(
    shuttle: Shuttle, kafka: Broker, space: str
) -> None:
    url = open_session(shuttle, space, lines=1)

    whole = shuttle.api.get(f"{url}?since=1h&tail=false")
    file = shuttle.api.get(f"{url}?download=ndjson.gz&lines=2")
    records = [json.loads(line)["text"] for line in gzip.decompress(file.content).splitlines()]
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/ws?tail=false") as socket:
        frames: list[dict[str, Any]] = [message.json() async for message in socket]
    place = next(frame["place"] for frame in frames if frame["type"] == "older")
    before = shuttle.api.get(url, params={"before": place, "lines": 1})

    texts = [line.rpartition(": ")[2] for line in whole.text.splitlines()]
    assert sorted(texts) == ["old 0", "old 1", "old 2"]
    assert records == ["old 1", "old 2"]
    assert ".ndjson.gz" in file.headers["Content-Disposition"]
    assert before.text.endswith("old 1\n")
    assert len(before.text.splitlines()) == 1
