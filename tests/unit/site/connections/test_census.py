"""Who may be connected: those that wait longest go first, and nobody has more than a share."""

from __future__ import annotations

import pytest

from logshuttle_site.connections.census import (
    BODIES_BYTES_MAX,
    FILES_KEPT_BACK,
    NEWCOMERS,
    PROBES_OF_A_PEER_MAX,
    REQUESTS_OF_A_PEER_MAX,
    SHARE_OF_A_PEER,
    WAITING_MAX,
    Census,
    Room,
)
from logshuttle_site.connections.refusals import RefusedError
from logshuttle_site.peers import TrustedProxies

MANY = Room(connections=400)  # 200 wait, 50 of a peer, which may have 100 requests


class Guest:
    def __init__(self, peer: str, client: str = "") -> None:
        self.peer = peer
        self.client = client or peer
        self.refused: RefusedError | None = None
        self.looked_at: list[float] = []

    def end(self, refused: RefusedError) -> None:
        self.refused = refused

    def look(self, now: float) -> None:
        self.looked_at.append(now)


def guests(census: Census, count: int, peer: str = "") -> list[Guest]:
    """That have just connected; without a name each is a peer of its own."""
    made = [Guest(peer or f"peer {census.connected}-{n}") for n in range(count)]
    for guest in made:
        census.comes(guest)
    return made


def ended(among: list[Guest]) -> list[int]:
    return [number for number, guest in enumerate(among) if guest.refused is not None]


def test_files_are_kept_back_and_half_of_the_rest_may_wait() -> None:
    room = Room.of_files(1056)
    assert (room.connections, room.waiting) == (1056 - FILES_KEPT_BACK, 512)
    assert room.waiting_of_a_peer == 512 // SHARE_OF_A_PEER
    assert Room.of_files(20_000_000).waiting == WAITING_MAX
    assert Room.of_files(20_000_000).requests_of_a_peer == REQUESTS_OF_A_PEER_MAX
    assert Room.of_files(5).waiting_of_a_peer == 1


def test_above_half_of_the_files_who_has_waited_longest_goes() -> None:
    census = Census(MANY)
    first, *others = guests(census, 200)
    assert ended([first, *others]) == []

    census.asks(first, is_probe=False)
    census.waits(first)  # answered, it waits anew
    guests(census, 2)

    assert first.refused is None
    assert ended(others) == [0, 1]
    assert others[0].refused is not None
    assert (others[0].refused.status, others[0].refused.reason) == (503, "no_room")


def test_a_peer_ends_its_own_beyond_its_share_and_nobody_elses() -> None:
    census = Census(MANY)
    (other,) = guests(census, 1)
    flood = guests(census, 60, "flood")

    assert ended(flood) == list(range(10))
    assert other.refused is None
    assert flood[0].refused is not None
    assert flood[0].refused.reason == "peer_share"


def test_a_trusted_proxy_speaks_for_many() -> None:
    census = Census(MANY, TrustedProxies(["10.0.0.0/8", "fd00::/8"]))
    assert census.peer_of("10.1.2.3") == census.peer_of("fd00::1") == ""
    assert census.peer_of("::ffff:10.1.2.3") == ""
    proxied = [Guest("", f"client {n}") for n in range(200)]
    for guest in proxied:
        census.comes(guest)
    for guest in proxied:
        census.asks(guest, is_probe=False)
    assert ended(proxied) == []


@pytest.mark.parametrize("is_probe", [False, True])
def test_each_client_of_a_trusted_proxy_has_a_share_of_requests(is_probe: bool) -> None:
    census = Census(MANY)
    share = PROBES_OF_A_PEER_MAX if is_probe else MANY.requests_of_a_peer
    flood = [Guest("", "flood") for _ in range(share + 1)]
    other = Guest("", "other")
    for guest in (*flood, other):
        census.comes(guest)
    for guest in flood[:-1]:
        census.asks(guest, is_probe=is_probe)

    with pytest.raises(RefusedError) as refused:
        census.asks(flood[-1], is_probe=is_probe)
    assert refused.value.status == 429
    census.asks(other, is_probe=is_probe)


def test_each_client_of_a_trusted_proxy_has_a_share_of_bodies() -> None:
    census = Census(MANY)
    guests = [Guest("", name) for name in ("greedy", "other", "greedy")]
    for guest in guests:
        census.comes(guest)
        census.holds(guest, BODIES_BYTES_MAX // SHARE_OF_A_PEER - 1)
    assert ended(guests) == [0]


def test_probes_and_requests_of_a_peer_are_counted_apart() -> None:
    census = Census(MANY)
    probes = guests(census, PROBES_OF_A_PEER_MAX, "one")
    turns = [census.asks(guest, is_probe=True) for guest in probes]
    late, *others = guests(census, 2, "one") + guests(census, 1, "other")

    with pytest.raises(RefusedError) as refused:
        census.asks(late, is_probe=True)
    assert (refused.value.status, refused.value.reason) == (429, "peer_probes")
    census.asks(others[0], is_probe=False)
    census.asks(others[1], is_probe=True)
    for _ in range(2):
        census.begins(turns[0])
    census.asks(late, is_probe=True)
    with pytest.raises(RefusedError):
        census.asks(guests(census, 1, "one")[0], is_probe=True)


def test_requests_of_all_are_bounded_though_their_clients_have_gone() -> None:
    census = Census(MANY)
    for number in range(MANY.requests):
        guest = Guest("", f"client {number // MANY.requests_of_a_peer}")
        census.comes(guest)
        census.asks(guest, is_probe=False)
        census.goes(guest)
    (late, probe) = guests(census, 2)

    with pytest.raises(RefusedError) as refused:
        census.asks(late, is_probe=False)
    assert (refused.value.status, refused.value.reason) == (503, "no_room")
    census.asks(probe, is_probe=True)


def test_a_peer_has_so_many_requests_at_a_time() -> None:
    census = Census(MANY)
    turns = []
    for guest in guests(census, MANY.requests_of_a_peer, "flood"):
        turns.append(census.asks(guest, is_probe=False))
        census.goes(guest)  # what it asked for is still being done
    probe, late, other = *guests(census, 2, "flood"), *guests(census, 1, "other")

    with pytest.raises(RefusedError) as refused:
        census.asks(late, is_probe=False)
    assert (refused.value.status, refused.value.reason) == (429, "peer_requests")
    census.asks(probe, is_probe=True)
    census.asks(other, is_probe=False)
    for _ in range(2):
        census.begins(turns[0])
    census.asks(late, is_probe=False)
    with pytest.raises(RefusedError):
        census.asks(guests(census, 1, "flood")[0], is_probe=False)


def test_full_of_requests_it_still_hears_newcomers_and_answers_probes() -> None:
    census = Census(MANY)
    for guest in guests(census, 400):
        census.asks(guest, is_probe=True)
    late = guests(census, NEWCOMERS + 1)

    assert ended(late) == [0]
    with pytest.raises(RefusedError) as refused:
        census.asks(late[1], is_probe=False)
    assert (refused.value.status, refused.value.reason) == (503, "no_room")
    census.asks(late[2], is_probe=True)


def test_bodies_of_all_and_of_one_peer_are_bounded_in_bytes() -> None:
    census = Census(MANY)
    share = BODIES_BYTES_MAX // SHARE_OF_A_PEER
    greedy = guests(census, 3, "greedy")
    census.holds(greedy[0], share // 2)
    census.holds(greedy[1], share // 2)
    (whole, *others) = guests(census, 4)
    census.holds(whole, share)
    census.asks(whole, is_probe=False)
    assert ended(greedy) == []

    census.holds(greedy[2], 1)
    assert ended(greedy) == [0]
    for guest in others:
        census.holds(guest, share)

    assert ended(greedy) == [0, 1]  # the oldest of those that are not whole
    assert (whole.refused, ended(others)) == (None, [])
    assert census.bodies_bytes == 4 * share + 1


def test_nothing_is_left_of_those_that_have_gone() -> None:
    census = Census(MANY)
    here = guests(census, 3, "one") + guests(census, 3)
    for guest in here:
        census.holds(guest, 10)
    turns = [census.asks(guest, is_probe=False) for guest in (here[0], here[3])]
    for guest in here:
        census.goes(guest)
    for turn in turns:
        census.begins(turn)

    kept = {name: value for name, value in vars(census).items() if name not in ("room", "_trusted")}
    assert not any(kept.values())


def test_only_those_that_wait_are_looked_at() -> None:
    census = Census(MANY)
    waiting, busy = guests(census, 2)
    census.asks(busy, is_probe=False)
    census.look(7.0)
    assert (waiting.looked_at, busy.looked_at) == ([7.0], [])
