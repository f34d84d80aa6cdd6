"""`manage.py drains` at a terminal and in scripts."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from drains.models import Drain
from tests.contract.conftest import Api

URL = "syslog://logs.example.com:514"


def drains(*words: str) -> str:
    out = StringIO()
    call_command("drains", *words, stdout=out)
    return out.getvalue()


def as_json(*words: str) -> Any:
    return json.loads(drains(*words, "--json"))


@pytest.fixture
def made(api: Api) -> str:
    """An id."""
    (found,) = as_json("add", "gold-gs", URL, "--name", "mine", "--option", "framing=octet")
    return str(found["id"])


def test_one_that_is_added_is_the_one_that_the_api_shows(api: Api, made: str) -> None:
    shown = api.get(f"/apps/gold-gs/log-drains/{made}").json()
    assert (shown["url"], shown["name"], shown["framing"]) == (URL, "mine", "octet")
    assert as_json("list") == [{"owner": "gold-gs", **shown}]


def test_a_table_is_for_people(api: Api, made: str) -> None:
    head, row = drains("list").splitlines()
    assert head.split() == ["ID", "OWNER", "STATE", "BEHIND", "RECEIVER", "WHY"]
    assert row.split() == [made, "gold-gs", "unknown", "0", URL]


def test_a_list_is_narrowed(api: Api, made: str) -> None:
    assert len(as_json("list", "--host", "logs.example.com", "--state", "unknown")) == 1
    assert as_json("list", "--space", "other") == []
    with pytest.raises(CommandError, match="is none of"):
        drains("list", "--state", "ill")


def test_drains_are_paused_resumed_retried_and_deleted(api: Api, made: str) -> None:
    (paused,) = as_json("pause", made)
    assert paused["paused"] is True
    with pytest.raises(CommandError, match="paused"):
        drains("retry", made)
    (resumed,) = as_json("resume", made)
    assert resumed["paused"] is False
    drains("retry", made)
    assert Drain.objects.get(pk=made).tries == 1

    (deleted,) = as_json("delete", made)
    assert deleted["id"] == made
    assert not Drain.objects.exists()
    with pytest.raises(CommandError, match=f"no drain {made}"):
        drains("delete", made)


def test_nothing_is_done_where_one_of_them_is_not_there(api: Api, made: str) -> None:
    with pytest.raises(CommandError, match="no drain nonsense"):
        drains("pause", made, "nonsense")
    assert not Drain.objects.get(pk=made).paused


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("add", "gold", URL), "names no space"),
        (("add", "gold-gs", "tcp://h:1"), "url: the URL's scheme"),
        (("add", "gold-gs", URL, "--option", "framing"), "NAME=VALUE"),
        (("add", "gold-gs", URL, "--option", "framin=octet"), "did you mean framing"),
        (("add", "gold-gs", URL, "--option", "connections=many"), "connections:"),
    ],
)
def test_what_is_wrong_is_said_in_words(api: Api, words: tuple[str, ...], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        drains(*words)
    assert not Drain.objects.exists()


def test_a_test_line_that_does_not_get_there_is_a_failure(
    api: Api, made: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No name is looked up: the address is one that drains may not send to."""
    Drain.objects.filter(pk=made).update(url=Drain(url="syslog://127.0.0.1:1").url)
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 1 got no test line") as caught:
        call_command("drains", "test", made, stdout=out)
    assert caught.value.returncode == 1
    assert "✗ resolve" in out.getvalue()
    assert "refused by policy" in out.getvalue()
