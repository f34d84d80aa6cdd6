"""What the database holds, and what workers get of it."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.utils import timezone

from drains import many, services
from drains.destination import Destination
from drains.errors import (
    DrainError,
    InvalidDrainError,
    TooManyDrainsError,
    TwinDrainError,
    UnknownDrainError,
)
from drains.fields import Encrypted, UndecryptableError
from drains.models import Drain, DrainStatus
from drains.route_change import count_up_routes, forget_gone
from drains.routes import RouteTable
from drains.selectors import route_changes, route_mark
from events.kafka.cluster import Span
from events.kafka.records import TopicPartition
from events.keys import AppKey, Key, SiteKey
from tests.support.routes import load_route_table

pytestmark = pytest.mark.django_db

GOLD, BOLD = AppKey("gold", "gs"), AppKey("bold", "hs")
SECRET_URL = "https://user:hunter2@h.example/in?key=t0p"


def test_routes_are_what_drains_say() -> None:
    gold = services.create_drain(GOLD, "syslog://h:514")
    site = services.create_drain(SiteKey("www.gold.example"), SECRET_URL)
    services.change_drain(site, paused=True)

    table = load_route_table()

    assert table.spaces == {"gs"}
    (route,) = table.by_key[GOLD]
    assert (route.drain_id, route.destination.port, route.paused) == (str(gold.pk), 514, False)
    assert (route.start_pending, route.since_ms, route.cursor_version) == (False, None, 0)
    assert table.by_id[str(site.pk)].paused


def test_a_url_is_not_to_be_read_in_the_database() -> None:
    services.create_drain(GOLD, SECRET_URL)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM drains_drain")
        columns = str(cursor.fetchall())

    assert "hunter2" not in columns
    assert "t0p" not in columns
    assert Drain.objects.get().plain_url == SECRET_URL


def test_an_old_key_still_reads_what_it_wrote(settings: Any) -> None:
    services.create_drain(GOLD, "syslog://h:514")
    settings.FIELD_ENCRYPTION_KEYS = [
        Fernet.generate_key().decode(),
        *settings.FIELD_ENCRYPTION_KEYS,
    ]

    assert load_route_table().by_key.keys() == {GOLD}


@pytest.mark.parametrize("change", [{"name": "new"}, {"url": SECRET_URL}, {"paused": True}])
def test_every_change_is_told_to_workers(change: dict[str, Any]) -> None:
    seen = [route_mark()]
    drain = services.create_drain(GOLD, "syslog://h:514")
    seen.append(route_mark())
    services.change_drain(drain, **change)
    seen.append(route_mark())
    services.delete_drain(drain)
    seen.append(route_mark())

    assert seen == sorted(set(seen))


def test_what_is_refused_changes_nothing() -> None:
    drain = services.create_drain(GOLD, "syslog://h:514")
    before = route_mark()

    for refused in ("syslog+tcp://H:514", "syslog://h", ""):
        with pytest.raises(DrainError):
            services.create_drain(GOLD, refused)
    with pytest.raises(DrainError):
        services.change_drain(drain, name="n" * 101)

    assert route_mark() == before
    assert Drain.objects.get().name == ""


def test_apps_and_sites_that_join_to_one_text_have_routes_of_their_own() -> None:
    keys: list[Key] = [AppKey("ab", "c"), AppKey("a", "bc"), SiteKey("ab-c")]
    drains = [str(services.create_drain(key, SECRET_URL).pk) for key in keys]

    by_key = load_route_table().by_key

    assert [[route.drain_id for route in by_key[key]] for key in keys] == [[d] for d in drains]


def test_two_changes_at_once_both_stay() -> None:
    services.create_drain(GOLD, "syslog://h:514")
    one, other = Drain.objects.get(), Drain.objects.get()

    services.change_drain(one, paused=True)
    services.change_drain(other, name="new")

    drain = Drain.objects.get()
    assert (drain.paused, drain.name) == (True, "new")


def test_a_drain_that_somebody_deleted_is_unknown() -> None:
    services.create_drain(GOLD, "syslog://h:514")
    one, other = Drain.objects.get(), Drain.objects.get()
    services.delete_drain(one)
    before = route_mark()

    with pytest.raises(UnknownDrainError):
        services.change_drain(other, paused=True)
    with pytest.raises(UnknownDrainError):
        services.delete_drain(other)
    assert route_mark() == before


def test_a_drain_that_cannot_be_read_is_logged_without_its_url(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    drain = services.create_drain(GOLD, SECRET_URL)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    load_route_table()

    assert str(drain.pk) in caplog.text
    assert "hunter2" not in caplog.text


def test_an_encrypted_value_shows_itself_only_when_asked() -> None:
    services.create_drain(GOLD, SECRET_URL)

    drain = Drain.objects.get()

    assert isinstance(drain.url, Encrypted)
    assert "hunter2" not in f"{drain.url} {drain.url!r} {drain} {drain.address}"
    assert drain.url.reveal() == SECRET_URL


def test_saving_a_row_again_does_not_encrypt_twice() -> None:
    services.create_drain(GOLD, SECRET_URL)

    services.change_drain(Drain.objects.get(), name="again")

    assert Drain.objects.get().plain_url == SECRET_URL


@pytest.mark.parametrize("text", ["", "plain text", "gAAAAAB", "é"])
def test_what_was_never_encrypted_is_undecryptable(text: str) -> None:
    with pytest.raises(UndecryptableError):
        Encrypted(text).reveal()


def test_a_drain_that_nobody_can_read_may_get_a_new_url(settings: Any) -> None:
    services.create_drain(GOLD, SECRET_URL)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    services.change_drain(Drain.objects.get(), name="lost")
    services.change_drain(Drain.objects.get(), url="syslog://h:514")

    assert Drain.objects.get().plain_url == "syslog://h:514"


def test_each_app_and_site_has_a_limit_of_its_own(settings: Any) -> None:
    settings.MAX_DRAINS_PER_APP = 1
    services.create_drain(GOLD, "syslog://h:1514")

    with pytest.raises(TooManyDrainsError, match="1 drains already"):
        services.create_drain(GOLD, "syslog://h:2514")
    with pytest.raises(TwinDrainError):  # the better answer
        services.create_drain(GOLD, "syslog://h:1514")

    services.create_drain(BOLD, "syslog://h:2514")
    services.create_drain(SiteKey("gold-gs"), "syslog://h:2514")


def test_a_changed_url_keeps_the_place_in_the_logs() -> None:
    end = Span(TopicPartition("gs", 3), "log1", 40, 40)
    drain = services.create_drain(GOLD, "syslog://h:1514", begin=[end])

    services.change_drain(drain, url="syslog://h:2514")

    place = "topic", "partition", "offset", "topic_id"
    assert list(drain.cursors.values_list(*place)) == [("gs", 3, 40, "log1")]
    assert load_route_table().by_key[GOLD][0].cursor_version == 0
    assert Drain.objects.get().created_at < drain.updated_at


@pytest.mark.parametrize(
    ("key", "field"),
    [
        (AppKey("a" * 256, "gs"), "app"),
        (AppKey("a b", "gs"), "app"),
        (AppKey("a", "GS"), "space"),
        (AppKey("a", "-gs"), "space"),
        (AppKey("a", "s" * 250), "space"),
        (SiteKey(""), "site"),
        (SiteKey("a\0"), "site"),
    ],
)
def test_a_key_that_no_line_can_have_is_refused_by_field(key: Key, field: str) -> None:
    with pytest.raises(InvalidDrainError) as caught:
        services.create_drain(key, SECRET_URL)

    assert caught.value.field == field


def test_what_has_changed_since_a_number_is_read_and_nothing_else(
    django_assert_num_queries: Any,
) -> None:
    gold = services.create_drain(GOLD, "syslog://h:514")
    bold = services.create_drain(BOLD, "syslog://bold:514")
    table, first = RouteTable(), route_changes(None)
    assert table.follow(first) == {GOLD, BOLD}
    assert first.is_whole
    assert first.mark == route_mark()

    services.change_drain(bold, url="syslog://other:514")
    new = services.create_drain(GOLD, "syslog://new:514")
    services.delete_drain(gold)
    services.create_drain(AppKey("lead", "gs"), "syslog://h:514")
    services.delete_drain(Drain.objects.get(app="lead"))

    with django_assert_num_queries(4):
        second = route_changes(first.mark)
    assert {of.drain_id for of in second.routes} == {str(bold.pk), str(new.pk)}
    assert str(gold.pk) in second.gone
    assert table.follow(second) == {GOLD, BOLD}
    assert table.by_id.keys() == {str(bold.pk), str(new.pk)}
    assert table.by_key[BOLD][0].destination.host == "other"
    assert table.spaces == {"gs", "hs"}
    assert second.mark == route_mark()


def test_what_is_done_to_many_is_a_change_of_each() -> None:
    drains = [services.create_drain(GOLD, f"syslog://h{n}:514") for n in (1, 2, 3)]
    seen = route_mark()
    many.pause_all(Drain.objects.exclude(pk=drains[2].pk))
    paused = route_changes(seen)
    assert {of.drain_id for of in paused.routes} == {str(of.pk) for of in drains[:2]}

    many.delete_all(Drain.objects.filter(pk=drains[0].pk))
    assert list(route_changes(paused.mark).gone) == [str(drains[0].pk)]


def test_who_has_not_looked_since_what_is_forgotten_reads_all_anew() -> None:
    gold, bold = (services.create_drain(key, "syslog://h:514") for key in (GOLD, BOLD))
    table, first = RouteTable(), route_changes(None)
    table.follow(first)
    services.delete_drain(gold)
    last = route_mark()
    forget_gone(timezone.now())
    services.change_drain(bold, name="b")

    anew = route_changes(first.mark)
    assert anew.is_whole
    assert table.follow(anew) == {GOLD}
    assert table.by_id.keys() == {str(bold.pk)}
    assert not route_changes(last).is_whole


def test_a_change_by_the_version_before_is_found_too() -> None:
    drain = services.create_drain(GOLD, "syslog://h:514")
    table, first = RouteTable(), route_changes(None)
    table.follow(first)
    Drain.objects.filter(pk=drain.pk).update(paused=True)
    count_up_routes()

    table.follow(route_changes(first.mark))
    assert table.by_id[str(drain.pk)].paused


def test_a_url_is_parsed_once_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = Destination.parse

    def counted(url: str) -> Destination:
        parsed.append(url)
        return parse(url)

    monkeypatch.setattr(Destination, "parse", counted)

    drain = services.create_drain(GOLD, "https://h/", framing="octet")
    services.change_drain(drain, url="https://other/", headers={"X-A": "1"})
    services.change_drain(drain, connections=2)
    services.change_drain(drain, name="no URL is needed")

    assert parsed == ["https://h/", "https://other/", "https://other/"]


def test_a_change_that_nobody_has_stamped_is_found_beside_one_that_is() -> None:
    """As while web processes of two versions are at work."""
    old, new = (services.create_drain(key, "syslog://h:514") for key in (GOLD, BOLD))
    table, first = RouteTable(), route_changes(None)
    table.follow(first)
    count_up_routes()
    Drain.objects.filter(pk=old.pk).update(paused=True)
    services.change_drain(new, paused=True)

    table.follow(route_changes(first.mark))
    assert all(route.paused for route in table.by_id.values())


@pytest.mark.parametrize("many_at_once", [False, True])
def test_one_that_is_resumed_is_as_it_was_until_a_worker_says_else(many_at_once: bool) -> None:
    drains = [services.create_drain(key, "syslog://h:514", paused=True) for key in (GOLD, BOLD)]
    Drain.objects.update(state="paused")
    sent = {"worker": "w", "state": "", "lines_sent": 1, "reported_at": timezone.now()}
    DrainStatus.objects.create(drain=drains[0], **sent)
    if many_at_once:
        many.resume_all(Drain.objects.all())
    else:
        for drain in drains:
            services.change_drain(drain, paused=False)
    assert dict(Drain.objects.values_list("app", "state")) == {"gold": "live", "bold": "new"}
