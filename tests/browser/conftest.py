"""A real Chromium, a server that plays the tail's protocol, and the page as a person sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.tail_page import TailPage
from tests.support.servers import requires
from tests.support.tail_server import TailServer

VIEWPORT = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def chromium() -> Path:
    return requires("chromium")


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """Of a module: while Playwright runs, no test of this thread can have an event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, timezone_id="Europe/Berlin", accept_downloads=True
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def server() -> Iterator[TailServer]:
    with TailServer() as server:
        yield server


@pytest.fixture
def tail(context: BrowserContext, server: TailServer) -> Iterator[TailPage]:
    """Nothing a page does may be an error, break its policy, or ask another origin."""
    page = TailPage(context.new_page(), server)
    yield page
    assert page.faults() == []
