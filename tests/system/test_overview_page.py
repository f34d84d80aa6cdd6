"""An operator's round: a receiver breaks, is seen, paused, mended, and goes on."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.broker import Broker
from tests.support.http_receiver import HttpReceiver
from tests.support.kafka import TopicNames
from tests.support.notified import Told
from tests.support.receiving import HttpReceivers, Receivers
from tests.support.records import kubernetes_event
from tests.support.shuttle import Shuttle

SEEN_MS = 10_000
"""A dead receiver is known within a second of its next line, and the page asks every 5 s."""


def refused(page: Page) -> list[str]:
    """What axe finds serious, on our own part of the page."""
    found = Axe().run(page, context=".ls").response["violations"]
    return [each["id"] for each in found if each["impact"] in ("serious", "critical")]


def test_an_operators_round(
    admin: Page,
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
    http_receiver: HttpReceivers,
) -> None:
    told = _webhook(admin, shuttle, http_receiver())
    space, sink = kafka.create(topic(), 1), receiver()
    for app in ("gold", "lead"):
        shuttle.add_drain(f"{app}-{space}", sink.url)
    shuttle.start_worker()

    def write(text: str) -> None:
        for app in ("gold", "lead"):
            kafka.produce(space, [kubernetes_event(text, pod=f"{app}-p1", container=app)])

    write("one")
    sink.wait_for(2)
    first = admin.locator("#head .first")
    well = re.compile(r"No figures yet\.|All 2 drains deliver\.")  # as a minute has passed or not
    expect(first).to_contain_text(well, timeout=SEEN_MS)

    # It breaks, and stands there without a reload, grouped, with the reason.
    sink.kill()
    write("two")
    address = sink.url.removeprefix("syslog://")
    cause = admin.locator(".cause")
    expect(cause).to_have_count(1, timeout=SEEN_MS)
    expect(cause).to_contain_text(re.compile(rf"{address}\s+connection refused"), timeout=SEEN_MS)
    expect(cause).to_contain_text("2 drains, 2 apps")
    expect(first).to_contain_text("2 of 2 drains fail (1 receiver).")
    expect(admin).to_have_title("(2) Overview · Log shuttle")
    assert refused(admin) == []
    data = told.wait_for("drains.failing", SEEN_MS / 1000)["data"]
    assert data["receiver"] == address
    assert data["drains"] in (1, 2), "the second may fail a moment later"
    assert data["why"] in ("connection refused", "connection closed by the receiver"), "the first"

    # A test says why; then both are paused.
    cause.get_by_role("button", name="Test").click()
    steps = admin.locator("#trial li")
    expect(steps.last).to_contain_text("connection refused")
    admin.get_by_role("button", name="Close").click()
    cause.get_by_role("button", name=re.compile("^Pause")).click()
    expect(admin.locator("#sure")).to_contain_text(f"Pause 2 drains to {address}?")
    admin.locator("#sure-yes").click()
    expect(admin.locator("#toast")).to_contain_text("2 drains paused")
    expect(cause).to_have_count(0)
    expect(admin).to_have_title("Overview · Log shuttle")

    # Mended, tested and resumed, from the list; nothing is lost, and the history tells it all.
    sink.start()
    admin.goto(f"{shuttle.api.base_url}/admin/drains/drain/?state=paused")
    admin.get_by_role("button", name=re.compile("^Test gold")).click()
    expect(steps.last).to_contain_text("A test line is taken")
    admin.get_by_role("button", name="Close").click()
    admin.get_by_label("Select all on this page").check()
    admin.get_by_role("button", name="Resume", exact=True).first.click()
    admin.locator("#sure-yes").click()
    expect(admin.get_by_text("2 drains resumed")).to_be_visible()
    sink.wait_for(5)
    admin.goto(f"{shuttle.api.base_url}/admin/")
    expect(first).not_to_contain_text("fail", timeout=SEEN_MS)
    for said in ("was paused", "was resumed", "is failing: connection"):
        expect(admin.locator("#changes")).to_contain_text(said)
    admin.goto(f"{shuttle.api.base_url}/admin/drains/drain/")
    admin.locator("#rows tbody th a").first.click()
    for said in ("Made", "Failing: connection", "Paused", "Resumed"):
        expect(admin.locator("#history")).to_contain_text(said)


def _webhook(admin: Page, shuttle: Shuttle, sink: HttpReceiver) -> Told:
    """Made in the admin, to be told at once; then back to the first page."""
    admin.goto(f"{shuttle.api.base_url}/admin/notifications/recipient/add/")
    admin.get_by_label("Address").fill(f"{sink.url}hook")
    admin.get_by_label("Minutes").fill("0")
    admin.get_by_role("button", name="Save", exact=True).click()
    secret = re.search(r"whsec_\S+", admin.locator("#main").inner_text())
    assert secret is not None
    admin.goto(f"{shuttle.api.base_url}/admin/")
    return Told(sink, secret[0])


def test_a_cause_is_left_alone_by_who_is_not_sure(
    admin: Page, shuttle: Shuttle, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    space, sink = kafka.create(topic(), 1), receiver()
    sink.kill()
    drain = shuttle.add_drain(f"gold-{space}", sink.url)
    shuttle.start_worker()
    kafka.produce(space, [kubernetes_event("one", pod="gold-p1", container="gold")])
    cause = admin.locator(".cause")
    expect(cause).to_have_count(1, timeout=SEEN_MS)

    cause.get_by_role("button", name=re.compile("^Pause")).focus()
    admin.keyboard.press("Enter")
    admin.keyboard.press("Escape")
    expect(admin.locator("#sure")).to_be_hidden()
    assert not shuttle.drain(f"gold-{space}", drain["id"])["paused"]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_its_window(admin: Page, width: int, scheme: str) -> None:
    admin.set_viewport_size({"width": width, "height": 844})
    admin.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    admin.reload()
    assert admin.evaluate("document.documentElement.scrollWidth") <= width
    assert refused(admin) == []


_HOUR_OF_FIGURES = """
from datetime import timedelta; from django.utils import timezone; from shuttle.models import Rollup
now = timezone.now().replace(second=0, microsecond=0)
for n in range(65):
    figures = {"received": {"kubernetes": 600 * n, "router": 60}}
    Rollup.objects.create(
        worker="w", span="minute", begins_at=now - timedelta(minutes=n), figures=figures
    )
"""


def test_a_chart_says_what_was_when_it_is_pointed_at_or_stepped_through(
    admin: Page, shuttle: Shuttle
) -> None:
    with shuttle.run("shell", "-c", _HOUR_OF_FIGURES) as filling:
        assert filling.wait() == 0, filling.output()
    admin.reload()
    chart, tip = admin.locator(".area[data-steps]").first, admin.locator(".tip")
    chart.hover()
    expect(tip).to_have_text(
        re.compile(r"^\d\d:\d\d UTC: kubernetes (29|30|31)\d, router 1 lines/s$")
    )
    rate = int(tip.inner_text().split("kubernetes ")[1].split(",")[0])
    admin.mouse.move(0, 0)
    expect(tip).to_be_hidden()

    chart.focus()
    for key, then in (("ArrowLeft", 10), ("ArrowLeft", 20), ("ArrowRight", 10)):
        admin.keyboard.press(key)
        expect(tip).to_contain_text(f"kubernetes {rate + then}, router 1 lines/s")
    admin.keyboard.press("Escape")
    expect(tip).to_be_hidden()


_THREE_BROKEN = """
from django.utils import timezone; from drains.destination import Destination
from drains.models import Drain, DrainStatus; from shuttle.models import Worker
now = timezone.now()
Worker.objects.create(name="w", host="w", version="1", started_at=now, reported_at=now)
why = ("no such host", "TLS: certificate has expired", "HTTP 429: too many requests")
for n in range(20):
    drain = Drain(app=f"app{n}", space="gs", state="failing", severity=1, state_since=now)
    url = f"https://logs-{n % 3}.example.com/in"
    drain.set_url(url, Destination.parse(url)); drain.save()
    DrainStatus.objects.create(
        drain=drain, worker="w", state="failing", last_error=why[n % 3], last_error_at=now,
        lag_messages=n, lag_seconds=n, reported_at=now,
    )
"""


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_three_broken_receivers_stand_above_the_fold(
    admin: Page, shuttle: Shuttle, width: int, height: int
) -> None:
    with shuttle.run("shell", "-c", _THREE_BROKEN) as filling:
        assert filling.wait() == 0, filling.output()
    admin.set_viewport_size({"width": width, "height": height})
    admin.reload()
    names = admin.locator(".cause .what b")
    expect(names).to_have_count(3)
    boxes = [names.nth(number).bounding_box() for number in range(3)]
    assert all(box is not None and box["y"] + box["height"] <= height for box in boxes)
