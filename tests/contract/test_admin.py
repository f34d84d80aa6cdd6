"""The admin, as an operator uses it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from drains import services
from drains.models import Drain, DrainCursor, DrainStatus
from drains.selectors import route_mark
from events.keys import AppKey, SiteKey

LIST = "/admin/drains/drain/"
GOLD = AppKey("gold", "gs")


def form(**values: Any) -> dict[str, Any]:
    inline = {"cursors-TOTAL_FORMS": 0, "cursors-INITIAL_FORMS": 0}
    return {"owner": "gold-gs", "new_url": "syslog://h:514", "name": "", **inline, **values}


def test_a_stranger_is_sent_to_the_login(db: None) -> None:
    assert Client().get(LIST)["Location"].startswith("/admin/login/")


def test_a_drain_is_added_by_the_rules_of_the_api(operator: Client) -> None:
    before = route_mark()

    assert operator.post(f"{LIST}add/", form(name="papertrail")).status_code == 302

    drain = Drain.objects.get()
    assert (drain.key, drain.plain_url, drain.name) == (GOLD, "syslog://h:514", "papertrail")
    assert route_mark() > before


@pytest.mark.parametrize("shown", [{}, {"cursors-TOTAL_FORMS": 1, "cursors-INITIAL_FORMS": 1}])
@pytest.mark.parametrize("has_some", [True, False])
def test_a_drain_is_saved_whatever_workers_have_written_since_its_page_was_shown(
    has_some: bool, shown: dict[str, int], operator: Client
) -> None:
    drain = services.create_drain(GOLD, "syslog://h:514")
    if has_some:
        DrainCursor.objects.create(drain=drain, topic="gs", partition=0, offset=5)
    changed = {"owner": "gold-gs", "new_url": "", "name": "new", **shown}

    assert operator.post(f"{LIST}{drain.pk}/change/", changed).status_code == 302

    drain.refresh_from_db()
    assert (drain.name, drain.cursors.count()) == ("new", int(has_some))


def test_a_sites_drain_can_be_added(operator: Client) -> None:
    operator.post(f"{LIST}add/", form(owner="site:WWW.gold.example.", paused="on"))

    drain = Drain.objects.get()
    assert (drain.key, drain.paused) == (SiteKey("www.gold.example"), True)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"new_url": ""}, "a URL is required"),
        ({"new_url": "syslog://h"}, "a syslog URL needs a port"),
        ({"owner": "gold-"}, "does not name an app and a space"),
        ({"owner": "gold-GS"}, "may have only"),
        ({"owner": "bold-gs"}, "exists already"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    wrong: dict[str, str], said: str, operator: Client
) -> None:
    services.create_drain(AppKey("bold", "gs"), "syslog://h:514")

    answer = operator.post(f"{LIST}add/", form(**wrong))

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert Drain.objects.count() == 1


def test_an_edit_keeps_the_url_unless_a_new_one_is_given(operator: Client) -> None:
    drain = services.create_drain(GOLD, "https://user:hunter2@h.example/in")
    page = f"{LIST}{drain.pk}/change/"

    assert "hunter2" not in operator.get(page).content.decode()
    operator.post(page, form(new_url="", name="kept"))
    assert Drain.objects.get().plain_url == "https://user:hunter2@h.example/in"
    operator.post(page, form(new_url="syslog://other:1514"))
    assert Drain.objects.get().plain_url == "syslog://other:1514"


def test_drains_are_paused_resumed_and_deleted_in_the_list(operator: Client) -> None:
    drain = services.create_drain(GOLD, "syslog://h:514")
    for action, paused in (("pause", True), ("resume", False)):
        before = route_mark()
        operator.post(LIST, {"action": action, "_selected_action": [drain.pk]})
        assert Drain.objects.get().paused is paused
        assert route_mark() > before

    before = route_mark()
    operator.post(
        LIST, {"action": "delete_selected", "_selected_action": [drain.pk], "post": "yes"}
    )
    assert not Drain.objects.exists()
    assert route_mark() > before


def test_the_list_finds_and_tells_no_secret(operator: Client) -> None:
    services.create_drain(GOLD, "https://user:hunter2@logs.example/in?token=t0p")
    services.create_drain(AppKey("bold", "gs"), "syslog://h:514")

    page = operator.get(LIST, {"q": "logs.example"}).content.decode()

    assert "<b>gold</b>-gs" in page
    assert "<b>bold</b>-gs" not in page
    assert "hunter2" not in page
    assert "t0p" not in page


def test_a_failing_drain_shows_why(operator: Client) -> None:
    drain = services.create_drain(GOLD, "syslog://logs.example:514")
    now = timezone.now()
    DrainStatus.objects.create(
        drain=drain,
        worker="w",
        state="failing",
        last_error="connection <refused>",
        last_error_at=now,
        reported_at=now,
    )

    page = operator.get(LIST).content.decode()
    one = operator.get(f"{LIST}{drain.pk}/change/").content.decode()

    assert ">connection &lt;refused&gt;</span>" in page
    assert "connection &lt;refused&gt; (20" in one
    assert 'class="why error">connection &lt;refused&gt;<' in one


def test_a_long_list_takes_no_more_queries(
    operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        services.create_drain(AppKey(f"app{number}", "gs"), "syslog://h:514")

    with django_assert_max_num_queries(10):
        operator.get(LIST)
