"""`ETag` and `If-Match`: nobody undoes what somebody else has changed meanwhile (docs/api.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone

from drains import services, settings_tag
from drains.models import Drain, DrainStatus
from tests.contract.conftest import Api, is_problem
from tests.support.certificates import Authority

APP, SITE = "/apps/gold-gs/log-drains", "/sites/www.gold.example/log-drains"
URL = "https://me:hunter2@logs.example.com/in"
CLIENT = Authority().client()


@pytest.fixture
def one(api: Api) -> str:
    """The path of a drain."""
    return f"{APP}/{api.post(APP, {'url': URL}).json()['id']}"


def tag_of(api: Api, path: str) -> str:
    tag: str = api.get(path)["ETag"]
    return tag


@pytest.mark.parametrize("path", [APP, SITE])
def test_every_answer_with_one_drain_has_its_tag(path: str, api: Api) -> None:
    made = api.post(path, {"url": URL, "headers": {"X-A": "1"}})
    one = f"{path}/{made.json()['id']}"

    assert made["ETag"].startswith('"')
    assert api.get(one)["ETag"] == api.patch(one, {}).headers["ETag"] == made["ETag"]
    assert api.post(f"{one}/retry")["ETag"] == api.post(f"{one}/resume")["ETag"] == made["ETag"]
    assert api.post(f"{one}/pause")["ETag"] != made["ETag"]


def test_how_it_is_doing_is_no_part_of_it(api: Api, one: str) -> None:
    before = tag_of(api, one)

    DrainStatus.objects.create(
        drain=Drain.objects.get(), worker="w", state="failing", reported_at=timezone.now()
    )

    assert api.get(one).json()["state"] == "failing"
    assert tag_of(api, one) == before


CHANGES: list[tuple[str, Any]] = [
    ("url", "https://me:hunter3@logs.example.com/in"),
    ("name", "archive"),
    ("paused", True),
    ("framing", "octet"),
    ("format", "logplex"),
    ("on_lag", "skip"),
    ("max_lag_seconds", 60),
    ("connections", 2),
    ("max_record_bytes", 8192),
    ("filter", {"include": "a"}),
    ("headers", {"X-A": "1"}),
    ("tls", {"certificate": CLIENT.chain, "key": CLIENT.key}),
]


@pytest.mark.parametrize(("member", "value"), CHANGES, ids=lambda each: str(each)[:20])
def test_what_has_changed_since_is_named(member: str, value: Any, api: Api, one: str) -> None:
    held = tag_of(api, one)
    assert api.patch(one, {member: value}).status_code == 200

    refused = api.call("PATCH", one, {"name": "mine"}, **{"If-Match": held})

    body = is_problem(refused, 412)
    assert body["changed"] == [member]
    assert f"changed since it was read: {member}. " in body["detail"]
    assert "hunter" not in body["detail"]
    assert api.get(one).json()["name"] != "mine"


def test_every_member_that_can_be_set_is_in_it() -> None:
    assert [member for member, _ in CHANGES] == list(settings_tag._MEMBERS)


def test_all_that_have_changed_are_named(api: Api, one: str) -> None:
    held = tag_of(api, one)
    api.patch(one, {"name": "n", "filter": {"include": "a"}, "framing": "octet"})

    refused = api.call("DELETE", one, **{"If-Match": held})

    assert is_problem(refused, 412)["changed"] == ["name", "framing", "filter"]


Held = Callable[[str], str]


@pytest.mark.parametrize(
    "held", [str, lambda tag: "*", lambda tag: f'"x", {tag}', lambda tag: f"W/{tag}"]
)
def test_a_tag_that_holds_lets_it_be_changed(held: Held, api: Api, one: str) -> None:
    headers = {"If-Match": held(tag_of(api, one))}

    assert api.call("PATCH", one, {"framing": "newline"}, **headers).status_code == 200
    assert api.call("GET", one, **headers).status_code == 200
    assert api.call("DELETE", one, **headers).status_code == 200


@pytest.mark.parametrize("held", ['"x"', '""', 'W/"x"', f'"{"A" * 104}"', '"é"', '"a", "b"'])
def test_what_is_no_tag_of_its_own_never_holds(held: str, api: Api, one: str) -> None:
    for method, path in (
        ("PATCH", one),
        ("POST", f"{one}/pause"),
        ("POST", f"{one}/retry"),
        ("GET", one),
    ):
        refused = api.call(method, path, {"name": "n"}, **{"If-Match": held})
        assert is_problem(refused, 412)["changed"] == []
    assert api.get(one).json()["name"] == ""


@pytest.mark.parametrize("held", ["", "x", '"x', "W/x", " , "])
def test_what_is_no_tag_at_all_is_400(held: str, api: Api, one: str) -> None:
    is_problem(api.call("PATCH", one, {"name": "n"}, **{"If-Match": held}), 400)


def test_another_drains_tag_does_not_hold(api: Api, one: str) -> None:
    other = api.post(SITE, {"url": URL})["ETag"]

    refused = api.call("PATCH", one, {"name": "n"}, **{"If-Match": other})

    assert is_problem(refused, 412)["changed"] == []


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_change_in_between_is_noticed(
    method: str, api: Api, one: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first look, before the row is locked."""
    held = tag_of(api, one)
    change, delete = services.change_drain, services.delete_drain

    def somebody_else_first(do: Callable[..., Any]) -> Callable[..., Any]:
        def both(drain: Drain, *args: Any, **options: Any) -> Any:
            change(Drain.objects.get(), name="theirs")
            return do(drain, *args, **options)

        return both

    monkeypatch.setattr(services, "change_drain", somebody_else_first(change))
    monkeypatch.setattr(services, "delete_drain", somebody_else_first(delete))
    refused = api.call(method, one, {"paused": True}, **{"If-Match": held})

    assert is_problem(refused, 412)["changed"] == ["name"]
    assert not Drain.objects.get().paused


def test_a_tag_holds_while_keys_change(api: Api, one: str, settings: Any) -> None:
    held = tag_of(api, one)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 6, [settings.SECRET_KEY]

    assert tag_of(api, one) != held
    assert api.call("PATCH", one, {"name": "n"}, **{"If-Match": held}).status_code == 200
    assert is_problem(api.call("GET", one, **{"If-Match": held}), 412)["changed"] == ["name"]


def test_one_that_nobody_can_read_has_a_tag(api: Api, one: str, settings: Any) -> None:
    api.patch(one, {"headers": {"X-A": "1"}})
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    held = tag_of(api, one)

    mended = {"url": URL, "headers": {}}
    assert api.call("PATCH", one, mended, **{"If-Match": held}).status_code == 200
