"""Names and spellings: whatever an owner writes, all that it leads to must pass."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from threading import Event
from typing import Any

import pytest

from drains import egress_check, services
from drains.delivery.network import lookups
from drains.delivery.network.egress import EgressPolicy
from drains.delivery.network.errors import DialError, RefusedByPolicyError
from drains.delivery.network.lookups import addresses_of, numeric
from drains.egress_check import refuse_egress
from drains.errors import InvalidDrainError
from events.keys import AppKey
from tests.support.addresses import REFUSED_ADDRESSES, REFUSED_SPELLINGS

SCHEMES = ["syslog", "syslog+tls", "syslog+udp", "http", "https"]
GOLD = AppKey("gold", "gs")
PUBLIC = EgressPolicy()
NAMED = EgressPolicy(
    allowed=(ip_network("10.0.0.0/8"),), services=frozenset({("kafka", 9092), ("cache", 6379)})
)

Names = Callable[..., None]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What the name server answers; names that are not given are unknown."""

    def answer(**known: list[str] | Exception) -> None:
        def addresses_of(host: str) -> list[str]:
            found = known.get(host, [])
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(lookups, "addresses_of", addresses_of)

    return answer


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """A name server that answers nothing until it is told to, and a short patience with it."""
    end = Event()

    def addresses_of(_: str) -> list[str]:
        end.wait(20)
        return []

    monkeypatch.setattr(lookups, "addresses_of", addresses_of)
    monkeypatch.setattr(lookups, "_LOOK_UP_SECONDS", 0.05)
    monkeypatch.setattr(egress_check, "_WAIT_SECONDS", 0.05)
    yield end
    end.set()


def url_of(scheme: str, host: str) -> str:
    bracketed = f"[{host}]" if ":" in host and "[" not in host else host
    return f"{scheme}://{bracketed}:6514"


@pytest.mark.parametrize("host", [*REFUSED_ADDRESSES, *REFUSED_SPELLINGS])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_drain_is_saved_with_it_however_it_is_spelled(scheme: str, host: str) -> None:
    with pytest.raises(InvalidDrainError) as caught:
        services.create_drain(GOLD, url_of(scheme, host))

    assert caught.value.field == "url"


async def test_one_refused_answer_refuses_the_lot() -> None:
    await PUBLIC.refuse_all([("8.8.8.8", 514), ("2606:4700::1", 514)])

    for mixed in ("127.0.0.1", "::1", "169.254.169.254"):
        with pytest.raises(RefusedByPolicyError):
            await PUBLIC.refuse_all([("8.8.8.8", 514), (mixed, 514)])


async def test_a_service_that_has_a_name_is_refused_by_its_addresses(names: Names) -> None:
    names(kafka=["10.0.0.5", "::ffff:10.0.0.6"])

    for address in ("10.0.0.5", "10.0.0.6", "::ffff:10.0.0.5"):
        with pytest.raises(RefusedByPolicyError):
            await NAMED.refuse_all([(address, 9092)])
        with pytest.raises(RefusedByPolicyError):
            refuse_egress(NAMED, address, 9092)
    await NAMED.refuse_all([("10.0.0.7", 9092), ("10.0.0.5", 9093)])


async def test_a_service_that_no_name_server_knows_keeps_nobody_out(names: Names) -> None:
    names()

    await NAMED.refuse_all([("10.0.0.5", 9092)])


async def test_while_a_services_addresses_are_not_known_its_port_waits(names: Names) -> None:
    names(kafka=socket.gaierror(socket.EAI_AGAIN, "try again"))

    with pytest.raises(DialError, match="name look-up failed") as caught:
        await NAMED.refuse_all([("8.8.8.8", 9092)])
    assert not isinstance(caught.value, RefusedByPolicyError)
    await NAMED.refuse_all([("8.8.8.8", 9093)])


async def test_a_slow_look_up_of_a_service_ends_in_an_error(hanging: Event) -> None:
    with pytest.raises(DialError, match="name look-up failed"):
        await NAMED.refuse_all([("8.8.8.8", 9092)])
    hanging.set()  # the loop waits for its threads


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["8.8.8.8", "::1"]])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_name_that_leads_inside_is_not_saved(
    scheme: str, answers: list[str], names: Names
) -> None:
    names(**{"logs.example": answers})

    with pytest.raises(InvalidDrainError, match="refused by policy: the address"):
        services.create_drain(GOLD, f"{scheme}://logs.example:6514")


@pytest.mark.parametrize(
    "answers", [["8.8.8.8"], [], OSError("no network"), ValueError("no name for IDNA")]
)
def test_a_name_that_leads_outside_or_nowhere_passes(
    answers: list[str] | Exception, names: Names
) -> None:
    names(**{"logs.example": answers})

    refuse_egress(PUBLIC, "logs.example", 514)


@pytest.mark.usefixtures("hanging")
def test_slow_names_pass_and_take_only_so_many_threads() -> None:
    for number in range(12):
        refuse_egress(PUBLIC, f"logs{number}.example", 514)

    assert [thread.name for thread in threading.enumerate()].count("egress-check") == 8


def test_a_services_trouble_does_not_hide_where_a_name_leads(names: Names) -> None:
    names(kafka=OSError("down"), evil=["127.0.0.1"])

    with pytest.raises(RefusedByPolicyError):
        refuse_egress(NAMED, "evil", 9092)


@pytest.mark.parametrize(("error", "known"), [(socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)])
def test_only_a_definite_answer_means_that_there_is_no_such_name(
    error: int, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror(error, "said")

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    if known:
        assert addresses_of("logs.example") == []
    else:
        with pytest.raises(socket.gaierror):
            addresses_of("logs.example")


def test_every_answer_of_a_name_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: Any, **__: Any) -> list[Any]:
        four, six = ("8.8.8.8", 0), ("::1", 0, 0, 0)
        return [(socket.AF_INET, 1, 6, "", four), (2, 2, 17, "", four), (10, 1, 6, "", six)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)

    assert addresses_of("logs.example") == ["8.8.8.8", "::1"]


def test_odd_spellings_are_read_as_the_system_reads_them() -> None:
    assert numeric("127.1") == numeric("0x7f.1") == numeric("2130706433") == ["127.0.0.1"]
    assert numeric("logs.example") == numeric("1.2.3.example") == []
