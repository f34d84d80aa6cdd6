"""Who acts is known from the beginning of a request to its end, and not a moment longer."""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from events.acting import SYSTEM, act_as, acting
from logshuttle_site.audit.command import command_actor
from logshuttle_site.middleware import RequestId


def test_a_request_begins_as_nobodys_and_is_over_when_it_is_answered() -> None:
    seen = []

    def answer(request: Any) -> HttpResponse:
        seen.append(acting())
        act_as("key", "mine")
        seen.append(acting())
        return HttpResponse()

    request = RequestFactory().get("/", headers={"X-Request-Id": "abcdefgh-1"})
    assert RequestId(answer)(request)["X-Request-Id"] == "abcdefgh-1"

    assert [(of.kind, of.name) for of in seen] == [("nobody", ""), ("key", "mine")]
    assert {(of.address, of.request_id) for of in seen} == {("127.0.0.1", "abcdefgh-1")}
    assert acting() == SYSTEM


def test_also_where_it_fails() -> None:
    def fail(request: Any) -> HttpResponse:
        act_as("user", "op")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        RequestId(fail)(RequestFactory().get("/"))
    assert acting() == SYSTEM


def test_a_thread_that_is_used_again_knows_nothing_of_the_one_before() -> None:
    def answer(request: Any) -> HttpResponse:
        name = acting().name
        act_as("key", request.path)
        return HttpResponse(name)

    with ThreadPoolExecutor(1) as thread:
        requests = [RequestFactory().get(f"/{number}") for number in range(3)]
        answers: list[Any] = list(thread.map(RequestId(answer), requests))
        assert thread.submit(acting).result() == SYSTEM

    assert [of.content for of in answers] == [b"", b"", b""]
    assert len({of["X-Request-Id"] for of in answers}) == 3


def test_a_request_without_an_id_has_the_one_that_its_answer_has() -> None:
    seen = []

    def answer(request: Any) -> HttpResponse:
        seen.append(acting().request_id)
        return HttpResponse()

    assert [RequestId(answer)(RequestFactory().get("/"))["X-Request-Id"]] == seen != [""]


def test_a_command_is_told_by_its_name_and_never_by_its_options(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)

    actor = command_actor(["drains", "add", "gold-gs", "https://user:secret@h"])

    assert actor[:3] == ("command", "drains by user 4000000000", platform.node())
    assert len(actor.request_id) == 36
