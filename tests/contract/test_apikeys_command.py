"""`manage.py apikeys` at a terminal and in scripts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from logshuttle_site.access.endings import ending_of
from logshuttle_site.access.models import ApiKey
from tests.contract.conftest import Api, is_problem

APP = "/apps/gold-gs/log-drains"
GOLD = ("create", "gold's", "--scope", "drains", "--reach", "app:gold-gs")

pytestmark = pytest.mark.django_db


def apikeys(*words: str) -> str:
    out = StringIO()
    call_command("apikeys", *words, stdout=out, skip_checks=True)
    return out.getvalue()


def as_json(*words: str) -> Any:
    return json.loads(apikeys(*words, "--json"))


def test_a_key_is_made_and_shown_once() -> None:
    said = apikeys(*GOLD, "--scope", "secrets", "--expires", "90d")
    key = next(word for word in said.split() if word.startswith("ls_"))
    assert "shown this once" in said
    assert "may       drains, secrets" in said
    assert "reaches   app:gold-gs" in said
    assert Api(key).get(APP).status_code == 200
    assert key not in apikeys("list", "--all")
    assert key not in apikeys("list", "--json")


def test_keys_are_listed(api: Api) -> None:
    made = as_json(*GOLD, "--expires", "never")
    head, row = apikeys("list").splitlines()
    assert head.split() == ["PREFIX", "NAME", "STATE", "ENDS", "LAST", "USED", "MAY", "REACHES"]
    assert row.split() == [
        *(made["prefix"], "gold's", "alive", "never", "never", "drains", "app:gold-gs")
    ]
    Api(made["key"]).get(APP)
    (listed,) = as_json("list")
    assert listed["last_used_at"]
    assert {**made, "last_used_at": listed["last_used_at"]} == {"key": made["key"], **listed}


def test_a_key_is_replaced() -> None:
    old = as_json(*GOLD)
    said = apikeys("rotate", old["prefix"], "--beside", "12h")
    assert f"{old['prefix']} (gold's) ends " in said
    new = next(word for word in said.split() if word.startswith("ls_"))
    for key in (old["key"], new):
        assert Api(key).get(APP).status_code == 200
    (_, listed) = as_json("list")
    ends = datetime.fromisoformat(listed["expires_at"])
    assert abs(ends - timezone.now() - timedelta(hours=12)) < timedelta(minutes=1)


def test_a_key_with_other_scopes_may_replace_one() -> None:
    old = as_json(*GOLD)
    new = as_json(*GOLD, "--scope", "sessions", "--replaces", old["prefix"], "--beside", "1h")
    assert (new["replaces"], new["scopes"]) == (old["prefix"], ["drains", "sessions"])


def test_keys_are_revoked() -> None:
    made = [as_json(*GOLD) for _ in range(2)]
    prefixes = [key["prefix"] for key in made]
    with pytest.raises(CommandError, match="there is no key 'nobodys'"):
        apikeys("revoke", prefixes[0], "nobodys")
    assert ApiKey.objects.filter(revoked_at=None).count() == 2
    assert apikeys("revoke", *prefixes).count("is revoked.") == 2
    assert "was revoked before" in apikeys("revoke", prefixes[0])
    assert apikeys("list").count("\n") == 1
    assert apikeys("list", "--all").count("revoked") == 2
    is_problem(Api(made[0]["key"]).get(APP), 401)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("create", "x", "--scope", "drains"), "--reach: is empty"),
        (("create", "x", "--scope", "drains", "--reach", "gold-gs"), "--reach: 'gold-gs' is none"),
        (("create", "", "--scope", "operator"), "name: is empty"),
        (("create", "x", "--scope", "all"), "invalid choice: 'all'"),
        (("create", "x"), "--scope"),
        (
            (*GOLD, "--expires", "soon"),
            "'soon' is neither a span such as 90d, 12h or 30m",
        ),
        ((*GOLD, "--expires", "2020-01-31"), "'2020-01-31' is over"),
        ((*GOLD, "--expires", "60s"), "'60s' is neither a span such as 90d, 12h or 30m"),
        ((*GOLD, "--expires", "99999d"), "more than 20 years away: write never"),
        ((*GOLD, "--replaces", "nobodys"), "there is no key 'nobodys'"),
        (("rotate", "nobodys", "--beside", "never"), "say when the old one ends"),
        (("rotate", "nobodys"), "there is no key 'nobodys'"),
    ],
)
def test_what_makes_no_sense_is_said(words: tuple[str, ...], why: str) -> None:
    with pytest.raises(CommandError) as caught:
        apikeys(*words)
    assert why in str(caught.value)
    assert not ApiKey.objects.exists()


NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("90d", NOW + timedelta(days=90)),
        (" 12h ", NOW + timedelta(hours=12)),
        ("2027-01-31", datetime(2027, 2, 1, tzinfo=UTC)),
        ("2026-11-28", datetime(2026, 11, 29, tzinfo=UTC)),
        ("2027-01-31T12:00:00+01:00", datetime(2027, 1, 31, 11, tzinfo=UTC)),
        ("never", None),
    ],
)
def test_an_end_is_a_span_a_day_or_a_time(text: str, ends: datetime | None) -> None:
    assert ending_of(text, NOW) == ends


@pytest.mark.parametrize("text", ["", "0d", "-1d", "2027-02-30", "2026-11-27", "1", "d", "9" * 99])
def test_what_is_no_end_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither|over"):
        ending_of(text, NOW)
