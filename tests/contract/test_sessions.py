"""Sessions as streams find them: by their id, and who of them has been revoked."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from events.keys import AppKey
from events.limits import Limit
from sessions_app import guess_limit, selectors, services
from sessions_app.alive import AliveSessions
from sessions_app.errors import TooManyError, UnknownSessionError
from sessions_app.models import TailSession
from sessions_app.past import Past
from sessions_app.tail.session import Selection

GOLD = Selection(AppKey("gold", "gs"))


@pytest.fixture(autouse=True)
def _empty_cache(db: None) -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def opened() -> tuple[str, TailSession]:
    return services.open_session(GOLD, Past(5))


def test_who_finds_one_first_begins_its_hour() -> None:
    session_id, row = opened()

    found = selectors.find_session(session_id)

    row.refresh_from_db()
    assert row.opened_at is not None
    assert found == row.session
    assert found.ends_at == (row.opened_at + services.LIVES).timestamp()
    assert selectors.find_session(session_id) == found


def test_an_open_one_is_found_without_the_database(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    session_id, _ = opened()
    selectors.find_session(session_id)

    with django_assert_num_queries(0):
        assert selectors.find_session(session_id) is not None


def test_another_process_may_have_begun_its_hour() -> None:
    session_id, _ = opened()  # as our cache has it
    began = timezone.now() - timedelta(minutes=1)
    TailSession.objects.update(opened_at=began, ends_at=began + services.LIVES)

    found = selectors.find_session(session_id)

    assert found is not None
    assert found.ends_at == (began + services.LIVES).timestamp()


def test_one_that_ended_elsewhere_is_not_begun() -> None:
    session_id, _ = opened()
    TailSession.objects.update(revoked_at=timezone.now())

    assert selectors.find_session(session_id) is None
    assert TailSession.objects.get().opened_at is None


@pytest.mark.parametrize(("fresh_seconds", "is_found"), [(5, True), (0, False)])
def test_what_happened_elsewhere_is_known_when_the_cache_is_fresh_no_more(
    fresh_seconds: int, is_found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert services.FRESH_SECONDS <= 5
    monkeypatch.setattr(services, "FRESH_SECONDS", fresh_seconds)
    session_id, _ = opened()
    assert selectors.find_session(session_id) is not None

    TailSession.objects.update(revoked_at=timezone.now())

    assert (selectors.find_session(session_id) is not None) is is_found


@pytest.mark.parametrize("spelling", [str.upper, "{{{}}}".format, "urn:uuid:{}".format])
def test_an_id_has_one_spelling(spelling: object) -> None:
    session_id, _ = opened()
    assert callable(spelling)

    assert selectors.find_session(spelling(session_id)) is None


ONE = Limit("guesses-of-a-test", 1, 60)


def test_a_guesser_reads_what_exists_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guess_limit, "GUESSES", ONE)
    monkeypatch.setattr(selectors, "_alive", AliveSessions())
    session_id, _ = opened()
    cache.clear()  # as if another process had made it
    ONE.spend("192.0.2.1")

    assert selectors.look_up(session_id, "192.0.2.1").name
    with pytest.raises(TooManyError):
        selectors.look_up(str(uuid.uuid4()), "192.0.2.1")


def test_guessers_cost_a_query_a_second(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(guess_limit, "GUESSES", ONE)
    ONE.spend("192.0.2.1")
    clock = [0.0]
    monkeypatch.setattr(selectors, "_alive", AliveSessions(lambda: clock[0]))

    def guess(session_id: str) -> None:
        with pytest.raises(TooManyError):
            selectors.look_up(session_id, "192.0.2.1")

    with django_assert_num_queries(1):
        for _ in range(5):
            guess(str(uuid.uuid4()))
    clock[0] += 1.0
    with django_assert_num_queries(1):
        guess(str(uuid.uuid4()))
        guess("../etc/passwd")


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "no address", True),
    ],
)
def test_neighbours_guess_together(
    one: str, other: str, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guess_limit, "GUESSES", ONE)
    unknown = str(uuid.uuid4())
    with pytest.raises(UnknownSessionError):
        selectors.look_up(unknown, one)

    with pytest.raises(TooManyError if together else UnknownSessionError):
        selectors.look_up(unknown, other)


def test_which_have_been_revoked_is_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    rows = [opened()[1] for _ in range(3)]
    services.revoke(rows[1])

    with django_assert_num_queries(1):
        revoked = selectors.revoked_among([row.name for row in rows])

    assert revoked == {rows[1].name}


@pytest.mark.django_db(transaction=True)
async def test_asynchronous_code_finds_one_too() -> None:
    assert await selectors.afind_session(str(uuid.uuid4())) is None
