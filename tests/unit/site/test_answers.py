"""Requests are counted by their routes, whatever paths somebody makes up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve

from logshuttle_site.answers import counting
from logshuttle_site.answers.counting import Counted, route_of
from logshuttle_site.answers.metrics import Answers

pytestmark = pytest.mark.django_db


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    made = Answers()
    monkeypatch.setattr(counting, "ANSWERS", made)
    return made


def samples(answers: Answers, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in answers.collect()
        for sample in family.samples
        if sample.name == name
    }


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/apps/gold-gs/log-drains", "/apps/{key}/log-drains"),
        ("/apps/lead-gs/log-drains/x/pause", "/apps/{key}/log-drains/{drain_id}/pause"),
        ("/log-sessions/the-secret", "/log-sessions/{session_id}"),
        ("/admin/drains/drain/5/change/", "/admin/drains/drain/{object_id}/change/"),
        ("/overview", "/overview"),
        ("/", "/"),
        ("/nothing/made/up", "none"),
    ],
)
def test_a_route_is_a_pattern_and_never_a_path(path: str, route: str) -> None:
    request = RequestFactory().get(path)
    request.resolver_match = resolve(path)

    assert route_of(request) == route


@pytest.mark.parametrize(
    ("path", "route"),
    [("/livez", "/livez"), ("/static/admin/css/base.css", "/static/"), ("/x", "none")],
)
def test_what_is_answered_before_any_view_has_one_too(path: str, route: str) -> None:
    assert route_of(RequestFactory().get(path)) == route


def test_answers_are_counted_by_route_and_class_of_status(answers: Answers) -> None:
    client = Client()
    for path in ("/livez", "/livez/", "/overview", "/made", "/up"):
        client.get(path)

    assert samples(answers, "logshuttle_web_requests_total") == {
        ("/livez", "2xx"): 2,
        ("/overview", "4xx"): 1,
        ("none", "4xx"): 2,
    }
    counts = samples(answers, "logshuttle_web_request_seconds_count")
    assert counts == {("/livez",): 2, ("/overview",): 1, ("none",): 2}


def test_how_long_it_took_is_in_the_histogram(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([1.0, 1.2])
    fake = SimpleNamespace(perf_counter=lambda: next(clock))
    monkeypatch.setattr("logshuttle_site.answers.counting.time", fake)

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=204)

    Counted(view)(RequestFactory().get("/livez"))

    buckets = samples(answers, "logshuttle_web_request_seconds_bucket")
    assert (buckets["/livez", "0.1"], buckets["/livez", "0.25"]) == (0, 1)


def test_no_series_says_when_another_was_made(answers: Answers) -> None:
    answers.count("/x", 200, 0.1)

    names: list[Any] = [sample.name for family in answers.collect() for sample in family.samples]
    assert not [name for name in names if name.endswith("_created")]
