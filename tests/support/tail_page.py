"""The tail page as tests handle it: what a person sees and does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.support.page_watch import PageWatch
from tests.support.waiting import wait_until

LIMIT_SECONDS = 10.0


class TailPage:
    """Of a session's URL. `is_read`: whether the server has this page for a reader."""

    def __init__(self, page: Page, url: str, is_read: Callable[[], bool] = lambda: True) -> None:
        self.page = page
        self.url = url
        self._is_read = is_read
        self._watch = PageWatch(page, url)

    def open(self, fragment: str = "") -> None:
        self.page.goto(f"{self.url}{fragment}")
        expect(self.page.locator("#state")).to_have_text("Live")
        wait_until(self._is_read, LIMIT_SECONDS, "the page reads")

    @property
    def rows(self) -> Locator:
        return self.page.locator("#rows .row")

    @property
    def log(self) -> Locator:
        return self.page.locator("#log")

    def row(self, text: str) -> Locator:
        return self.rows.filter(has_text=text).first

    def texts(self) -> list[str]:
        """Of the rows that exist: those in sight, and some beyond."""
        found: list[str] = self.page.locator("#rows .row .text").all_inner_texts()
        return found

    def shows(self, *texts: str) -> None:
        """Waits until exactly these lines exist."""
        expect(self.page.locator("#rows .row .text")).to_have_text(list(texts))

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def filter(self, text: str) -> None:
        self.page.locator("#query").fill(text)

    def chip(self, name: str) -> Locator:
        return self.page.locator(f".chip[data-name={name}]")

    def set_display(self, name: str, value: str | bool) -> None:
        self.page.locator("#display summary").click()
        if isinstance(value, bool):
            self.page.locator(f"#display input[name={name}]").set_checked(value)
        else:
            self.page.locator(f"#display input[name={name}][value={value}]").check()
        self.press("Escape")

    def distance_to_end(self) -> float:
        return float(self.log.evaluate("e => e.scrollHeight - e.clientHeight - e.scrollTop"))

    def evaluate(self, script: str) -> Any:
        return self.page.evaluate(script)

    def faults(self) -> list[str]:
        return self._watch.faults()
