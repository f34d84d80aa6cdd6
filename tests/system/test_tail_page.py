"""The tail page on the real product: real web process, real Kafka, real Chromium."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.payloads import SHORT
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle
from tests.support.tail_page import TailPage
from tests.support.tailing import event_now, open_session

PROMPT_SECONDS = 1.0


@pytest.fixture
def space(kafka: Broker, topic: TopicNames) -> str:
    """One with three lines of app gold, and one of another."""
    name = kafka.create(topic(), partitions=2)
    kafka.produce(name, [event_now("old 0"), event_now("else", "gold2")], partition=0)
    kafka.produce(name, [event_now("old 1")], partition=1)
    kafka.produce(name, [event_now("old 2")], partition=0)
    return name


@pytest.fixture
def tail(context: BrowserContext, shuttle: Shuttle, space: str) -> Iterator[TailPage]:
    page = TailPage(context.new_page(), open_session(shuttle, space))
    yield page
    assert page.faults() == []


def test_the_last_lines_and_then_live_ones(tail: TailPage, kafka: Broker, space: str) -> None:
    tail.open()
    tail.shows("old 0", "old 1", "old 2")
    expect(tail.rows).to_have_text([re.compile("old"), *[re.compile("old")] * 2, "Live from here"])
    kafka.produce(space, [event_now("else", "gold2"), event_now("new")], partition=1)
    expect(tail.row("new")).to_be_visible(timeout=PROMPT_SECONDS * 1000)
    expect(tail.page.locator("h1")).to_have_text(f"gold-{space}")
    expect(tail.page.locator("#time-left")).to_have_text(re.compile("(59|60) min left"))


def test_a_pause_holds_while_kafka_has_more(tail: TailPage, kafka: Broker, space: str) -> None:
    tail.open()
    kafka.produce(space, [event_now(f"line {number}.") for number in range(300)], partition=0)
    expect(tail.row("line 299.")).to_be_in_viewport()
    tail.press("Space")
    more = [event_now(f"line {number}.") for number in range(300, 1504)]
    kafka.produce(space, more, partition=0)
    expect(tail.page.locator("#paused")).to_have_text("Paused – 1,204 new lines. Resume (End)")
    tail.press("End")
    expect(tail.row("line 1503.")).to_be_in_viewport()


def test_a_web_process_that_starts_anew_costs_no_line(
    context: BrowserContext, own_shuttle: Shuttle, kafka: Broker, space: str
) -> None:
    """Its session is in the database, its place in the page; what came meanwhile is in Kafka."""
    tail = TailPage(context.new_page(), open_session(own_shuttle, space))
    tail.open()
    tail.shows("old 0", "old 1", "old 2")
    numbers = count()
    over = threading.Event()

    def produce() -> None:
        while not over.wait(0.02):
            kafka.produce(space, [event_now(f"line {next(numbers)}.")], partition=0)

    producing = threading.Thread(target=produce)
    producing.start()
    try:
        expect(tail.row("line 9.")).to_be_visible()
        own_shuttle.stop_web()
        expect(tail.page.locator("#state")).to_contain_text("Reconnecting")
        expect(tail.page.locator("#retry")).to_be_visible()
        own_shuttle.start_web()
        expect(tail.page.locator("#state")).to_have_text("Live", timeout=30_000)
    finally:
        over.set()
        producing.join()
    last = next(numbers) - 1
    expect(tail.row(f"line {last}.")).to_be_visible()
    expect(tail.page.locator("#counts")).to_have_text(f"{3 + last + 1:,} lines")
    tail.filter("only rows about gaps are left")
    expect(tail.rows).to_have_text(
        ["Live from here", re.compile(r"^Reconnected after \d+ seconds?$")]
    )


def test_older_lines_and_all_since_a_time(tail: TailPage, kafka: Broker, space: str) -> None:
    for part in (0, 1):
        more = [event_now(f"line {number}.") for number in range(part, 1300, 2)]
        kafka.produce(space, more, partition=part)
    tail.open()
    counts = tail.page.locator("#counts")
    expect(counts).to_have_text("100 lines")
    tail.press("o")
    expect(counts).to_have_text("1,100 lines")
    tail.press("o")
    expect(counts).to_have_text("1,303 lines")
    tail.press("Home")
    expect(tail.row("old 0")).to_be_in_viewport()
    expect(tail.page.locator("#lead-text")).to_have_text("This is all that Kafka has")
    tail.filter("old ")
    tail.shows("old 0", "old 1", "old 2")
    kafka.produce(space, [event_now(f"more {number}.") for number in range(5000)], partition=0)
    expect(counts).to_contain_text("6,303 lines")
    tail.page.goto(f"{tail.url}?since=1h")
    expect(tail.page.locator("#state")).to_have_text("The past")
    expect(tail.row("old 0")).to_be_in_viewport()
    tail.page.locator("#past-more").click()
    expect(tail.page.locator("#state")).to_have_text("Live")
    expect(counts).to_have_text("6,303 lines")
    expect(tail.row("old 0")).to_be_in_viewport()
    tail.press("g")
    with tail.page.expect_download() as download:
        tail.page.get_by_role("link", name="Download JSON lines").click()
    lines = gzip.decompress(download.value.path().read_bytes()).splitlines()
    assert len({json.loads(line)["text"] for line in lines}) == len(lines) == 6303


def test_an_app_that_nobody_knows(context: BrowserContext, shuttle: Shuttle, space: str) -> None:
    tail = TailPage(context.new_page(), open_session(shuttle, space, app="chekout"))
    tail.open()
    said = rf"Nothing of chekout-{space} in Kafka \(\d+ minutes?\): is the name right\?"
    expect(tail.page.locator("#empty-text")).to_have_text(re.compile(said))
    assert tail.faults() == []


def test_a_revoked_session_is_told(tail: TailPage, shuttle: Shuttle) -> None:
    tail.open()
    assert shuttle.api.delete(tail.url).status_code == 204
    expect(tail.page.locator("#over")).to_contain_text("Session over: it was revoked.")
    expect(tail.page.locator("#state")).to_have_text("Over")
    answer = tail.page.reload()
    assert answer is not None
    assert answer.status == 404
    expect(tail.page.locator("body")).to_contain_text("There is no such log session")


def test_who_is_logged_in_opens_a_session_again(
    context: BrowserContext, admin: Page, shuttle: Shuttle, kafka: Broker, space: str
) -> None:
    tail = TailPage(context.new_page(), open_session(shuttle, space))
    tail.open()
    tail.shows("old 0", "old 1", "old 2")
    assert shuttle.api.delete(tail.url).status_code == 204
    tail.page.locator("#again").click()
    expect(tail.page.locator("#state")).to_have_text("Live")
    assert tail.page.url != tail.url
    kafka.produce(space, [event_now("new")], partition=1)
    tail.shows("old 0", "old 1", "old 2", "new")  # each once
    assert tail.faults() == []


def test_the_line_to_copy_opens_another_session(tail: TailPage, shuttle: Shuttle) -> None:
    tail.open()
    assert shuttle.api.delete(tail.url).status_code == 204
    line = tail.page.locator("#again-curl")
    expect(line).to_be_visible()
    environment = {**os.environ, "AUTH_KEY": str(shuttle.api.headers["Authorization"])}
    answer = subprocess.run(
        line.inner_text(), shell=True, capture_output=True, env=environment, check=True, timeout=10
    )
    tail.page.goto(json.loads(answer.stdout)["logplex_url"])
    tail.shows("old 0", "old 1", "old 2")


def test_a_quiet_page_outlives_the_time_that_a_stream_may_be_idle(
    context: BrowserContext, own_shuttle: Shuttle, kafka: Broker, space: str
) -> None:
    own_shuttle.environment["SESSION_IDLE_SECONDS"] = "2"
    own_shuttle.stop_web()
    own_shuttle.start_web()
    tail = TailPage(context.new_page(), open_session(own_shuttle, space))
    sockets: list[object] = []
    tail.page.on("websocket", lambda socket: sockets.append(socket))
    tail.open()
    tail.shows("old 0", "old 1", "old 2")
    while len(sockets) < 3:
        tail.page.wait_for_event("websocket")
    kafka.produce(space, [event_now("new")], partition=1)
    tail.shows("old 0", "old 1", "old 2", "new")
    expect(tail.rows).to_have_count(5)  # and "Live from here"
    expect(tail.page.locator("#state")).to_have_text("Live")
    assert tail.faults() == []


def test_a_session_of_the_past_says_that_it_is_all(
    context: BrowserContext, shuttle: Shuttle, space: str
) -> None:
    tail = TailPage(context.new_page(), open_session(shuttle, space, tail=False, lines=2))
    tail.page.goto(tail.url)
    tail.shows("old 1", "old 2")
    expect(tail.page.locator("#over")).to_contain_text("That is all")
    assert tail.faults() == []


def test_lines_come_as_events_where_no_web_socket_gets_through(
    tail: TailPage, kafka: Broker, space: str
) -> None:
    tail.page.add_init_script(
        "window.WebSocket = class { close() {} constructor() {"
        " setTimeout(() => this.onclose({ code: 1006 })) } }"
    )
    tail.open()
    tail.shows("old 0", "old 1", "old 2")
    kafka.produce(space, [event_now("new")])
    expect(tail.row("new")).to_be_visible()


def test_hostile_lines_and_names_are_text_on_their_whole_way(
    tail: TailPage, kafka: Broker, space: str
) -> None:
    events = [
        kubernetes_event(text, container=f"gold--{text}", pod=text, time=_now()) for text in SHORT
    ]
    kafka.produce(space, events)
    kafka.produce(space, [event_now("the end")])
    tail.open()
    expect(tail.row("the end")).to_be_visible()
    tail.row("the end").locator(".text").click()
    for _ in range(30):
        tail.press("k")
    assert tail.faults() == []


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
