"""How often a refusal is told that anybody can have."""

from __future__ import annotations

import json

import pytest
from django.test import RequestFactory

from logshuttle_site.errors import AT_TIMES_SECONDS, RefusalsAtTimes
from logshuttle_site.logs import without_session_ids


def test_one_line_a_second_says_how_many_there_were(caplog: pytest.LogCaptureFixture) -> None:
    moments = (0.0, 0.1, AT_TIMES_SECONDS - 0.1, AT_TIMES_SECONDS, 2.5 * AT_TIMES_SECONDS)
    clock = iter(moments)
    refusals = RefusalsAtTimes(lambda: next(clock))
    for _ in moments:
        refusals.say(RequestFactory().get("/admin/"), 400, "why")

    first = "Refused GET /admin/: 400 why"
    others = f"{first} (and 2 more since the last one)"
    assert [record.getMessage() for record in caplog.records] == [first, others, first]
    assert {record.__dict__["client"] for record in caplog.records} == {"127.0.0.1"}


@pytest.mark.parametrize(
    "between", ["/", "//", ";/", " /", '"/', "'/", "?/", "</", "\\", "é/", "\n"]
)
def test_a_path_that_is_said_ends_where_it_ends(
    between: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Our log takes out what stands behind `log-sessions`, up to there."""
    request = RequestFactory().get("/")
    request.path = f"/log-sessions{between}secret"

    RefusalsAtTimes().say(request, 404, "why")

    (record,) = caplog.records
    said = without_session_ids(None, "", json.dumps(record.getMessage()))
    assert "secret" not in said
    assert json.loads(said) == "Refused GET /log-sessions/…: 404 why"
