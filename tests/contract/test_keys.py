"""API keys: who gets in, what is seen, and for how long. Which route wants what is a table of its
own (test_access_matrix.py)."""

from __future__ import annotations

import secrets
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import InternalError
from django.utils import timezone

from drains import services as drains
from drains.models import Drain
from events.acting import Actor, acting
from events.changes import Change, ignore, listen
from events.keys import AppKey, Key, SiteKey
from logshuttle_site.access import known_keys, services
from logshuttle_site.access.errors import EndedKeyError, InvalidKeyError
from logshuttle_site.access.key_text import prefix_of
from logshuttle_site.access.known_keys import KeptKeys, holder_of
from logshuttle_site.access.models import ApiKey
from sessions_app.models import TailSession
from tests.contract.conftest import KEY, Api, is_problem
from tests.support.keys import new_key, revoked_key, row_of

APP = "/apps/gold-gs/log-drains"
URL = "https://me:hunter2@logs.example.com:443/in?key=hunter2"
MASKED = "https://me:***@logs.example.com:443/in?***"
NOT_KNOWN = "the key in the Authorization header is not known"
NO_DRAIN = "No such log drain or app found"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_keys, "_kept", KeptKeys())


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
        raise InternalError("cannot execute UPDATE in a read-only transaction")  # as a standby says

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


# Making, replacing, revoking.


@pytest.mark.parametrize(
    ("wrong", "field", "why"),
    [
        ({"name": " "}, "name", "is empty"),
        ({"name": "x" * 101}, "name", "longer than 100"),
        ({"name": "a\nb"}, "name", "control character"),
        ({"scopes": []}, "scopes", "give one at least"),
        ({"scopes": ["all"]}, "scopes", "'all' is none of operator, drains"),
        ({"scopes": ["secrets"]}, "scopes", "beside drains or read"),
        ({"scopes": ["events", "secrets"]}, "scopes", "beside drains or read"),
        ({"reach": []}, "reach", "is empty: say whose drains and lines; * is everything"),
        ({"reach": ["shop-demo"]}, "reach", "is none of app:NAME-SPACE"),
        ({"reach": [f"app:a{n}-b" for n in range(101)]}, "reach", "at most 100"),
        ({"scopes": ["operator"], "reach": ["app:a-b"]}, "reach", "reaches everything"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(wrong: Any, field: str, why: str) -> None:
    good = {"name": "n", "scopes": ["drains"], "reach": ["app:a-b"]}
    with pytest.raises(InvalidKeyError) as caught:
        services.create_key(**{**good, **wrong})
    assert why in caught.value.faults[field]
    assert not ApiKey.objects.exists()


def test_two_are_alive_for_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    old = new_key("drains", reach=["app:gold-gs"], lives=timedelta(days=90))
    text, new = services.rotate_key(row_of(old), beside=timedelta(days=2))
    assert (new.scopes, new.reach, new.name) == (["drains"], ["app:gold-gs"], "of the tests")
    for key in (old, text):
        assert Api(key).get(APP).status_code == 200
    assert new.expires_at is not None
    assert round((new.expires_at - timezone.now()).total_seconds()) == 90 * 86_400
    ends = row_of(old).expires_at
    assert ends is not None
    assert round((ends - timezone.now()).total_seconds()) == 2 * 86_400
    for key in (old, text):
        with pytest.raises(InvalidKeyError, match="two are enough"):
            services.rotate_key(row_of(key))
    services.revoke_key(row_of(old))
    services.rotate_key(row_of(text))
    with pytest.raises(InvalidKeyError, match="is revoked: make a new key"):
        services.rotate_key(row_of(old))


def test_an_old_key_never_lives_longer_by_its_successor() -> None:
    old = row_of(new_key("read", lives=timedelta(hours=1)))
    before = old.expires_at
    services.rotate_key(old, beside=timedelta(days=7))
    assert ApiKey.objects.get(pk=old.pk).expires_at == before


def test_what_is_done_to_keys_is_announced_without_them() -> None:
    heard: list[Change] = []
    listener = heard.extend
    listen(listener)
    try:
        old = new_key("read", name="cart team")
        text, new = services.rotate_key(row_of(old))
        services.revoke_key(new)
        services.revoke_key(new)
    finally:
        ignore(listener)
    assert [(of.kind, of.what, of.id) for of in heard] == [
        ("key", "made", row_of(old).prefix),
        ("key", "made", new.prefix),
        ("key", "replaced", row_of(old).prefix),
        ("key", "revoked", new.prefix),
    ]
    assert heard[0].before == {}
    assert (heard[0].after["scopes"], heard[0].after["reach"]) == (["read"], ["*"])
    assert heard[2].before == {"expires_at": None}
    assert heard[3].before == {"revoked_at": None}
    assert not any(part in str(heard) for part in (old[12:], text[12:], new.digest))


# What is seen.


def test_urls_and_headers_are_shown_to_who_may_see_secrets() -> None:
    wanted = {"url": URL.replace("me:hunter2@", ""), "headers": {"X-Key": "hunter2"}}
    made = Api(KEY).post(APP, wanted).json()
    assert made["headers"] == {"X-Key": "hunter2"}
    one = f"{APP}/{made['id']}"
    for scopes in (("drains",), ("read",), ("operator",)):
        api = Api(new_key(*scopes))
        answers = [api.get(one).json(), api.get(APP).json()[0]]
        if scopes != ("read",):
            answers += [api.patch(one, {"name": "n"}).json(), api.post(f"{one}/pause").json()]
        if scopes == ("operator",):
            answers += api.get("/log-drains").json()["results"]
        for shown in answers:
            assert "hunter2" not in str(shown)
            assert shown["url"] == MASKED.replace("me:***@", "")
            assert shown["headers"] == {"X-Key": "***"}
        with_secrets = Api(new_key(*scopes, "secrets")).get(one).json()
        assert (with_secrets["url"], with_secrets["headers"]) == (made["url"], made["headers"])


def test_what_is_made_and_deleted_is_masked_too() -> None:
    api = Api(new_key("drains"))
    made = api.post(APP, {"url": URL}).json()
    assert made["url"] == MASKED
    assert api.delete(f"{APP}/{made['id']}").json()["url"] == MASKED


def test_what_was_masked_cannot_be_sent_back() -> None:
    made = Api(KEY).post(APP, {"url": "https://h.example/", "headers": {"X-Key": "hunter2"}})
    one = f"{APP}/{made.json()['id']}"
    api = Api(new_key("drains"))
    problem = is_problem(api.patch(one, {"headers": {"X-Key": "***"}}), 422)
    assert problem["errors"][0]["field"] == "headers.X-Key"
    assert "an answer left the value out" in problem["detail"]
    is_problem(api.patch(one, {"url": MASKED}), 422)
    assert dict(Drain.objects.get().options.headers) == {"X-Key": "hunter2"}


# Whose drains and lines: S3.

OWNERS: list[Key] = [
    AppKey("a", "bc"),
    AppKey("ab", "c"),
    AppKey("a", "b"),
    AppKey("aa", "b"),
    AppKey("a", "b-c"),
    AppKey("b", "a"),
    AppKey("a", "default"),
    SiteKey("a-b"),
    SiteKey("a.b"),
    SiteKey("aa.b"),
]


def paths_of(owner: Any) -> str:
    return f"/{'sites' if isinstance(owner, SiteKey) else 'apps'}/{owner}/log-drains"


def entry(owner: Any) -> str:
    return f"site:{owner}" if isinstance(owner, SiteKey) else f"app:{owner}"


@pytest.mark.parametrize("mine", OWNERS, ids=entry)
def test_an_owners_key_sees_its_own_and_nothing_of_others(mine: Any) -> None:
    made = {of: drains.create_drain(of, "syslog://h.example:514", begin=()) for of in OWNERS}
    api = Api(new_key("drains", "sessions", "events", reach=[entry(mine)]))
    assert [of["id"] for of in api.get(paths_of(mine)).json()] == [str(made[mine].pk)]
    for of, drain in made.items():
        others_id = f"{paths_of(mine)}/{drain.pk}"
        assert api.get(others_id).status_code == (200 if of == mine else 404)
        if of == mine:
            continue
        path = paths_of(of)
        for answer in (
            api.get(path),
            api.post(path, {"url": "syslog://g.example:514"}),
            api.get(f"{path}/{drain.pk}"),
            api.patch(f"{path}/{drain.pk}", {"paused": True}),
            api.delete(f"{path}/{drain.pk}"),
            api.delete(others_id),
            api.post(f"{path}/{drain.pk}/pause"),
            api.post(f"{path}/{drain.pk}/replay", {"since": "1h"}),
        ):
            assert is_problem(answer, 404)["message"] == NO_DRAIN
    assert Drain.objects.filter(paused=False).count() == len(OWNERS)


def test_a_session_and_an_event_of_another_are_404() -> None:
    """However its name would be written in a path: `a-b` of `c` is another than `a` of `b-c`."""
    api = Api(new_key("sessions", "events", reach=["app:a-b-c", "site:a.b"]))
    for others in ({"app": "a-b", "space": "c"}, {"app": "a", "space": "b"}, {"site": "aa.b"}):
        assert is_problem(api.post("/log-sessions", others), 404)["detail"] == (
            "No such app or site found"
        )
    event = {"log": "x", "topic": "c", "kubernetes": {"container_name": "a-b"}}
    assert is_problem(api.post("/log-events", event), 404)["detail"] == "No such app or space found"
    for mine in ({"app": "a--worker", "space": "b-c"}, {"site": "A.B."}):
        assert api.post("/log-sessions", mine).status_code == 201
    assert TailSession.objects.count() == 2


def test_a_refusal_says_nothing_of_what_is_there() -> None:
    """Another's app that has drains, one that has none, and one that cannot be."""
    drains.create_drain(AppKey("bold", "gs"), "syslog://h.example:514", begin=())
    api = Api(new_key("drains", reach=["app:gold-gs"]))
    told = {api.get(f"/apps/{of}/log-drains").content for of in ("bold-gs", "cold-gs", "b o-gs")}
    assert len(told) == 1


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
