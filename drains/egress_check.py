"""The egress policy, asked when a URL is set: for an answer that its owner can act on.

The gate is the same policy at each connect, as a name may lead elsewhere by then. So a name that
is not resolved within a second passes here.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from threading import BoundedSemaphore, Thread

from drains.delivery.network import lookups
from drains.delivery.network.egress import EgressPolicy
from events.let_go import let_connections_go

_WAIT_SECONDS = 1.0
_THREADS_MAX = 8

Found = dict[str, list[str]]

_seats = BoundedSemaphore(_THREADS_MAX)


def refuse_egress(policy: EgressPolicy, host: str, port: int) -> None:
    """Raises RefusedByPolicyError; for a name also when one of its answers is refused."""
    addresses = lookups.numeric(host)
    policy.refuse(addresses, port)  # what can be told without asking anybody
    services = policy.named_services(port)
    found = _look_up(services if addresses else services | {host})
    protected = [address for name in services for address in found.get(name, [])]
    policy.refuse(addresses or found.get(host, []), port, protected)


def _look_up(names: frozenset[str]) -> Found:
    """What is known in time. A thread that waits longer ends by itself, and few of them may."""
    if not names or not _seats.acquire(blocking=False):
        return {}
    let_connections_go()
    answer: Future[Found] = Future()
    Thread(target=_ask, args=(names, answer), name="egress-check", daemon=True).start()
    try:
        return answer.result(_WAIT_SECONDS)
    except TimeoutError:
        return {}


def _ask(names: Iterable[str], answer: Future[Found]) -> None:
    try:
        answer.set_result({name: _answers(name) for name in names})
    finally:
        _seats.release()


def _answers(name: str) -> list[str]:
    try:
        return lookups.addresses_of(name)
    except (OSError, ValueError):  # ValueError: a name that IDNA cannot hold
        return []
