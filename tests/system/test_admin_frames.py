"""The operators' pages in the theme's frame and in Django's own: in both, nothing acts that should
not, nothing is wider than its window, and keys reach all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Error, Page, Route, expect

from tests.support.admin_page import logged_in
from tests.support.broker import Broker
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, served

PAGES = (
    "",
    "drains/drain/",
    "drains/drain/?state=failing",
    "drains/drain/?q=nobody",
    "drains/drain/add/",
    "shuttle/worker/",
    "shuttle/malformedsample/",
    "sessions_app/tailsession/",
    "sessions_app/tailsession/add/",
    "notifications/recipient/",
    "notifications/recipient/add/",
    "notifications/message/",
    "access/apikey/",
    "access/apikey/add/",
    "auth/user/",
    "auth/group/add/",
    "password_change/",
)


PLAIN = pytest.param("0", id="plain", marks=pytest.mark.slow)


@pytest.fixture(params=[pytest.param("1", id="theme"), PLAIN])
def site(tmp_path: Path, kafka: Broker, request: pytest.FixtureRequest) -> Iterator[Shuttle]:
    with served(tmp_path, kafka.bootstrap, {"ADMIN_THEME": request.param}) as made:
        yield made


@pytest.fixture
def page(context: BrowserContext, site: Shuttle) -> Iterator[Page]:
    with logged_in(context, site) as page:
        yield page


def serious(page: Page) -> list[str]:
    """What axe finds serious, on our own part of the page. Preloading it would add styles."""
    found = Axe().run(page, context=".ls", options={"preload": False}).response["violations"]
    return [each["id"] for each in found if each["impact"] in ("serious", "critical")]


def test_every_page_fits_and_reads_well(page: Page, site: Shuttle) -> None:
    for app in ("gold", "lead"):
        site.add_drain(f"{app}-gs", "syslog://127.0.0.1:6514")
    drain = site.add_drain("tin-gs", "https://user:hunter2@127.0.0.1:6514/in")
    for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light")):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        own = f"drains/drain/{drain['id']}"
        for path in (*PAGES, f"{own}/change/", f"{own}/delete/"):
            page.goto(f"{site.api.base_url}/admin/{path}")
            expect(page.locator("body")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            if page.locator(".ls").count():
                assert serious(page) == [], (path, scheme)


def test_keys_alone_pause_two_of_three_drains(page: Page, site: Shuttle) -> None:
    drains = [
        site.add_drain(f"{app}-gs", "syslog://127.0.0.1:6514") for app in ("gold", "lead", "tin")
    ]
    page.goto(f"{site.api.base_url}/admin/drains/drain/")
    page.keyboard.press("/")
    expect(page.locator(".search input")).to_be_focused()
    chosen = page.locator("td.pick input")
    expect(chosen).to_have_count(3)
    expect(page.locator(".bulk")).to_be_hidden()
    for number in (0, 1):
        chosen.nth(number).focus()
        page.keyboard.press("Space")
    expect(page.locator("#chosen")).to_have_text("2 chosen")
    page.locator(".bulk [value=pause]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#sure-text")).to_contain_text("Pause: 2 are chosen.")
    page.locator("#sure-yes").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 drains paused; workers act")).to_be_visible()
    paused = [
        site.drain(f"{app}-gs", drain["id"])["paused"]
        for app, drain in zip(("gold", "lead", "tin"), drains, strict=True)
    ]
    assert sum(paused) == 2


def test_a_drain_is_tried_before_it_is_added(
    page: Page, site: Shuttle, receiver: Receivers
) -> None:
    sink = receiver()
    sink.kill()
    page.goto(f"{site.api.base_url}/admin/drains/drain/add/")
    page.locator("#id_owner").fill("gold-gs")
    page.locator("#id_new_url").fill("nonsense")
    page.keyboard.press("Enter")
    expect(page.locator(".errorlist")).to_contain_text("scheme")
    expect(page.locator("#id_new_url")).to_be_focused()

    page.locator("#id_new_url").fill(sink.url)
    page.keyboard.press("Enter")
    expect(page.locator("#adding-helps")).to_contain_text("The test line was not taken.")
    expect(page.locator("#adding ol")).to_contain_text("connection refused")
    assert site.api.get("/apps/gold-gs/log-drains").json() == []

    expect(page.locator("#adding-yes")).to_have_text("Add it all the same")
    page.keyboard.press("Enter")
    expect(page.get_by_text("was added successfully")).to_be_visible()
    assert len(site.api.get("/apps/gold-gs/log-drains").json()) == 1


def test_a_test_that_was_left_says_nothing_of_another_receiver(
    page: Page, site: Shuttle, receiver: Receivers
) -> None:
    good, dead = receiver(), receiver()
    dead.kill()
    held: list[Route] = []

    def hold(route: Route) -> None:
        """The first one."""
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/drains/drain/trial", hold)
    page.goto(f"{site.api.base_url}/admin/drains/drain/add/")
    page.locator("#id_owner").fill("gold-gs")
    page.locator("#id_new_url").fill(good.url)
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#id_new_url").fill(dead.url)
    page.keyboard.press("Enter")
    with suppress(Error):  # it has been given up
        held[0].continue_()
    expect(page.locator("#adding-helps")).to_contain_text("The test line was not taken.")
    expect(page.locator("#adding-yes")).to_have_text("Add it all the same")


def test_the_focus_stays_through_a_renewal(page: Page, site: Shuttle) -> None:
    for app in ("gold", "lead"):
        drain = site.add_drain(f"{app}-gs", "syslog://127.0.0.1:6514")
    base = f"{site.api.base_url}/admin/drains/drain/"
    for path, button in (("", "Tail lead-gs"), (f"{drain['id']}/change/", "Try now")):
        page.goto(base + path)
        page.get_by_role("button", name=button).focus()
        for _ in range(2):
            with page.expect_response(lambda answer: "x-part" in answer.request.headers):
                pass
        expect(page.get_by_role("button", name=button)).to_be_focused()


def test_who_is_logged_out_is_told_so(page: Page, site: Shuttle) -> None:
    page.goto(f"{site.api.base_url}/admin/drains/drain/")
    page.context.clear_cookies()
    expect(page.locator("#toast")).to_contain_text("session is over", timeout=10_000)
