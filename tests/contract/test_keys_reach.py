"""API keys: whose drains and lines they reach, and what of them is seen."""

from __future__ import annotations

from typing import Any

import pytest

from drains import services as drains
from drains.models import Drain
from events.keys import AppKey, Key, SiteKey
from sessions_app.models import TailSession
from tests.contract.conftest import KEY, Api, is_problem
from tests.support.keys import new_key

APP = "/apps/gold-gs/log-drains"
URL = "https://me:hunter2@logs.example.com:443/in?key=hunter2"
MASKED = "https://me:***@logs.example.com:443/in?***"
NO_DRAIN = "No such log drain or app found"

pytestmark = pytest.mark.django_db


# What is seen.


def test_urls_and_headers_are_shown_to_who_may_see_secrets() -> None:
    wanted = {"url": URL.replace("me:hunter2@", ""), "headers": {"X-Key": "hunter2"}}
    made = Api(KEY).post(APP, wanted).json()
    assert made["headers"] == {"X-Key": "hunter2"}
    one = f"{APP}/{made['id']}"
    for scopes in (("drains",), ("read",), ("operator",)):
        api = Api(new_key(*scopes))
        answers = [api.get(one).json(), api.get(APP).json()[0]]
        if scopes != ("read",):
            answers += [api.patch(one, {"name": "n"}).json(), api.post(f"{one}/pause").json()]
        if scopes == ("operator",):
            answers += api.get("/log-drains").json()["results"]
        for shown in answers:
            assert "hunter2" not in str(shown)
            assert shown["url"] == MASKED.replace("me:***@", "")
            assert shown["headers"] == {"X-Key": "***"}
        with_secrets = Api(new_key(*scopes, "secrets")).get(one).json()
        assert (with_secrets["url"], with_secrets["headers"]) == (made["url"], made["headers"])


def test_what_is_made_and_deleted_is_masked_too() -> None:
    api = Api(new_key("drains"))
    made = api.post(APP, {"url": URL}).json()
    assert made["url"] == MASKED
    assert api.delete(f"{APP}/{made['id']}").json()["url"] == MASKED


def test_what_was_masked_cannot_be_sent_back() -> None:
    made = Api(KEY).post(APP, {"url": "https://h.example/", "headers": {"X-Key": "hunter2"}})
    one = f"{APP}/{made.json()['id']}"
    api = Api(new_key("drains"))
    problem = is_problem(api.patch(one, {"headers": {"X-Key": "***"}}), 422)
    assert problem["errors"][0]["field"] == "headers.X-Key"
    assert "an answer left the value out" in problem["detail"]
    is_problem(api.patch(one, {"url": MASKED}), 422)
    assert dict(Drain.objects.get().options.headers) == {"X-Key": "hunter2"}


# Whose drains and lines: S3.

OWNERS: list[Key] = [
    AppKey("a", "bc"),
    AppKey("ab", "c"),
    AppKey("a", "b"),
    AppKey("aa", "b"),
    AppKey("a", "b-c"),
    AppKey("b", "a"),
    AppKey("a", "default"),
    SiteKey("a-b"),
    SiteKey("a.b"),
    SiteKey("aa.b"),
]


def paths_of(owner: Any) -> str:
    return f"/{'sites' if isinstance(owner, SiteKey) else 'apps'}/{owner}/log-drains"


def entry(owner: Any) -> str:
    return f"site:{owner}" if isinstance(owner, SiteKey) else f"app:{owner}"


@pytest.mark.parametrize("mine", OWNERS, ids=entry)
def test_an_owners_key_sees_its_own_and_nothing_of_others(mine: Any) -> None:
    made = {of: drains.create_drain(of, "syslog://h.example:514", begin=()) for of in OWNERS}
    api = Api(new_key("drains", "sessions", "events", reach=[entry(mine)]))
    assert [of["id"] for of in api.get(paths_of(mine)).json()] == [str(made[mine].pk)]
    for of, drain in made.items():
        others_id = f"{paths_of(mine)}/{drain.pk}"
        assert api.get(others_id).status_code == (200 if of == mine else 404)
        if of == mine:
            continue
        path = paths_of(of)
        for answer in (
            api.get(path),
            api.post(path, {"url": "syslog://g.example:514"}),
            api.get(f"{path}/{drain.pk}"),
            api.patch(f"{path}/{drain.pk}", {"paused": True}),
            api.delete(f"{path}/{drain.pk}"),
            api.delete(others_id),
            api.post(f"{path}/{drain.pk}/pause"),
            api.post(f"{path}/{drain.pk}/replay", {"since": "1h"}),
        ):
            assert is_problem(answer, 404)["message"] == NO_DRAIN
    assert Drain.objects.filter(paused=False).count() == len(OWNERS)


def test_a_session_and_an_event_of_another_are_404() -> None:
    """However its name would be written in a path: `a-b` of `c` is another than `a` of `b-c`."""
    api = Api(new_key("sessions", "events", reach=["app:a-b-c", "site:a.b"]))
    for others in ({"app": "a-b", "space": "c"}, {"app": "a", "space": "b"}, {"site": "aa.b"}):
        assert is_problem(api.post("/log-sessions", others), 404)["detail"] == (
            "No such app or site found"
        )
    event = {"log": "x", "topic": "c", "kubernetes": {"container_name": "a-b"}}
    assert is_problem(api.post("/log-events", event), 404)["detail"] == "No such app or space found"
    for mine in ({"app": "a--worker", "space": "b-c"}, {"site": "A.B."}):
        assert api.post("/log-sessions", mine).status_code == 201
    assert TailSession.objects.count() == 2


def test_a_refusal_says_nothing_of_what_is_there() -> None:
    """Another's app that has drains, one that has none, and one that cannot be."""
    drains.create_drain(AppKey("bold", "gs"), "syslog://h.example:514", begin=())
    api = Api(new_key("drains", reach=["app:gold-gs"]))
    told = {api.get(f"/apps/{of}/log-drains").content for of in ("bold-gs", "cold-gs", "b o-gs")}
    assert len(told) == 1
