"""The first page of the admin: it answers, and lets an operator act on the spot."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from drains import services
from drains.models import Drain
from events.keys import AppKey
from shuttle.commit.rollup_rows import write_figures
from shuttle.commit.store import FeedStatus, Figures, RollupNote, WorkerNote
from tests.support.reports import write_statuses

PAGE, PARTS, ACT = "/admin/", "/admin/overview/parts", "/admin/overview/act"
HOST = "logs.example.com"
HOSTILE = "<script>alert(1)</script>"


def make(app: str, url: str = "syslog://logs.example.com:514") -> Drain:
    return services.create_drain(AppKey(app, "gs"), url, begin=())


def fail(*drains: Drain, why: str = "connection refused") -> None:
    statuses = [FeedStatus(str(of.pk), "failing", why, 1.8e9, None, lines_sent=1) for of in drains]
    write_statuses("w1", statuses)


def work(**changes: Any) -> None:
    about = WorkerNote("w1", "host-1", "1.0", started_at=1.8e9)
    row = RollupNote("hour", 1.8e9, {"received": {"router": 5}}, {"apps": {"a-gs": [5, 9]}})
    write_figures(Figures(about._replace(**changes), [row]))


def text_of(html: bytes) -> str:
    words = re.sub(r"<[^>]*>", " ", html.decode())
    return " ".join(words.replace("\u00a0", " ").split())


def test_the_first_sentence_stands_on_it(operator: Client) -> None:
    make("gold")
    fail(make("lead"))
    work()
    page = operator.get(PAGE)

    assert page.status_code == 200
    shown = text_of(page.content)
    assert "1 of 2 drains fails (1 receiver)." in shown
    assert "logs.example.com:514 connection refused" in shown
    assert "Nothing listens there" in shown
    assert "host-1" in shown


def test_an_empty_system_says_how_to_begin(operator: Client) -> None:
    shown = text_of(operator.get(PAGE).content)
    assert "No drains yet." in shown
    assert "Add a drain" in shown
    assert "No figures yet." in shown


def test_what_renews_it_is_its_parts_alone(operator: Client) -> None:
    fail(make("gold"))
    work()
    parts = operator.get(PARTS)
    assert parts.status_code == 200
    assert parts["Cache-Control"] == "no-store"
    assert b"<html" not in parts.content
    live = set(re.findall(rb'id="([a-z]+)" data-live', parts.content))
    assert live == set(re.findall(rb'id="([a-z]+)" data-live', operator.get(PAGE).content))
    assert len(live) >= 8


def test_parts_are_the_same_ones_whatever_there_is_to_show(operator: Client) -> None:
    """Or what comes later would have no place."""

    def ids() -> set[bytes]:
        return set(re.findall(rb'id="([a-z]+)" data-live', operator.get(PARTS).content))

    empty = ids()
    fail(make("gold"))
    work()
    assert ids() == empty


def test_what_receivers_and_apps_say_is_text(operator: Client) -> None:
    fail(make("gold"), why=HOSTILE)
    work(host=HOSTILE)
    assert HOSTILE.encode() not in operator.get(PARTS).content


def test_the_policy_lets_nothing_but_our_own_files_in(operator: Client, settings: Any) -> None:
    """And of evaluated code only what the theme makes of its own attributes."""
    for path in (PAGE, PARTS, "/admin/drains/drain/", "/admin/login/"):
        policy = operator.get(path)["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        allowed = "script-src 'self'" if "login" in path else "script-src 'self' 'unsafe-eval'"
        assert f"{allowed};" in policy
        assert "unsafe-inline" not in policy
    settings.SESSION_URL = "https://tail.example.com/logs"
    policy = operator.get(PAGE)["Content-Security-Policy"]
    assert policy.endswith("; form-action 'self' https://tail.example.com")
    for html in (operator.get(PAGE).content, operator.get(PARTS).content):
        assert b"style=" not in html
        assert not re.search(rb"<script(?![^>]*\bsrc=)", html)


@pytest.mark.parametrize("path", [PAGE, PARTS])
def test_it_shows_a_day_or_a_week_too(operator: Client, path: str) -> None:
    fail(make("gold"))
    work()
    for wanted in ("1h", "24h", "7d"):
        page = operator.get(path, {"range": wanted}).content.decode()
        assert f'id="range-{wanted}" aria-current="true"' in page
    assert operator.get(path, {"range": "2h"}).status_code == 400


@pytest.mark.parametrize("path", [PARTS, ACT])
def test_outsiders_are_sent_to_the_login(db: None, path: str) -> None:
    answer = Client().get(path) if path == PARTS else Client().post(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def act(client: Client, action: str, port: str = "514", why: str = "connection refused") -> Any:
    return client.post(ACT, {"action": action, "host": HOST, "port": port, "why": why})


def test_failing_drains_of_a_receiver_are_paused_together_and_no_others(operator: Client) -> None:
    sick, well = [make("gold"), make("lead")], make("tin")
    elsewhere = make("zinc", "syslog://logs.example.com:1514")
    fail(*sick, elsewhere)
    otherwise = make("salt")
    fail(otherwise, why="timed out")
    answer = act(operator, "pause")

    assert answer.json()["said"].startswith("2 drains paused")
    paused = set(Drain.objects.filter(paused=True).values_list("pk", flat=True))
    assert paused == {drain.pk for drain in sick}
    assert not paused & {well.pk, otherwise.pk}


def test_they_are_tried_at_once(operator: Client) -> None:
    fail(make("gold"))
    assert act(operator, "try").json()["said"].startswith("1 drain tried")
    assert Drain.objects.get().tries == 1


def test_a_test_line_goes_to_one_of_them_and_its_steps_are_told(operator: Client) -> None:
    drain = make("gold")
    drain.url = "syslog://127.0.0.1:1"  # which no drain may have: nothing is dialled
    drain.save()
    fail(drain)
    told = act(operator, "test").json()
    assert (told["ok"], told["steps"][0]["step"]) == (False, "resolve")
    assert "refused by policy" in told["steps"][0]["detail"]


def test_nothing_is_left_to_be_tested(operator: Client) -> None:
    make("gold")
    assert act(operator, "test").json() == {"said": "None of them fails any more."}


@pytest.mark.parametrize(
    ("action", "port"), [("delete", "514"), ("", "514"), ("pause", "x"), ("pause", "9" * 9)]
)
def test_what_makes_no_sense_is_refused(operator: Client, action: str, port: str) -> None:
    fail(make("gold"))
    assert act(operator, action, port=port).status_code == 400
    assert not Drain.objects.get().paused


def test_who_may_only_look_changes_nothing(db: None) -> None:
    reader = User.objects.create_user("reader", password="secret", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_drain"))
    client = Client()
    client.force_login(reader)
    fail(make("gold"))

    assert client.get(PAGE).status_code == 200
    assert act(client, "pause").status_code == 403
    assert not Drain.objects.get().paused


def test_who_may_not_even_look_sees_nothing_of_drains(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("guest", password="secret", is_staff=True))
    fail(make("gold"))

    page = client.get(PAGE)
    assert page.status_code == 200
    assert b"logs.example.com" not in page.content
    assert client.get(PARTS).status_code == 403


def test_a_request_of_another_site_does_nothing(operator: Client) -> None:
    fail(make("gold"))
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    assert act(strict, "pause").status_code == 403


def test_it_asks_as_often_however_many_drains_there_are(
    operator: Client, django_assert_num_queries: Any
) -> None:
    fail(*(make(f"app{n}") for n in range(5)))
    work()
    with django_assert_num_queries(10):  # two of them ask who it is
        operator.get(PARTS)


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml", "*/*", ""])
def test_a_browser_at_the_root_is_led_to_it_and_nobody_else(db: None, accept: str) -> None:
    answer = Client(headers={"Accept": accept}).get("/")
    if "html" in accept:
        assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    else:
        assert answer.status_code == 401
