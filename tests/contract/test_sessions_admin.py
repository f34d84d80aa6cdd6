"""Log sessions in the admin, as an operator uses them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from drains import services as drains
from events.keys import AppKey, SiteKey
from sessions_app import selectors, services, tail_rows
from sessions_app.models import FRESH, TailSession, Viewers
from sessions_app.past import Past
from sessions_app.tail.session import Selection
from sessions_app.tail.teller import TailFigures

LIST, ADD = "/admin/sessions_app/tailsession/", "/admin/sessions_app/tailsession/add/"
AGAIN = f"{LIST}again/"
DRAINS = "/admin/drains/drain/"
GOLD = AppKey("gold", "gs")
TAIL_URL = re.compile(r"http://testserver/log-sessions/([0-9a-f-]{36})")
BUTTON = re.compile(r'formaction="([^"]+)"[^>]* name="(\w+)" value="([^"]+)">Tail<')


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def row(db: None) -> TailSession:
    return services.open_session(Selection(GOLD), Past(100))[1]


def test_a_stranger_is_sent_to_the_login(db: None) -> None:
    assert Client().post(ADD, {"owner": "gold-gs"})["Location"].startswith("/admin/login/")
    assert not TailSession.objects.exists()


def test_the_buttons_of_drains_open_a_tail(operator: Client) -> None:
    drain = drains.create_drain(GOLD, "syslog://h:514")
    site = drains.create_drain(SiteKey("www.gold.example"), "syslog://h:514")

    buttons = BUTTON.findall(operator.get(DRAINS).content.decode())
    assert {button[2] for button in buttons} == {"gold-gs", "site:www.gold.example"}
    for target, name, value in buttons:
        assert TAIL_URL.fullmatch(operator.post(target, {name: value})["Location"])
    assert {row.key for row in TailSession.objects.all()} == {drain.key, site.key}
    for one in (drain, site):
        page = operator.get(f"{DRAINS}{one.pk}/change/").content.decode()
        assert f'action="{ADD}"' in page
        assert ">Tail</button>" in page


def test_nothing_is_opened_by_looking(operator: Client) -> None:
    assert operator.get(ADD, {"owner": "gold-gs"}).status_code == 200
    assert not TailSession.objects.exists()


def test_a_tail_is_opened_by_the_rules_of_the_api(operator: Client) -> None:
    form = {"owner": "gold-gs", "lines": 200_000, "no_tail": "on", "q": " error"}
    answer = operator.post(
        ADD, {**form, "source": ["app"], "process": "web, worker", "stream": ["stderr"]}
    )

    match = TAIL_URL.fullmatch(answer["Location"])
    assert match is not None
    session = selectors.find_session(match[1])
    assert session is not None
    assert (session.lines, session.tail) == (100_000, False)
    assert session.selection == Selection(
        GOLD,
        frozenset({"app"}),
        frozenset({"web", "worker"}),
        frozenset({"stderr"}),
        " error",
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"owner": ""}, "This field is required"),
        ({"owner": "gold-"}, "does not name an app and a space"),
        ({"owner": "gold-GS"}, "may have only"),
        ({"owner": "site:"}, "is required"),
        ({"lines": -1}, "must be a whole number from 0"),
        ({"q": "x" * 1001}, "is longer than"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    wrong: dict[str, Any], said: str, operator: Client
) -> None:
    answer = operator.post(ADD, {"owner": "gold-gs", **wrong})

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not TailSession.objects.exists()


def test_too_many_are_said(operator: Client, row: TailSession, settings: Any) -> None:
    settings.MAX_SESSIONS_PER_APP = 1

    page = operator.post(ADD, {"owner": "gold-gs"}).content.decode()

    assert "1 log sessions are open for gold-gs" in page


def test_where_no_sessions_are_served_their_url_must_be_known(
    operator: Client, settings: Any
) -> None:
    settings.RUN_SESSION = False
    page = operator.post(ADD, {"owner": "gold-gs"}).content.decode()
    assert "SESSION_URL has to say where" in page

    settings.SESSION_URL = "https://tail.example"
    answer = operator.post(ADD, {"owner": "gold-gs"})
    assert answer["Location"].startswith("https://tail.example/log-sessions/")


def test_they_are_listed_and_revoked(operator: Client, row: TailSession) -> None:
    other = services.open_session(Selection(AppKey("bold", "gs")), Past(0))[1]
    TailSession.objects.filter(pk=other.pk).update(ends_at=timezone.now() - timedelta(seconds=1))
    assert "gold-gs" in operator.get(f"{LIST}{row.pk}/change/").content.decode()

    for state, shown in (("alive", {"gold-gs"}), ("over", {"bold-gs"})):
        page = operator.get(LIST, {"state": state}).content.decode()
        assert {key for key in ("gold-gs", "bold-gs") if f">{key}</a>" in page} == shown
    operator.post(LIST, {"action": "revoke", "_selected_action": [row.pk]})
    assert {one.state for one in TailSession.objects.all()} == {"revoked", "over"}


def test_who_may_only_look_opens_and_revokes_nothing(row: TailSession) -> None:
    user = get_user_model().objects.create_user("watcher", is_staff=True)
    views = Permission.objects.filter(codename__in=("view_tailsession", "view_drain"))
    user.user_permissions.set(views)
    drain = drains.create_drain(GOLD, "syslog://h:514")
    watcher = Client()
    watcher.force_login(user)

    for page in (LIST, DRAINS, f"{DRAINS}{drain.pk}/change/"):
        assert ">Tail</button>" not in watcher.get(page).content.decode()
    assert watcher.post(ADD, {"owner": "gold-gs"}).status_code == 403
    watcher.post(LIST, {"action": "revoke", "_selected_action": [row.pk]})
    assert TailSession.objects.get().state == "new"


def test_how_many_read_one_is_known_without_asking_for_each(
    operator: Client, row: TailSession, django_assert_num_queries: Any
) -> None:
    def cells() -> list[str]:
        page = operator.get(LIST).content.decode()
        return re.findall(r'class="field-viewers[^"]*">([^<]*)<', page)

    assert cells() == ["–"], "no web process has told"
    for _ in range(3):
        services.open_session(Selection(GOLD), Past(0))
    for process in ("p1", "p2"):
        tail_rows.write(TailFigures(process, {row.name: 2}, frozenset()))
    assert sorted(cells()) == ["0", "0", "0", "4"]
    Viewers.objects.filter(process="p1").update(reported_at=timezone.now() - 2 * FRESH)
    assert sorted(cells()) == ["0", "0", "0", "2"]
    with CaptureQueriesContext(connection) as few:
        cells()
    for _ in range(3):
        services.open_session(Selection(AppKey("bold", "gs")), Past(0))
    with django_assert_num_queries(len(few)):
        assert len(cells()) == 7
    assert ">2<" in operator.get(f"{LIST}{row.pk}/change/").content.decode()


def test_one_that_is_over_is_opened_again_by_its_page(operator: Client) -> None:
    asked = Selection(GOLD, frozenset({"app"}), frozenset({"web"}), frozenset({"stderr"}), "x")
    session_id, row = services.open_session(asked, Past(7))
    services.revoke(row)

    answer = operator.post(AGAIN, {"id": session_id})
    assert answer.status_code == 201
    found = TAIL_URL.fullmatch(answer.json()["url"])
    assert found
    assert found[1] != session_id
    again = selectors.look_up(found[1], None)
    assert (again.session.selection, again.lines, again.tail) == (asked, 1500, True)


def test_it_is_opened_again_by_our_own_page_alone(operator: Client) -> None:
    session_id, _ = services.open_session(Selection(GOLD), Past(7))
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    assert strict.post(AGAIN, {"id": session_id}).status_code == 403
    token = strict.get(AGAIN).json()["token"]
    answer = strict.post(AGAIN, {"id": session_id}, headers={"X-CSRFToken": token})
    assert answer.status_code == 201
    assert TailSession.objects.count() == 2


def test_one_that_nobody_remembers_is_not_opened_again(operator: Client, settings: Any) -> None:
    for session_id in ("", "nonsense", "0b3c1a52-5f4e-4c3f-9a37-2f6a52f0c9d1"):
        answer = operator.post(AGAIN, {"id": session_id})
        assert answer.status_code == 404
        assert "remembers" in answer.json()["detail"]
    session_id, _ = services.open_session(Selection(GOLD), Past(7))
    settings.MAX_SESSIONS_PER_APP = 1
    answer = operator.post(AGAIN, {"id": session_id})
    assert answer.status_code == 429
    assert "are open for gold-gs" in answer.json()["detail"]


def test_who_is_not_logged_in_is_told_so_by_a_redirect(db: None) -> None:
    assert Client().get(AGAIN)["Location"].startswith("/admin/login/")
