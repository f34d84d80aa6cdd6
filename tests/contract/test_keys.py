"""API keys: who gets in, for how long, and what it costs. Which route wants what is a table of its
own (test_access_matrix.py)."""

from __future__ import annotations

import secrets
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from drains.models import Drain
from events.acting import Actor, acting
from logshuttle_site.access import known_keys, services
from logshuttle_site.access.errors import EndedKeyError
from logshuttle_site.access.key_text import prefix_of
from logshuttle_site.access.known_keys import KeptKeys, holder_of
from logshuttle_site.access.models import ApiKey
from logshuttle_site.database.check import TakesNoWritesError
from tests.contract.conftest import KEY, Api, is_problem
from tests.support.keys import new_key, revoked_key, row_of

APP = "/apps/gold-gs/log-drains"
URL = "https://me:hunter2@logs.example.com:443/in?key=hunter2"
NOT_KNOWN = "the key in the Authorization header is not known"

pytestmark = pytest.mark.django_db


# Who gets in.


def test_a_key_may_stand_alone_or_behind_bearer() -> None:
    key = new_key("read")
    for given in (key, f"Bearer {key}", f"bearer  {key}", f" {key} "):
        assert Api(given).get(APP).status_code == 200, given


def test_a_key_looks_like_one() -> None:
    key = new_key("read")
    assert len(key) == 3 + 8 + 1 + 43
    assert prefix_of(key) == row_of(key).prefix
    assert len({new_key("read") for _ in range(20)}) == 20


def test_the_database_has_nothing_that_opens() -> None:
    key = new_key("read")
    row = ApiKey.objects.values().get()
    assert not any(part in str(row) for part in (key, key.split("_", 2)[2]))
    is_problem(Api(str(row["digest"])).get(APP), 401)


def wrong_keys(key: str) -> list[str]:
    prefix, secret = key[:12], key[12:]
    return [
        prefix,
        prefix.rstrip("_"),
        secret,
        f"{prefix}{secrets.token_urlsafe(32)}",
        f"ls_{'z' * 8}_{secret}",
        key[:-1],
        f"{key}x",
        key.upper(),
        f"{key}\u00e9",
        f"Basic {key}",
        f"{key} {key}",
        "ls_" + "\x80" * 52,
        "ls_" + "a" * 1_000_000,
    ]


def test_what_is_like_a_key_is_none() -> None:
    for given in wrong_keys(new_key("operator")):
        problem = is_problem(Api(given).get(APP), 401)
        assert problem["detail"] == NOT_KNOWN, given[:60]


def test_an_expired_key_is_told_so_and_nobody_else() -> None:
    key = new_key("read", lives=timedelta(seconds=-1))
    ends = row_of(key).expires_at
    assert ends is not None
    said = is_problem(Api(key).get(APP), 401)["detail"]
    assert said == f"this key expired at {ends:%Y-%m-%d %H:%M:%S} UTC"
    assert is_problem(Api(f"{key[:12]}{'x' * 43}").get(APP), 401)["detail"] == NOT_KNOWN


def test_a_revoked_key_is_told_so_and_nobody_else() -> None:
    key = revoked_key("read")
    assert "was revoked at" in is_problem(Api(key).get(APP), 401)["detail"]
    assert is_problem(Api(f"{key[:12]}{'x' * 43}").get(APP), 401)["detail"] == NOT_KNOWN


def test_a_missing_scope_is_named() -> None:
    api = Api(new_key("sessions"))
    assert is_problem(api.post(APP, {"url": URL}), 403)["detail"] == (
        "this key lacks the scope drains"
    )
    assert "lacks the scope read (drains has it, too)" in is_problem(api.get(APP), 403)["detail"]
    assert "lacks the scope operator" in is_problem(api.get("/overview"), 403)["detail"]


def test_auth_key_counts_before_api_keys(settings: Any) -> None:
    """An operator's key of before may look like anything."""
    key = revoked_key("read")
    settings.AUTH_KEY_FALLBACKS = [key]
    assert Api(key).get("/overview").status_code == 200


def test_auth_keys_of_before_are_the_operators(settings: Any) -> None:
    settings.AUTH_KEY, settings.AUTH_KEY_FALLBACKS = "new", ["Bearer old", KEY]
    Api("new").post(APP, {"url": URL})
    for given in ("new", "Bearer new", KEY, f"Bearer {KEY}", "Bearer old", "Bearer Bearer old"):
        assert Api(given).get(APP).json()[0]["url"] == URL, given
    for given in ("old", "", "Bearer ", f"{KEY},new"):
        is_problem(Api(given).get(APP), 401)


def test_who_acts_is_known(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.AUTH_KEY_FALLBACKS = ["old"]
    acted: list[Actor] = []

    def noted(rows: Any) -> list[Drain]:
        acted.append(acting())
        return []

    monkeypatch.setattr("drains.api.with_statuses", noted)
    key = new_key("read", name="cart team")
    for given in (key, KEY, "old"):
        Api(given).get(APP)
    assert [(of.kind, of.name) for of in acted] == [
        ("key", f"{row_of(key).prefix} cart team"),
        ("key", "AUTH_KEY"),
        ("key", "AUTH_KEY_FALLBACKS"),
    ]


# What it costs.


def test_a_key_costs_one_indexed_query_and_none_for_a_moment(
    django_assert_num_queries: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new_key("read")
    with django_assert_num_queries(2):  # its use is written, once a minute
        holder_of(key)
    with django_assert_num_queries(0):
        holder_of(key)
    monkeypatch.setattr(known_keys, "_kept", KeptKeys())
    with django_assert_num_queries(1):
        holder_of(key)


def test_an_unknown_prefix_and_a_wrong_secret_ask_the_same(
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    key = new_key("read")
    for given in (f"ls_{'z' * 8}_{key[12:]}", f"{key[:12]}{secrets.token_urlsafe(32)}"):
        for _ in range(2):
            with django_assert_num_queries(1):
                assert holder_of(given) is None


def test_a_key_that_ends_meanwhile_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it was good a moment ago, and where another process revoked it."""
    now = 0.0
    monkeypatch.setattr(known_keys, "_kept", KeptKeys(clock=lambda: now))
    lasting, short = new_key("read"), new_key("read", lives=timedelta(hours=1))
    assert holder_of(lasting)
    assert holder_of(short)
    ApiKey.objects.update(revoked_at=timezone.now())
    assert holder_of(lasting), "as it was within 3 s"
    now = 2.9
    assert holder_of(lasting)
    now = 3.1
    with pytest.raises(EndedKeyError):
        holder_of(lasting)
    now = 0.0
    later = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    with pytest.raises(EndedKeyError, match="expired"):
        holder_of(short)


def test_a_key_that_is_revoked_here_ends_at_once() -> None:
    key = new_key("read")
    assert holder_of(key)
    services.revoke_key(row_of(key))
    with pytest.raises(EndedKeyError, match="revoked"):
        holder_of(key)


def test_what_is_kept_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptKeys(bytes_max=50_000)
    monkeypatch.setattr(known_keys, "_kept", kept)
    found = [new_key("read") for _ in range(40)]
    assert all(map(holder_of, found))
    assert 0 < kept._bytes <= 50_000
    assert 0 < len(kept._known) < 40
    assert kept._bytes == sum(known.bytes for _, known in kept._known.values())


def test_a_use_is_written_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key("read")
    assert row_of(key).last_used_at is None
    begin = timezone.now()
    used = []
    for seconds in (0, 30, 59, 61, 100, 122):
        monkeypatch.setattr(known_keys, "_kept", KeptKeys())
        now = begin + timedelta(seconds=seconds)
        monkeypatch.setattr("django.utils.timezone.now", lambda now=now: now)
        holder_of(key)
        used.append(row_of(key).last_used_at)
    at = [round((each - begin).total_seconds()) for each in used if each]
    assert at == [0, 0, 0, 61, 61, 122]


def test_who_only_reads_needs_no_database_that_can_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = new_key("read")

    def away(*_: Any, **__: Any) -> None:
        raise TakesNoWritesError("cannot execute UPDATE in a read-only transaction")

    monkeypatch.setattr("logshuttle_site.access.models.ApiKeyQuerySet.update", away)
    assert Api(key).get(APP).status_code == 200


# SECRET_KEY changes.


def test_a_key_is_good_under_each_secret_key_that_is_listed(settings: Any) -> None:
    key, first = new_key("read"), settings.SECRET_KEY
    settings.SECRET_KEY = "another secret key of the tests"
    assert holder_of(key) is None
    settings.SECRET_KEY_FALLBACKS = [first]
    assert holder_of(key)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = first, [settings.SECRET_KEY]
    assert holder_of(key), "a process that has not heard of the change goes on"


def test_a_key_that_is_used_is_written_anew(settings: Any) -> None:
    used, unused = new_key("read"), new_key("read")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret key of the tests"
    assert holder_of(used)
    assert [of.prefix for of in services.under_older_secrets()] == [row_of(unused).prefix]
    settings.SECRET_KEY_FALLBACKS = []
    assert holder_of(used)
    assert holder_of(unused) is None


# S6: guesses.


@pytest.mark.parametrize("count", [60, pytest.param(10_000, marks=pytest.mark.slow)])
def test_guesses_open_nothing_and_tell_no_prefix(count: int, settings: Any) -> None:
    """Times (of CPU) are told, and compared by far: they say more of the machine than of us."""
    settings.RATE_LIMIT_UNKNOWN = 0
    prefix = new_key("operator")[:12]
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    for number in range(count):
        kind = ("known", "unknown")[number % 2]
        begin = prefix if kind == "known" else f"ls_{secrets.token_hex(4)}_"
        api, at = Api(f"{begin}{secrets.token_urlsafe(32)}"), time.thread_time()
        answer = api.get(APP)
        times[kind].append(time.thread_time() - at)
        assert answer.status_code == 401
    known, unknown = (statistics.median(each) for each in times.values())
    print(f"right prefix {known * 1e3:.3f} ms, wrong prefix {unknown * 1e3:.3f} ms")
    assert 0.5 < known / unknown < 2
    assert ApiKey.objects.get().last_used_at is None
