"""What the doctor makes of checks that go well, break off or hang; and how it says it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.core.management.color import no_style

from logshuttle_site.doctor.database import clock_of
from logshuttle_site.doctor.effective import Shown, effective_settings, masked
from logshuttle_site.doctor.findings import Finding, Findings, Verdict, examine, fail, ok, warn
from logshuttle_site.doctor.kafka_brokers import _age
from logshuttle_site.doctor.show import as_json, report, table
from logshuttle_site.env import Env


def fine() -> Iterator[Finding]:
    yield ok("It is well.")


def breaks_off() -> Iterator[Finding]:
    yield ok("This was well.")
    raise ValueError("the driver said no\nand more")


def test_a_check_that_breaks_off_or_hangs_hides_nothing() -> None:
    go_on = threading.Event()

    def hangs() -> Iterator[Finding]:
        yield warn("So far.", "Do.")
        go_on.wait(60)

    found = examine({"fine": fine, "breaks": breaks_off, "hangs": hangs}, 0.2)
    go_on.set()

    verdicts = {name: [each.verdict for each in of] for name, of in found.by_check.items()}
    assert verdicts == {
        "fine": [Verdict.OK],
        "breaks": [Verdict.OK, Verdict.FAIL],
        "hangs": [Verdict.WARN, Verdict.FAIL],
    }
    assert found.by_check["breaks"][1].said == "This check broke off: the driver said no"
    assert "0.2 s" in found.by_check["hangs"][1].said
    assert found.is_stuck
    assert found.failures == 2


def test_all_that_is_well_is_nothing_to_wait_for() -> None:
    found = examine({"fine": fine, "again": fine}, 10)

    assert not found.is_stuck
    assert found.failures == 0
    assert found.count(Verdict.OK) == 2


FOUND = Findings(
    {
        "Kafka": [
            ok("3 brokers answer: " + ", ".join(f"kafka-{n}.internal:9092" for n in range(3))),
            fail("Broker 2 says \x1b[31mthat\x07.", "Correct its advertised.listeners."),
        ]
    },
    is_stuck=False,
)


def test_a_report_fits_a_narrow_terminal_and_obeys_nobody() -> None:
    lines = list(report(FOUND, no_style()))

    assert lines == [
        "Kafka",
        "  ok    3 brokers answer: kafka-0.internal:9092, kafka-1.internal:9092,",
        "        kafka-2.internal:9092",
        "  FAIL  Broker 2 says that^G.",
        "        → Correct its advertised.listeners.",
        "",
        "1 ok, 0 warnings, 1 failure.",
    ]
    assert max(map(len, lines)) <= 80


def test_scripts_get_the_same() -> None:
    said = as_json(FOUND, [Shown("PORT", "5000", "default")])

    assert said["failures"] == 1
    assert [each["verdict"] for each in said["checks"]["Kafka"]] == ["ok", "fail"]
    assert said["settings"] == {"PORT": {"value": "5000", "from": "default"}}
    assert "settings" not in as_json(FOUND, None)


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("", ""),
        ("k" * 40, "*** (40 characters)"),
        ("aaaa, bbbbbb", "*** (4 characters, 6 characters)"),
        ("postgres://us:s3cret@db:5432/name?sslmode=s3cret", "postgres://***@db:5432/name?***"),
        ("postgres://us:s3/cr?et@db/name", "postgres://***@db/name"),
        ("postgres://db/name?password=s3@cret", "postgres://***@cret"),
        ("redis://:s3cret@cache:6379", "redis://***@cache:6379"),
        ("redis://cache:6379/1#s3cret", "redis://cache:6379/1"),
        ("sqlite:////data/shuttle.sqlite3", "sqlite:////data/shuttle.sqlite3"),
    ],
)
def test_of_a_secret_nothing_is_shown(secret: str, shown: str) -> None:
    assert masked(secret) == shown


def test_settings_are_shown_with_where_they_come_from() -> None:
    env = Env(
        {
            "EMAIL_HOST_PASSWORD": "s3cret-of-mail",
            "KAFKA_CONF_sasl_password": "s3cret-of-kafka",
            "KAFKA_CONF_security_protocol": "SASL_SSL",
            "AUTH_KEY_FILE": "/nowhere",
            "ALLOWED_HOSTS": "given.example",
        }
    )
    env.secret("EMAIL_HOST_PASSWORD")
    env.secret("AUTH_KEY")
    env.integer("PORT", 5000, 1, 65535)
    env.words("ALLOWED_HOSTS")
    env.prefixed("KAFKA_CONF_")
    env.flag("NOBODY_KEEPS_IT")

    rows = list(effective_settings(env))

    assert {row.name: row.source for row in rows} == {
        "ALLOWED_HOSTS": "set",
        "AUTH_KEY": "file",
        "EMAIL_HOST_PASSWORD": "set",
        "KAFKA_CONF_sasl_password": "set",
        "KAFKA_CONF_security_protocol": "set",
        "NOBODY_KEEPS_IT": "default",
        "PORT": "default",
    }
    values = {row.name: row.value for row in rows}
    assert values["PORT"] == "5000"
    assert values["KAFKA_CONF_security_protocol"] == "SASL_SSL"
    assert values["EMAIL_HOST_PASSWORD"] == "*** (14 characters)"
    assert "s3cret" not in "\n".join(table(rows))


@pytest.mark.parametrize(
    ("theirs", "verdict"),
    [(1000.5, Verdict.OK), (1005.9, Verdict.OK), (1010.0, Verdict.FAIL), (900.0, Verdict.FAIL)],
)
def test_clocks_that_are_apart_are_told(theirs: float, verdict: Verdict) -> None:
    assert clock_of("It", 1000.0, theirs, 1002.0).verdict == verdict


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ([], []),
        ([17, 16], ["ok The oldest broker speaks as Kafka 3.7 does, or a later one."]),
        ([3], ["warn The oldest broker speaks as Kafka 0.10 does, or a later one."]),
        ([11], ["warn The oldest broker speaks as Kafka 2.3 does, or a later one."]),
    ],
)
def test_old_brokers_are_told(versions: list[int], said: list[str]) -> None:
    found = [f"{each.verdict} {each.said.partition(' It has')[0]}" for each in _age(versions)]

    assert found == said
