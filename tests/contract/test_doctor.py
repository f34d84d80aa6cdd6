"""What the doctor says of rows, workers and keys, by what is in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from confluent_kafka import KafkaError
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.db import OperationalError, connection
from django.utils import timezone

from drains.fields import Encrypted
from drains.models import Drain
from logshuttle_site.doctor import kafka_topics
from logshuttle_site.doctor.configured import configured
from logshuttle_site.doctor.database import database
from logshuttle_site.doctor.findings import Finding, Verdict, ok
from logshuttle_site.doctor.keys import keys
from logshuttle_site.doctor.receiver import receiver_of
from logshuttle_site.doctor.workers import workers
from sessions_app.models import Viewers
from shuttle.models import Worker
from tests.contract.conftest import Api
from tests.support.keys import new_key

pytestmark = pytest.mark.django_db

NOBODY = "5b0f7b0e-3c53-4f5e-9f43-0a9f5c1f2d3e"

Check = Callable[[], Iterator[Finding]]


def told(check: Check, verdict: Verdict) -> str:
    return "\n".join(f"{each.said} {each.do}" for each in check() if each.verdict == verdict)


def worker(name: str, host: str, **changes: Any) -> None:
    now = timezone.now()
    known = {"version": "1", "started_at": now, "reported_at": now, "assigned_since": now}
    Worker.objects.create(name=name, host=host, **known | changes)


@pytest.fixture
def drain(api: Api) -> Drain:
    made = api.post("/apps/gold-gs/log-drains", {"url": "https://us:s3cret@in.example/"})
    return Drain.objects.get(pk=made.json()["id"])


def test_a_database_that_is_well_is_said_to_be() -> None:
    assert told(database, Verdict.FAIL) == told(database, Verdict.WARN) == ""
    said = told(database, Verdict.OK)
    assert "SQLite 3." in said
    assert "All migrations have run." in said


def test_migrations_that_have_not_run_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pending = type("M", (), {"app_label": "drains", "name": "0099_more"})
    monkeypatch.setattr(
        "logshuttle_site.doctor.database.MigrationExecutor.migration_plan",
        lambda self, targets: [(pending, False)],
    )
    assert "drains 0099_more" in told(database, Verdict.FAIL)
    assert "manage.py migrate" in told(database, Verdict.FAIL)


@pytest.mark.parametrize("check", [database, keys, workers, receiver_of(NOBODY)])
def test_a_database_that_is_away_is_one_sentence(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise OperationalError("connection refused\nIs it running?")

    monkeypatch.setattr(connection, "ensure_connection", refuses)
    monkeypatch.setattr(connection, "cursor", refuses)

    assert "connection refused" in told(check, Verdict.FAIL)
    assert "Is it running" not in told(check, Verdict.FAIL)


@pytest.mark.parametrize(
    ("said", "do"),
    [
        ('FATAL:  password authentication failed for user "us"', "the password"),
        ('FATAL:  database "none" does not exist', "the database's name"),
        ("FATAL:  sorry, too many clients already", "max_connections"),
        ("connection to server failed: Connection refused", "See that it runs"),
    ],
)
def test_what_to_do_goes_by_what_the_database_says(
    said: str, do: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses() -> None:
        raise OperationalError(said)

    monkeypatch.setattr(connection, "cursor", refuses)

    told_of = told(database, Verdict.FAIL)
    assert said in told_of
    assert do in told_of


def test_topics_of_spaces_are_not_missed_where_nobody_knows_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As before `migrate`."""

    def lacks_a_table() -> None:
        raise OperationalError("no such table: drains_drain")

    monkeypatch.setattr(connection, "cursor", lacks_a_table)
    assert kafka_topics._spaces_with_drains() is None
    unknown: kafka_topics.About = {
        topic: KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART) for topic in ("build", "router")
    }

    before = kafka_topics._which(unknown, (), are_all=False)
    after = kafka_topics._which(unknown, (), are_all=True)

    assert before == ok("No source has a topic yet: build, router.")
    assert after.said == "None of our topics is there: build, router."


def test_rows_that_no_key_opens_are_counted_and_named(drain: Drain) -> None:
    assert told(keys, Verdict.FAIL) == ""
    other = Fernet(Fernet.generate_key())
    Drain.objects.update(url=Encrypted(other.encrypt(b"https://s3cret@in.example/").decode()))

    said = told(keys, Verdict.FAIL)

    assert "lacks the key of 1 of 1 drains" in said
    assert str(drain.pk) in said
    assert "s3cret" not in said


def test_a_key_that_no_secret_key_opens_is_told(settings: LazySettings, db: None) -> None:
    text = new_key("operator")
    assert told(keys, Verdict.WARN) == ""
    before, settings.SECRET_KEY = settings.SECRET_KEY, "another one, of the tests alone"

    assert f"key {text[3:11]}" in told(keys, Verdict.WARN)
    assert "nobody can use it" in told(keys, Verdict.WARN)
    settings.SECRET_KEY_FALLBACKS = [before]
    assert "unless it is used before" in told(keys, Verdict.WARN)


def test_keys_are_told_by_their_length(settings: LazySettings) -> None:
    settings.AUTH_KEY, settings.FIELD_ENCRYPTION_KEYS = (
        "s3cret",
        [Fernet.generate_key().decode() for _ in range(2)],
    )
    said = "\n".join(f"{each.verdict} {each.said}" for each in keys())

    assert "ok AUTH_KEY has 6 characters." in said
    assert "FIELD_ENCRYPTION_KEYS has 2." in said
    assert "s3cret" not in said


def test_where_nobody_works_lines_wait(drain: Drain) -> None:
    assert "Lines wait in Kafka." in told(workers, Verdict.FAIL)
    drain.delete()
    assert told(workers, Verdict.FAIL) == ""
    assert "No worker has been heard" in told(workers, Verdict.WARN)


def test_who_works_is_told(settings: LazySettings) -> None:
    worker("a", "host-1", consumer_lag=1200)

    assert "1 worker works on host-1; 1,200 records wait" in told(workers, Verdict.OK)
    assert told(workers, Verdict.FAIL) == told(workers, Verdict.WARN) == ""


def test_several_hosts_need_a_database_and_a_cache_that_they_share(settings: LazySettings) -> None:
    worker("a", "host-1")
    worker("b", "host-2", version="2")

    assert "Take PostgreSQL" in told(workers, Verdict.FAIL)
    assert "no REDIS_URL" not in told(workers, Verdict.WARN), "one web process"
    for process in ("a-1", "b-1"):
        Viewers.objects.create(process=process, viewers=0, reported_at=timezone.now())
    assert "2 web processes and no REDIS_URL" in told(workers, Verdict.WARN)
    assert "several versions: 1, 2" in told(workers, Verdict.WARN)


def test_who_is_gone_and_whose_clock_is_wrong_is_told() -> None:
    now = timezone.now()
    begin = now - timedelta(hours=1)
    worker("a", "host-1", reported_at=now + timedelta(seconds=90), started_at=begin)
    worker("b", "host-1", reported_at=now - timedelta(seconds=90))

    assert "The clock of host-1 is" in told(workers, Verdict.FAIL)
    assert "b on host-1" in told(workers, Verdict.WARN)


def test_a_drain_that_is_none_is_said_to_be() -> None:
    for name in ("x", NOBODY):
        assert f"There is no drain {name}." in told(receiver_of(name), Verdict.FAIL)


def test_settings_are_judged_as_check_deploy_does(settings: LazySettings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert "logshuttle.W002" in told(configured, Verdict.WARN)
    assert "security.W008" in told(configured, Verdict.WARN)
    assert "Pages answer to *." in told(configured, Verdict.OK)
