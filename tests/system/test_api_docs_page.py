"""`/api/docs` in a browser: it shows the API, loads nothing of anybody else, and can be tried."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.house import ROOT
from tests.support.page_watch import PageWatch
from tests.support.shuttle import AUTH_KEY, Shuttle


@pytest.fixture
def docs(context: BrowserContext, shuttle: Shuttle) -> Iterator[Page]:
    page = context.new_page()
    url = f"{shuttle.api.base_url}/api/docs"
    watch = PageWatch(page, url)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(url)
    yield page
    assert watch.faults() == []
    assert said == []


def test_every_route_is_shown(docs: Page) -> None:
    expect(docs.locator(".info .title")).to_contain_text("Log shuttle")
    for tag in ("Drains of an app", "Log sessions", "Operators", "Probes"):
        expect(docs.get_by_role("link", name=tag, exact=True)).to_be_visible()
    described = yaml.safe_load((ROOT / "openapi.yaml").read_text())["paths"].values()
    expect(docs.locator(".opblock")).to_have_count(sum(map(len, described)))


def test_a_route_is_tried_with_a_key(docs: Page, shuttle: Shuttle) -> None:
    made = shuttle.add_drain("shop-demo", "syslog://127.0.0.1:5140")
    docs.get_by_role("button", name="Authorize").first.click()
    dialog = docs.locator(".modal-ux")
    dialog.get_by_role("textbox").first.fill(AUTH_KEY)
    dialog.get_by_role("button", name="Apply credentials").first.click()
    dialog.get_by_role("button", name="Close").last.click()

    one = docs.locator("#operations-Drains_of_an_app-app_drain_list")
    one.locator(".opblock-summary").click()
    one.get_by_role("button", name="Try it out").click()
    one.get_by_role("button", name="Execute").click()

    expect(one.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    expect(one.locator(".live-responses-table")).to_contain_text(made["id"])
