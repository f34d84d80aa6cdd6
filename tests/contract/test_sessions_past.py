"""How much of the past is asked for: in the body of a POST, and in the query of whoever reads."""

from __future__ import annotations

import gzip
import re
import time
import zlib
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from drains.moments import rfc3339
from events.keys import AppKey
from sessions_app.download import download_of, packed
from sessions_app.errors import InvalidSessionError
from sessions_app.models import TailSession
from sessions_app.serializers import seen_by
from sessions_app.tail.session import Selection, Session
from sessions_app.tail.tokens import Older, base_of, older_suffix, topics_in_order
from sessions_app.token_keys import signer_of
from tests.contract.conftest import Api, is_problem
from tests.contract.test_sessions_api import GOLD, PATH

pytestmark = pytest.mark.django_db

HOUR = 3600
LIVE = Session("digest", Selection(AppKey("gold", "gs")), 100, tail=True, ends_at=0)


def stored(api: Api, **asked: Any) -> Session:
    answer = api.post(PATH, {**GOLD, **asked})
    assert answer.status_code == 201, answer.content
    return TailSession.objects.latest("pk").session


@pytest.mark.parametrize(
    ("asked", "lines", "tail"),
    [
        ({"since": "15m"}, None, True),
        ({"since": "15m", "lines": 5}, 5, True),
        ({"since": "15m", "tail": False}, None, False),
        ({"until": "15m"}, 100, False),
        ({"until": "15m", "tail": True}, 100, False),
        ({"lines": 50_000}, 1_500, True),
        ({"lines": 50_000, "tail": False}, 50_000, False),
        ({"lines": 500_000, "until": "1s"}, 100_000, False),
        ({"since": None, "until": ""}, 100, True),
    ],
)
def test_what_is_asked_for_is_kept(
    asked: dict[str, Any], lines: int | None, tail: bool, api: Api
) -> None:
    found = stored(api, **asked)

    assert (found.lines, found.tail) == (lines, tail)


def test_a_time_or_how_long_ago(api: Api) -> None:
    at = timezone.now() - timedelta(hours=2)

    found = stored(api, since=rfc3339(at), until="30m")

    assert found.since == pytest.approx(at.timestamp(), abs=0.001)
    assert found.until == pytest.approx(time.time() - HOUR / 2, abs=5)


@pytest.mark.parametrize(
    ("asked", "field", "says"),
    [
        ({"since": "yesterday"}, "since", "such as 2026-01-31T12:00:00Z nor an age such as 15m"),
        ({"until": "15 m"}, "until", "such as 2026-01-31T12:00:00Z nor an age such as 15m"),
        ({"since": 15}, "since", "must be text"),
        ({"since": "2026-01-31T12:00:00"}, "since", "has no time zone"),
        ({"since": "2999-01-31T12:00:00Z"}, "since", "lies in the future"),
        ({"until": "2999-01-31T12:00:00Z"}, "until", "lies in the future"),
        ({"since": "5m", "until": "10m"}, "since", "is not before `until`"),
        ({"since": "2026-01-31T12:00:00Z", "until": "2026-01-31T12:00:00Z"}, "since", "before"),
    ],
)
def test_a_moment_that_cannot_be_is_told(
    asked: dict[str, Any], field: str, says: str, api: Api
) -> None:
    error = is_problem(api.post(PATH, {**GOLD, **asked}), 422)["errors"][0]

    assert error["field"] == field
    assert says in error["detail"]


@pytest.mark.parametrize(
    ("query", "lines", "tail"),
    [
        ("", 100, True),
        ("lines=7", 7, True),
        ("lines=5000", 1_500, True),
        ("lines=5000&tail=false", 5_000, False),
        ("since=15m", None, True),
        ("since=15m&lines=3", 3, True),
        ("until=15m", 100, False),
        ("tail=true", 100, True),
    ],
)
def test_a_reader_may_look_back(query: str, lines: int | None, tail: bool) -> None:
    seen = seen_by(LIVE, QueryDict(query))

    assert (seen.lines, seen.tail) == (lines, tail)


@pytest.mark.parametrize("query", ["since=2h", "until=5m", "tail=true", "since=15m"])
def test_no_reader_sees_more_than_it_was_opened_for(query: str) -> None:
    now = time.time()
    opened = replace(LIVE, tail=False, since=now - HOUR, until=now - HOUR / 2)

    with pytest.raises(InvalidSessionError) as caught:
        seen_by(opened, QueryDict(query))

    assert list(caught.value.faults) == [query.partition("=")[0]]


def test_a_reader_may_see_less() -> None:
    now = time.time()
    opened = replace(LIVE, lines=None, tail=False, since=now - HOUR, until=now - 60)

    seen = seen_by(opened, QueryDict("since=30m&until=10m"))

    assert seen.since == pytest.approx(now - 1800, abs=5)
    assert seen.until == pytest.approx(now - 600, abs=5)


@pytest.mark.parametrize("place", ["x", "AAAA.0.b5", "a" * 9000])
def test_further_back_from_nowhere_is_refused(place: str) -> None:
    with pytest.raises(InvalidSessionError, match="is no place of this session"):
        seen_by(LIVE, QueryDict(f"before={place}"))


def test_further_back_from_a_place() -> None:
    signed = signer_of(LIVE).signed(base_of(topics_in_order(LIVE.selection.key), {}))
    query = QueryDict(f"before={signed}{older_suffix(Older(timezone.now(), 3))}&lines=1000")

    seen = seen_by(LIVE, query)

    assert (seen.lines, seen.tail) == (1000, False)


@pytest.mark.parametrize(
    "query", ["lines=-1", "lines=many", "lines=2000000", "tail=perhaps", "since=x", "until=1w"]
)
def test_what_is_none_is_named(query: str) -> None:
    with pytest.raises(ValidationError) as caught:
        seen_by(LIVE, QueryDict(query))

    fields: Any = caught.value.detail
    assert list(fields) == [query.partition("=")[0]]


def test_a_session_without_a_bound_is_remembered_as_it_is(api: Api) -> None:
    opened = stored(api, since="1h", until="30m")

    assert seen_by(opened, QueryDict("")) == opened


async def test_a_file_is_packed_as_it_comes() -> None:
    async def lines() -> AsyncGenerator[bytes]:
        yield b"one\n"
        yield b""
        yield b"two\n"

    pieces = [piece async for piece in packed(lines())]

    assert zlib.decompressobj(wbits=31).decompress(pieces[0]) == b"one\n"
    assert gzip.decompress(b"".join(pieces)) == b"one\ntwo\n"


@pytest.mark.parametrize(("asked", "ending"), [("log", "log"), ("ndjson.gz", "ndjson.gz")])
def test_a_file_has_a_name(asked: str, ending: str) -> None:
    file = download_of(QueryDict(f"download={asked}"))

    assert file is not None
    named = file.headers(LIVE)["Content-Disposition"]
    assert re.fullmatch(rf'attachment; filename="gold-gs-\d{{8}}T\d{{6}}Z\.{ending}"', named)


@pytest.mark.parametrize("asked", ["zip", "log.zip", ".gz", "log.gz.gz"])
def test_a_file_of_another_kind_is_refused(asked: str, api: Api) -> None:
    path = f"{PATH}/{api.post(PATH, GOLD).json()['id']}"

    error = is_problem(Client().get(f"{path}?download={asked}"), 422)["errors"][0]

    assert error["field"] == "download"
