"""What the first page is told in one question of many parts, by each kind of database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from drains.admin.card import card_of
from drains.models import Drain
from drains.services import change_drain, create_drain
from drains.status import status_of
from events.keys import AppKey, SiteKey
from logshuttle_site.overview import facts as facts_module
from logshuttle_site.overview.figures import overview
from sessions_app import tail_rows
from sessions_app.tail.tally import SpanRow
from sessions_app.tail.teller import TailFigures
from shuttle.commit.rollup_rows import write_figures
from shuttle.commit.store import FeedStatus, Figures, RollupNote, WorkerNote
from tests.contract.conftest import Api
from tests.support.certificates import Authority
from tests.support.reports import write_statuses

pytestmark = pytest.mark.django_db
NOON = datetime.fromtimestamp(1_800_014_400, timezone.get_current_timezone())
DAY = timedelta(days=1)


class Clock:
    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        patch.setattr(timezone, "now", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture(params=["sqlite", "postgres"], autouse=True)
def _database(request: pytest.FixtureRequest) -> None:
    if request.param == "postgres":
        request.getfixturevalue("in_postgres")


def made(app: str, url: str = "syslog+tls://one.example:6514", **options: Any) -> Drain:
    key = SiteKey(app) if "." in app else AppKey(app, "gs")
    return create_drain(key, url, begin=(), **options)


def saw(drain: Drain, ends_at: datetime | None, worker: str = "w1", **more: Any) -> None:
    """What a worker says of a drain's receiver."""
    at = None if ends_at is None else ends_at.timestamp()
    status = FeedStatus(str(drain.pk), "live", "", None, None, certificate_ends_at=at, **more)
    write_statuses(worker, [status])


def shown() -> list[tuple[str, str, int, float, int]]:
    """Days to the end, and of how many drains."""
    return [
        (each.whose, each.host, each.port, (each.ends_at - timezone.now()) / DAY, each.drains)
        for each in overview().certificates
    ]


def test_certificates_are_one_a_receiver_and_end(clock: Clock) -> None:
    for app in ("gold", "lead"):
        saw(made(app), NOON + 14 * DAY)
    saw(made("www.example.com"), NOON + 3 * DAY)
    saw(made("zinc", "https://two.example/"), NOON - DAY)
    saw(made("tin", "https://two.example/"), NOON + 31 * DAY)
    saw(made("iron"), None)
    assert shown() == [
        ("receiver", "two.example", 443, -1, 1),
        ("receiver", "one.example", 6514, 3, 1),
        ("receiver", "one.example", 6514, 14, 2),
    ]
    assert [each.owner for each in overview().certificates] == [
        "zinc-gs",
        "site:www.example.com",
        "gold-gs",
    ]


def test_a_drains_own_is_shown_too(clock: Clock) -> None:
    authority = Authority()
    clock.now = datetime.now(NOON.tzinfo) + 2 * DAY
    soon, late = authority.good_for(9, "c.example"), authority.good_for(90, "c.example")
    for app, shows in (("gold", soon), ("lead", soon), ("tin", late)):
        made(app, tls={"certificate": shows.chain, "key": shows.key})
    ((whose, host, port, days, drains),) = shown()
    assert (whose, host, port, round(days), drains) == ("client", "one.example", 6514, 7, 2)


def test_the_earliest_that_a_worker_sees_counts_and_not_what_one_saw_that_is_gone(
    clock: Clock,
) -> None:
    gold = made("gold")
    saw(gold, NOON + DAY, "died")
    assert shown() == [("receiver", "one.example", 6514, 1, 1)]
    clock.now += DAY / 4
    assert shown() == [("receiver", "one.example", 6514, 0.75, 1)], "nobody has seen another"
    saw(gold, NOON + 20 * DAY, "w1")
    saw(gold, NOON + 9 * DAY, "w2")
    assert [days for *_, days, _ in shown()] == [8.75, 19.75]
    clock.now += DAY
    assert [days for *_, days, _ in shown()] == [7.75, 18.75]
    clock.now += DAY
    assert shown() == [], "that is too long ago"


def test_who_is_there_outranks_who_is_gone_also_without_a_certificate(clock: Clock) -> None:
    gold = made("gold")
    saw(gold, NOON + DAY, "died")
    clock.now += DAY / 4
    saw(gold, None, "w1")
    assert shown() == []


def test_a_certificate_is_not_taken_along_to_another_receiver(clock: Clock) -> None:
    gold, lead = made("gold"), made("lead")
    for drain in (gold, lead):
        saw(drain, NOON + DAY, "died")
    clock.now += DAY / 4
    change_drain(gold, url="syslog://other.example:514")
    change_drain(lead, url="syslog+tls://one.example:6514", name="the same receiver")
    assert shown() == [("receiver", "one.example", 6514, 0.75, 1)]


def test_a_page_of_a_drain_says_what_the_first_page_says(clock: Clock) -> None:
    gold = made("gold")
    saw(gold, NOON + DAY, "died")
    assert status_of(gold).certificate_ends_at == NOON + DAY
    clock.now += DAY / 4
    saw(gold, NOON + 20 * DAY, "w1")
    assert [days for *_, days, _ in shown()] == [19.75]
    assert card_of(gold).certificates == {"Receiver's certificate": NOON + 20 * DAY}
    clock.now += DAY + DAY / 4
    gold.statuses.filter(worker="w1").delete()
    assert (shown(), card_of(gold).certificates) == ([], {}), "too long ago"


def test_what_ended_long_ago_hides_nothing(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_module, "CERTIFICATES", 2)
    for day, app in enumerate(("gold", "lead", "tin"), 8):
        saw(made(app), NOON - day * DAY)
    saw(made("zinc"), NOON - 6 * DAY)
    saw(made("iron"), NOON + DAY)
    assert [days for *_, days, _ in shown()] == [-6, 1]


def test_a_drains_own_that_ended_long_ago_is_no_news(clock: Clock) -> None:
    Drain.objects.filter(pk=made("gold").pk).update(certificate_ends_at=NOON - 8 * DAY)
    assert shown() == []


def test_drains_that_are_paused_need_nobody(clock: Clock) -> None:
    gold = made("gold")
    saw(gold, NOON + DAY)
    Drain.objects.update(paused=True)
    assert shown() == []


def test_the_soonest_are_shown_where_there_are_too_many(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts_module, "CERTIFICATES", 2)
    for day, app in enumerate(("gold", "lead", "tin"), 1):
        saw(made(app), NOON + day * DAY)
    assert [days for *_, days, _ in shown()] == [1, 2]


def test_the_drains_that_cost_most_are_named(clock: Clock) -> None:
    gold, site = made("gold"), made("www.example.com", "https://u:p@two.example/x?key=s")
    names = [str(drain.pk) for drain in (gold, site)]
    gone = "7d0ff6b5-4f0c-4e4b-8f7b-0a6a3f1e9a11"
    drains = {names[0]: [10, 200], names[1]: [5, 300], gone: [9, 400], "other": [100, 100]}
    for hours in (1, 2):
        row = RollupNote("hour", NOON.timestamp() - 3600 * hours, {}, {"drains": drains})
        write_figures(Figures(WorkerNote("w1", "host", "1.0", started_at=0.0), [row]))
    assert overview().costliest == [
        (names[1], "site:www.example.com", site.address, 10, 600, 0.3),
        (names[0], "gold-gs", gold.address, 20, 400, 0.2),
    ]
    saw(gold, NOON + DAY)
    assert len(overview().certificates) == 1


def test_tails_are_counted_once_a_web_process_has_told(clock: Clock, api: Api) -> None:
    def found() -> tuple[int | None, int | None]:
        told = overview()
        return told.tails, told.tail_sessions

    assert found() == (None, None)
    tail_rows.write(TailFigures("p1", {}, frozenset()))
    assert found() == (0, 0)
    tail_rows.write(TailFigures("p1", {"a": 2, "b": 1}, frozenset()))
    tail_rows.write(TailFigures("p2", {"a": 4}, frozenset()))
    assert found() == (7, 2)
    clock.now += timedelta(seconds=31)
    assert found() == (None, None)
    tail_rows.write(TailFigures("p2", {"a": 4}, frozenset()))
    assert found() == (4, 1)
    saw(made("gold"), NOON + DAY)
    assert found() == (4, 1)


def test_what_went_to_tails_is_told(clock: Clock, api: Api) -> None:
    for process, seconds in (("p1", 90), ("p2", 30)):
        figures = {"open": {"seconds": seconds, "most": 2}, "lines": {"text": 5, "socket": 1}}
        rows = (
            SpanRow("minute", NOON.timestamp() - 60, figures),
            SpanRow("hour", NOON.timestamp() - 3600, figures),
        )
        tail_rows.write(TailFigures(process, {}, frozenset(), rows))
    told = overview()
    assert told.series.tails == [*[None] * 59, 2.0]
    assert (told.series.lost, told.day) == ([None] * 60, None), "no worker has told"
    assert overview("7d").series.tails[-1] == pytest.approx(120 / 3600)
    assert api.get("/overview").json()["tails"] == {
        "open": 0,
        "sessions": 0,
        "lines_24_h": {"text": 10, "socket": 2},
    }


def test_programs_are_told_of_certificates(clock: Clock, api: Api) -> None:
    saw(made("gold"), NOON + DAY)
    (told,) = api.get("/overview").json()["needs_you"]["certificates"]
    assert told == {
        "whose": "receiver",
        "host": "one.example",
        "port": 6514,
        "ends_at": "2027-01-16T12:00:00Z",
        "drains": 1,
        "owner": "gold-gs",
    }
