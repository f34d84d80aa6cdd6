"""What recipients are told of an installation's rows, once, by one process at a time."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from drains import services
from drains.models import Drain, DrainStatus, Heartbeat
from events.keys import AppKey
from logshuttle_site.notifications import lease, outbox
from logshuttle_site.notifications.kinds import WISHES
from logshuttle_site.notifications.models import Lease, Message, Recipient, Told
from logshuttle_site.notifications.rounds import Rounds
from logshuttle_site.notifications.seen import LOOKED_BACK
from shuttle.commit.past_rows import PATIENCE, put_right
from shuttle.commit.rollup_rows import write_figures
from shuttle.commit.store import FeedStatus, Figures, RollupNote, WorkerNote
from shuttle.models import Worker
from shuttle.worker.rollups import UNWRITTEN_MAX
from tests.support.reports import dead, write_statuses

pytestmark = pytest.mark.django_db
ABOUT = WorkerNote("w1", "host-1", "1.0", started_at=1.8e9, retention_ms={"gs": 3_600_000})
ME, OTHER = "me", "other"


@pytest.fixture
def recipient(db: None) -> Recipient:
    return Recipient.objects.create(
        address="https://hooks.example/T0P/S3CRET",
        shown="https://hooks.example:443/***",
        events=list(WISHES),
        minutes=0,
        created_at=timezone.now() - timedelta(days=1),
    )


def make(app: str, host: str = "logs.example.com") -> Drain:
    return services.create_drain(AppKey(app, "gs"), f"syslog://{host}:514", begin=())


def report(*drains: Drain, state: str = "failing", error: str = "refused", **more: Any) -> None:
    write_figures(Figures(ABOUT))
    statuses = [
        FeedStatus(str(drain.pk), state, error, 1.8e9, None, lines_sent=1, **more)
        for drain in drains
    ]
    write_statuses("w1", statuses)


def look(later: timedelta = timedelta(), holder: str = ME) -> list[str]:
    """What has been written by a look: types of messages."""
    before = set(Message.objects.values_list("pk", flat=True))
    now = lease.take(holder)
    if now is None:
        return []
    Rounds(holder).look(now + later)
    new = Message.objects.exclude(pk__in=before).order_by("created_at", "pk")
    return list(new.values_list("event", flat=True))


def test_a_cause_is_told_with_whose_drains_fail(recipient: Recipient) -> None:
    report(make("gold"), make("lead"))
    assert look() == ["drains.failing"]
    message = Message.objects.get()
    assert message.text.startswith(
        "logs.example.com:514: refused. 2 drains (gold-gs, lead-gs) fail since 20"
    )
    data = message.data
    assert (data["receiver"], data["why"], data["drains"]) == ("logs.example.com:514", "refused", 2)
    assert data["owners"] == ["gold-gs", "lead-gs"]
    assert data.keys() == {"text", "receiver", "why", "drains", "behind", "since", "owners"}
    assert look() == [], "once"


def test_a_reason_that_begins_as_another_is_another_cause(recipient: Recipient) -> None:
    gold, lead = make("gold"), make("lead")
    report(gold, error="timed out")
    report(lead, error="timed out: no answer")
    assert look() == ["drains.failing"] * 2
    owners = {message.data["why"]: message.data["owners"] for message in Message.objects.all()}
    assert owners == {"timed out": ["gold-gs"], "timed out: no answer": ["lead-gs"]}


def test_more_causes_than_the_overview_shows_have_not_recovered(
    recipient: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logshuttle_site.overview.figures.CAUSES", 1)
    report(make("gold"), make("lead", "other.example.com"), make("tin", "third.example.com"))
    assert look() == ["drains.failing"] * 3
    assert not Told.objects.exclude(gone_at=None).exists()
    assert look() == []
    assert not Told.objects.exclude(gone_at=None).exists()


def test_a_recovery_is_told_and_a_pause_is_no_recovery(recipient: Recipient) -> None:
    gold, lead = make("gold"), make("lead", "other.example.com")
    report(gold, lead)
    look()
    report(gold, state="live", error="")
    services.change_drain(lead, paused=True)
    assert look() == []
    Told.objects.update(gone_at=timezone.now() - timedelta(minutes=2))
    assert sorted(look()) == ["drains.ended", "drains.recovered"]
    ended = Message.objects.get(event="drains.ended")
    assert "its drains are paused" in ended.text
    assert ended.data["outcome"] == "paused"
    assert not Told.objects.exists()


def test_deleted_or_moved_drains_have_not_recovered(recipient: Recipient) -> None:
    gold, lead = make("gold"), make("lead")
    report(gold, lead)
    look()
    services.delete_drain(gold)
    services.change_drain(lead, url="syslog://mended.example.com:514")
    report(lead, state="live", error="")
    look()
    Told.objects.update(gone_at=timezone.now() - timedelta(minutes=2))
    assert look() == ["drains.ended"]


def test_a_drain_whose_worker_says_nothing_has_not_recovered(recipient: Recipient) -> None:
    gold, lead = make("gold"), make("lead", "other.example.com")
    report(gold, lead)
    look()
    DrainStatus.objects.filter(drain=gold).update(run="of before")
    assert look() == []
    assert not Told.objects.exclude(gone_at=None).exists()


def test_a_drain_of_which_no_worker_has_anything_to_say_has_recovered(recipient: Recipient) -> None:
    gold = make("gold")
    report(gold)
    look()
    DrainStatus.objects.filter(drain=gold).update(run="of before")
    Heartbeat.objects.update(began_at=timezone.now() - PATIENCE)
    assert not put_right()
    look()
    Told.objects.update(gone_at=timezone.now() - timedelta(minutes=2))
    assert look() == ["drains.recovered"]


def test_no_worker_is_told_and_nothing_else(recipient: Recipient) -> None:
    report(make("gold"))
    look()
    old = timezone.now() - timedelta(seconds=31)
    dead("w1")
    Worker.objects.update(reported_at=old)
    assert look() == ["workers.none"]
    assert "No worker has reported since 20" in Message.objects.get(event="workers.none").text
    assert look(timedelta(minutes=10)) == []
    write_figures(Figures(ABOUT))
    assert look() == []
    Told.objects.filter(kind="workers.none").update(gone_at=timezone.now() - timedelta(minutes=2))
    assert look() == ["workers.back"]


def test_one_worker_of_two_that_dies_is_told(recipient: Recipient) -> None:
    make("gold")
    for about in (ABOUT, ABOUT._replace(name="w2", host="host-2")):
        write_figures(Figures(about._replace(started_at=time.time() - 300)))
    dead = Worker.objects.filter(name="w2")
    dead.update(reported_at=timezone.now() - timedelta(seconds=31))
    assert look() == ["workers.gone"]
    assert "A worker on host-2 is gone" in Message.objects.get().text


def test_one_that_another_has_replaced_is_not_missed(recipient: Recipient) -> None:
    make("gold")
    for about in (ABOUT, ABOUT._replace(name="w2"), ABOUT._replace(name="w3")):
        write_figures(Figures(about._replace(started_at=time.time() - 300)))
    Worker.objects.filter(name="w2").update(reported_at=timezone.now() - timedelta(seconds=31))
    Worker.objects.filter(name="w3").update(started_at=timezone.now() - timedelta(seconds=20))
    assert look() == []


def test_losses_and_lag_are_told_of_what_workers_have_written(recipient: Recipient) -> None:
    report(make("gold"), state="replaying", error="", lag_messages=9, lag_seconds=1900.0)
    minute = timezone.now().timestamp() // 60 * 60
    write_figures(Figures(ABOUT, [RollupNote("minute", minute, {"lost": {"retention": 1204}}, {})]))
    assert sorted(look()) == ["lag.half_of_retention", "lines.lost"]
    texts = " ".join(Message.objects.values_list("text", flat=True))
    assert "1,204 lines lost since 20" in texts
    assert "gold-gs: its oldest line waits for 31 min, and Kafka keeps it for 28 min more." in texts
    (each,) = Message.objects.get(event="lag.half_of_retention").data["each"]
    assert each["owner"] == "gold-gs"


def test_losses_that_are_written_late_are_told(recipient: Recipient) -> None:
    """By a worker whose database was away for nearly as long as it keeps rows of minutes."""
    assert timedelta(minutes=UNWRITTEN_MAX) <= LOOKED_BACK
    assert look() == []
    Lease.objects.update(judged_at=timezone.now())
    minute = (timezone.now() - LOOKED_BACK).timestamp() // 60 * 60 + 60
    write_figures(Figures(ABOUT, [RollupNote("minute", minute, {"lost": {"retention": 5}}, {})]))
    assert look() == ["lines.lost"]


def test_the_end_of_a_certificate_is_told_as_the_overview_has_it(recipient: Recipient) -> None:
    report(make("gold"), make("lead"), state="live")
    assert look() == []
    ends_at = timezone.now() + timedelta(days=6)
    DrainStatus.objects.update(certificate_ends_at=ends_at)
    assert look() == ["certificate.ends"]
    assert "within 7 days: 2 drains, such as gold-gs." in Message.objects.get().text
    assert look() == []


def test_no_certificate_is_cut_off(recipient: Recipient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logshuttle_site.overview.facts.CERTIFICATES", 1)
    for days, host in enumerate(("one.example", "two.example", "three.example"), 3):
        drain = make("gold", host)
        report(drain, state="live")
        ends_at = timezone.now() + timedelta(days=days)
        DrainStatus.objects.filter(drain=drain).update(certificate_ends_at=ends_at)
    assert look() == ["certificate.ends"] * 3


def test_each_recipient_is_told_what_it_wants(recipient: Recipient) -> None:
    Recipient.objects.create(address="a@b.example", shown="a@b.example", events=["lines.lost"])
    report(make("gold"))
    assert look() == ["drains.failing"]
    recipient.enabled = False
    recipient.save()
    report(make("lead", "other.example.com"))
    assert look() == []


def test_a_look_asks_as_much_of_many_drains_as_of_few(
    recipient: Recipient, django_assert_max_num_queries: Any
) -> None:
    report(*(make(f"gold{n}", f"logs-{n}.example.com") for n in range(3)))
    look()
    with django_assert_max_num_queries(14 + 1):  # with certificates'
        assert look() == []
    report(*(make(f"lead{n}", f"logs-{n}.example.net") for n in range(20)))
    with django_assert_max_num_queries(18 + 1):
        assert look() == ["drains.failing"]
    together = Message.objects.get(data__has_key="each")
    assert (len(together.data["each"]), together.data["total"]) == (20, 20)
    assert together.text.startswith("20 causes for which drains fail: logs-")
    assert together.text.endswith("And 17 more.")


# One process at a time.


def test_a_lease_that_is_missing_is_made_anew(db: None) -> None:
    Lease.objects.all().delete()
    lease.take(ME)
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert lease.take(ME) is not None


def test_two_processes_tell_a_thing_once(recipient: Recipient) -> None:
    report(make("gold"))
    assert lease.take(ME) is not None
    assert lease.take(OTHER) is None
    assert look() == ["drains.failing"]
    lease.give_back(ME)
    assert look(holder=OTHER) == []


def test_a_lease_that_is_not_renewed_is_anybodys(recipient: Recipient) -> None:
    now = lease.take(ME)
    assert now is not None
    Lease.objects.update(until=now - timedelta(seconds=1))
    assert lease.take(OTHER) is not None
    assert lease.take(ME) is None


def test_a_lease_is_renewed_in_time(db: None) -> None:
    now = lease.take(ME)
    assert now is not None
    Lease.objects.update(until=now + timedelta(seconds=15))
    lease.take(ME)
    assert Lease.objects.get().until > now + timedelta(seconds=25)


def test_who_has_lost_the_lease_writes_nothing(recipient: Recipient) -> None:
    report(make("gold"))
    now = lease.take(ME)
    assert now is not None
    lease.give_back(ME)
    lease.take(OTHER)
    Rounds(ME).look(now)
    assert not Message.objects.exists()


# The outbox.


@pytest.fixture
def message(recipient: Recipient) -> Message:
    report(make("gold"))
    look()
    return Message.objects.get()


def test_what_was_sent_and_not_noted_is_sent_again_with_the_same_id(message: Message) -> None:
    first = outbox.next_of(message.recipient_id)  # and its process dies
    second = outbox.next_of(message.recipient_id)
    assert first is not None
    assert second is not None
    assert first.pk == second.pk
    outbox.sent(second)
    assert outbox.next_of(message.recipient_id) is None
    assert Message.objects.get().state == "sent"


def test_a_failure_is_retried_later_and_later_for_a_day(message: Message) -> None:
    outbox.failed(message, "connection refused")
    assert outbox.next_of(message.recipient_id) is None
    assert outbox.waiting((), 9) == []
    message.refresh_from_db()
    assert message.state == "waits"
    assert message.next_try_at is not None
    assert message.next_try_at > timezone.now()
    assert message.recipient.last_error == "connection refused"

    Message.objects.update(try_until=timezone.now() - timedelta(seconds=1))
    outbox.failed(message, "timed out")
    message.refresh_from_db()
    assert (message.state, message.last_error) == ("given up", "timed out")
    assert message.given_up_at is not None

    outbox.try_again([message])
    assert outbox.waiting((), 9) == [message.recipient_id]


def test_waits_grow_up_to_an_hour() -> None:
    waits = [outbox.wait_after(tries) for tries in range(30)]
    assert 2.5 <= waits[0] <= 5
    assert all(1800 <= wait <= 3600 for wait in waits[10:])


def test_who_is_sent_to_already_does_not_hold_up_the_others(message: Message) -> None:
    other = Recipient.objects.create(address="x", shown="x", events=list(WISHES), minutes=0)
    look()
    assert outbox.waiting((), 9) == [message.recipient_id, other.pk]
    assert outbox.waiting([message.recipient_id], 9) == [other.pk]


def test_what_was_sent_is_kept_for_a_while(message: Message) -> None:
    outbox.sent(message)
    outbox.prune()
    assert Message.objects.exists()
    Message.objects.update(created_at=timezone.now() - outbox.KEPT - timedelta(minutes=1))
    outbox.prune()
    assert not Message.objects.exists()


def test_what_still_waits_is_not_thrown_away(message: Message) -> None:
    Message.objects.update(created_at=timezone.now() - outbox.KEPT - timedelta(minutes=1))
    outbox.prune()
    assert Message.objects.exists()


@pytest.mark.parametrize("why", ["", "HTTP 500"], ids=["sent", "failed"])
def test_what_became_of_a_message_is_written_down_whole_or_not_at_all(
    why: str, recipient: Recipient
) -> None:
    message = outbox.new(recipient, "k", "test", [{}], timezone.now())
    message.save()
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TRIGGER full BEFORE UPDATE ON {Recipient._meta.db_table}"
            " BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
    with pytest.raises(DatabaseError, match="no room"):
        outbox.failed(message, why) if why else outbox.sent(message)
    assert outbox.next_of(recipient.pk) == message, "it is still due"
