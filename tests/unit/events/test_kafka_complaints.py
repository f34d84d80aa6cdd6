"""When it is said that brokers cannot be used, and when that they can."""

from __future__ import annotations

import logging

import pytest

from events.kafka.complaints import Complaints
from events.kafka.reasons import BrokerFault, Complaint

FIRST = ["a:1", "b:1"]
LOOK_SECONDS = 3


class Heard:
    """Complaints with a clock of the test's own, asked as who watches Kafka does."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.now = 1000.0
        self.complaints = Complaints(lambda: self.now)
        self._caplog = caplog
        caplog.set_level(logging.INFO)

    def refused(self, *brokers: str) -> None:
        for broker in brokers:
            self.hear(broker, "Connection refused", BrokerFault.UNREACHABLE)

    def hear(self, broker: str, why: str, fault: BrokerFault, **more: bool) -> None:
        self.complaints.hear(Complaint(broker, why, fault, **more))

    def judge(self, *brokers: str) -> list[str]:
        """What is said now, of an answer that names these; without any there was none."""
        self._caplog.clear()
        self.complaints.judge(FIRST, brokers)
        self.now += LOOK_SECONDS
        return [record.getMessage() for record in self._caplog.records]


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Heard:
    return Heard(caplog)


def test_nothing_is_said_while_kafka_answers(heard: Heard) -> None:
    assert heard.judge("a:1", "b:1") == []


def test_who_refuses_is_named_with_what_to_do(heard: Heard) -> None:
    heard.refused("a:1", "b:1")

    assert heard.judge() == [
        "Kafka cannot be used. a:1, b:1: Connection refused. See that a broker runs there, and that"
        " the way from here is open; else correct KAFKA_HOSTS."
    ]


def test_it_is_said_twice_a_minute_and_when_it_is_over(heard: Heard) -> None:
    said = []
    for _ in range(40 // LOOK_SECONDS):
        heard.refused("a:1", "b:1")
        said += heard.judge()
    assert [text[:21] for text in said] == ["Kafka cannot be used."] * 2
    assert heard.complaints.unusable_seconds == 39

    heard.now += LOOK_SECONDS  # the last complaint is old by now
    assert heard.judge("a:1", "b:1") == ["Kafka can be used again, after 42 s"]
    assert heard.judge("a:1", "b:1") == []
    assert heard.complaints.unusable_seconds == 0


def test_another_trouble_is_said_once_more_and_never_more_than_four_in_40_s(heard: Heard) -> None:
    said = []
    for second in range(0, 40, LOOK_SECONDS):
        fault = list(BrokerFault)[second // LOOK_SECONDS]
        heard.hear("a:1", f"reason {second}", fault)
        said += heard.judge()

    assert "reason 3" in said[1]
    assert 2 <= len(said) <= 4


def test_where_a_broker_says_that_it_is_is_said_to_be_its_word(heard: Heard) -> None:
    """Where it was asked it answers, and nothing can be used."""
    heard.refused("c:2")

    said = heard.judge("c:2")

    assert said[0].startswith("Kafka cannot be used. c:2, which is how a broker announces itself:")
    assert "correct its advertised.listeners" in said[0]
    assert not heard.complaints.usable(["c:2"])


def test_one_of_several_is_away(heard: Heard) -> None:
    heard.refused("c:2")

    assert heard.complaints.usable(["c:2", "d:2"])
    assert heard.judge("c:2", "d:2")[0].startswith("Kafka answers, but not all of its brokers. c:2")
    assert heard.judge("c:2", "d:2") == []


def test_a_connection_that_was_ended_is_no_trouble_as_long_as_there_are_answers(
    heard: Heard,
) -> None:
    heard.hear("a:1", "Disconnected", BrokerFault.WANTS_LOGIN, is_parting=True)

    assert heard.complaints.usable(["a:1"])
    assert heard.judge("a:1") == []
    assert "it wants a login" in heard.judge()[0]


def test_a_silent_broker_that_answers_is_well_at_once(heard: Heard) -> None:
    """Though its silence would be told again only much later."""
    heard.hear("a:1", "Timed out", BrokerFault.SILENT, is_slow=True)
    assert heard.judge()[0].startswith("Kafka cannot be used. a:1: Timed out")

    assert heard.judge("a:1") == ["Kafka can be used again, after 3 s"]
    assert heard.complaints.usable(["a:1"])


def test_a_black_hole_that_is_over_is_over_at_once(heard: Heard) -> None:
    """Of brokers that are announced under other names than those to begin with."""
    for broker in ("c:2", "d:2"):
        heard.hear(broker, "timed out", BrokerFault.SILENT, is_slow=True)
    heard.now += 12
    assert len(heard.judge()) == 1

    assert heard.judge("c:2", "d:2") == ["Kafka can be used again, after 3 s"]
    assert heard.complaints.usable(["c:2", "d:2"])


def test_what_is_of_no_broker_in_particular_is_no_broker_that_is_away(heard: Heard) -> None:
    heard.hear("", "Fatal error", BrokerFault.OTHER)

    assert heard.judge("a:1", "b:1") == []


def test_who_says_nothing_at_all_is_said_to(heard: Heard) -> None:
    said = [heard.judge() for _ in range(5)]

    assert said[:4] == [[]] * 4, "it may be slow"
    assert said[4][0].startswith("Kafka cannot be used. a:1, b:1: no answer for 12 s. See")


def test_one_answer_that_is_late_is_no_trouble(heard: Heard) -> None:
    for _ in range(10):
        assert heard.judge() == heard.judge("a:1") == []


def test_what_takes_long_to_fail_is_remembered_longer(heard: Heard) -> None:
    heard.hear("a:1", "Connection setup timed out", BrokerFault.UNREACHABLE, is_slow=True)
    heard.refused("b:1")
    heard.now += 30

    said = heard.judge()

    assert "a:1: Connection setup timed out" in said[0]
    assert "b:1" not in said[0]


def test_of_several_words_for_one_thing_those_are_kept_that_say_most(heard: Heard) -> None:
    heard.hear("a:1", "SSL handshake failed: verify failed: no authority", BrokerFault.CERTIFICATE)
    heard.hear("a:1", "verify failed", BrokerFault.CERTIFICATE)

    assert "no authority" in heard.judge()[0]


def test_many_brokers_are_counted(heard: Heard) -> None:
    heard.refused(*(f"a{n}:1" for n in range(20)))

    assert "a14:1 and 14 more, which is" in heard.judge()[0]


def test_an_answer_without_brokers_is_none(heard: Heard) -> None:
    """So says one that has just started."""
    for _ in range(4):
        assert heard.judge() == []
    assert "no answer" in heard.judge()[0]


def test_a_trouble_that_was_not_said_does_not_end(heard: Heard) -> None:
    """One that comes and goes says no more than its share."""
    said = []
    for _ in range(5):
        heard.refused("a:1")
        said += heard.judge()
        heard.now += 4
        said += heard.judge("a:1")

    away = [text for text in said if text.startswith("Kafka cannot")]
    back = [text for text in said if text.startswith("Kafka can be")]
    assert len(away) == len(back) <= 4
