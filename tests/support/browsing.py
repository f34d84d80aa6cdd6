"""Debian's Chromium, as Playwright handles it: the build that has no window, at half the cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.servers import requires

if TYPE_CHECKING:  # unit tests do without it
    from playwright.sync_api import Browser, BrowserContext


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of a module: while Playwright runs, no test of this thread can have an event loop."""
    from playwright.sync_api import sync_playwright

    chromium = requires("chromium-headless-shell")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
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
