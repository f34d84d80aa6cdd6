"""How often a refusal is told that anybody can have."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from logshuttle_site.errors import AT_TIMES_SECONDS, RefusalsAtTimes


def test_one_line_a_second_says_how_many_there_were(caplog: pytest.LogCaptureFixture) -> None:
    moments = (0.0, 0.1, AT_TIMES_SECONDS - 0.1, AT_TIMES_SECONDS, 2.5 * AT_TIMES_SECONDS)
    clock = iter(moments)
    refusals = RefusalsAtTimes(lambda: next(clock))
    for _ in moments:
        refusals.say(RequestFactory().get("/admin/"), 400, "why")

    first = "Refused GET /admin/: 400 why"
    others = f"{first} (and 2 more since the last one)"
    assert [record.getMessage() for record in caplog.records] == [first, others, first]
