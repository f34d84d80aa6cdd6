"""Sessions' rows in the cache: data that comes back, or nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sessions_app.models import TailSession
from sessions_app.remembered import data_of, row_of


def row(**changes: Any) -> TailSession:
    now = timezone.now()
    values = {
        "id": 7,
        "name": "a" * 64,
        "app": "gold",
        "space": "gs",
        "lines": 100,
        "tail": True,
        "sources": ["app"],
        "text": 'ä"\x1b',
        "created_at": now,
        "ends_at": now + timedelta(minutes=5),
    }
    return TailSession(**(values | changes))


@pytest.mark.parametrize(
    "changes",
    [{}, {"app": "", "space": "", "site": "www.gold.example"}, {"opened_at": timezone.now()}],
)
def test_a_row_comes_back_whole(changes: dict[str, Any]) -> None:
    given = row(**changes)

    found = row_of(data_of(given), given.name)

    assert found is not None
    for field in TailSession._meta.fields:
        assert getattr(found, field.attname) == getattr(given, field.attname)
    assert found.session == given.session
    assert not found._state.adding


def changed(**members: Any) -> str:
    return json.dumps(json.loads(data_of(row())) | members)


@pytest.mark.parametrize(
    "data",
    [
        None,
        True,
        17,
        ["a"],
        "",
        "no JSON",
        "{}",
        '{"a":' * 10_000,
        changed(name="b" * 64),
        changed(lines=-1),
        changed(lines="100"),
        changed(id=None),
        changed(ends_at="2026-01-01T00:00:00"),
        changed(sources=[1]),
        changed(app="a" * 5000, space="", site=""),
        changed(app="", space="", site=" "),
    ],
)
def test_what_is_no_row_of_this_name_is_nothing(data: object) -> None:
    found = row_of(data, "a" * 64)

    if found is not None:
        assert found.session is not None
        assert found.is_over in (True, False)
