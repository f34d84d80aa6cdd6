"""nginx in front, with TLS: who a client is and how it came is what nginx says, and nobody else."""

from __future__ import annotations

import json
import select
import socket
import ssl
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest

from sessions_app.guess_limit import GUESSES
from tests.support.certificates import Authority
from tests.support.nginx import FRONT_DOOR, Nginx
from tests.support.shuttle import AUTH_KEY, Shuttle
from tests.support.waiting import wait_until

NO_KAFKA = "127.0.0.1:1"
ONE, OTHER, VICTIM, OUTSIDE = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.9"
SOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


class Front:
    """nginx before a web process, and clients from addresses of loopback."""

    def __init__(self, folder: Path, authority: Authority, settings: Mapping[str, str]) -> None:
        self._stack = ExitStack()
        self._context = ssl.create_default_context(cadata=authority.pem)
        self.shuttle = Shuttle(folder, NO_KAFKA, {"LOG_FORMAT": "json", **settings})
        self._stack.callback(self.shuttle.close)
        self.shuttle.migrate()
        self.web = self.shuttle.start_web()
        self.own_url = str(self.shuttle.api.base_url)
        door = Nginx(
            folder / "nginx",
            int(self.shuttle.environment["PORT"]),
            authority.server(),
            headers=FRONT_DOOR,
        )
        self.nginx = self._stack.enter_context(door)
        self.origin = self.nginx.tls_url.rstrip("/")

    def client(self, address: str, url: str = "", **headers: str) -> httpx.Client:
        transport = httpx.HTTPTransport(verify=self._context, local_address=address)
        made = httpx.Client(base_url=url or self.origin, headers=headers, transport=transport)
        return self._stack.enter_context(made)

    def opened(self, address: str = ONE) -> str:
        """The URL of a new session."""
        asker = self.client(address, Authorization=AUTH_KEY)
        answer = asker.post("/log-sessions", json={"app": "gold", "space": "gs"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["logplex_url"])

    def said(self, action: str) -> list[dict[str, str]]:
        whole = (line for line in self.web.output().splitlines() if line[:1] + line[-1:] == "{}")
        return [said for line in whole if (said := json.loads(line)).get("action") == action]

    def clients(self) -> set[str]:
        """Whose requests were refused."""
        return {said["client"] for said in self.said("refused") if "client" in said}

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    settings = {
        "TRUSTED_PROXIES": "127.0.0.1",
        "SECURE_SSL_REDIRECT": "true",
        "ALLOWED_HOSTS": "localhost",
    }
    with closing(Front(tmp_path_factory.mktemp("tls"), Authority(), settings)) as front:
        yield front


def guess(client: httpx.Client) -> int:
    return client.get(f"/log-sessions/{uuid.uuid4()}").status_code


def guessed_too_often(client: httpx.Client) -> list[int]:
    """Has the guesses of a client's minute all taken; what the last ones got."""
    return [guess(client) for _ in range(GUESSES.most + 2)][-3:]


def test_two_clients_are_two_peers_and_a_forged_address_is_nobodys(tls: Front) -> None:
    session = tls.opened(VICTIM)
    one, other, victim = (tls.client(address) for address in (ONE, OTHER, VICTIM))
    forger = tls.client(ONE, **{"X-Forwarded-For": VICTIM, "Forwarded": f"for={VICTIM}"})

    assert guessed_too_often(one) == [404, 429, 429]
    assert [guess(each) for each in (forger, other, victim)] == [429, 404, 404]
    assert one.head(session).status_code == 200  # it guesses, and reads what exists
    wait_until(lambda: tls.clients() >= {ONE, OTHER, VICTIM}, 10, "lines of the log")
    assert tls.clients() == {ONE, OTHER, VICTIM}


def test_https_is_where_it_leads_and_not_a_loop(tls: Front) -> None:
    plain = tls.client(ONE, f"http://localhost:{tls.nginx.port}")
    answer = plain.get("/admin/login/")

    assert answer.status_code == 301
    assert answer.headers["Location"].startswith("https://localhost:")
    assert tls.client(ONE).get("/admin/login/").status_code == 200
    session = tls.opened()
    assert session.startswith(f"{tls.origin}/log-sessions/")
    assert tls.client(ONE).head(session).status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("Origin", "{origin}", 200),  # the login, with what was wrong
        ("Referer", "{origin}/admin/login/", 200),
        ("Origin", "https://evil.example", 403),
        ("Referer", "https://evil.example/", 403),
    ],
)
def test_a_login_is_for_our_own_pages_alone(name: str, value: str, status: int, tls: Front) -> None:
    client = tls.client(ONE)
    client.get("/admin/login/")
    form = {"username": "u", "password": "p", "csrfmiddlewaretoken": client.cookies["csrftoken"]}

    answer = client.post(
        "/admin/login/", data=form, headers={name: value.format(origin=tls.origin)}
    )

    assert answer.status_code == status


@pytest.mark.parametrize(("origin", "status"), [("", 101), ("https://evil.example", 403)])
def test_a_pages_websocket_is_taken_under_its_own_origin(
    origin: str, status: int, tls: Front
) -> None:
    session = tls.opened()
    headers = {**SOCKET, "Origin": origin or tls.origin}

    with tls.client(ONE).stream("GET", f"{session}/ws", headers=headers) as answer:
        assert answer.status_code == status


@pytest.mark.parametrize("directly", [True, False])
@pytest.mark.parametrize("count", [1, 10])
def test_headers_that_are_too_large_are_answered(count: int, directly: bool, tls: Front) -> None:
    """Never by an end without a word, of which a front door would make a 502."""
    client = tls.client(ONE, tls.own_url if directly else "", Host="localhost")
    statuses = {
        kilobytes: client.get(
            "/livez", headers={f"X-{n}": "x" * (kilobytes * 1000 // count) for n in range(count)}
        ).status_code
        for kilobytes in (8, 15, 17, 33, 70)
    }
    assert statuses == {8: 200, 15: 200, 17: 431, 33: 431, 70: 431}


def test_a_hundred_requests_under_a_wrong_name_are_a_line_or_two(tls: Front) -> None:
    def lines() -> list[str]:
        names = (said["event"] for said in tls.said("refused"))
        return [event for event in names if "ALLOWED_HOSTS" in event or "WebSocket" in event]

    client, before, began = tls.client(ONE), len(lines()), time.monotonic()
    wrong = {"Host": "wrong.example", "Accept": "text/html"}
    for _ in range(100):
        assert client.get("/admin/login/", headers=wrong).status_code == 400
    for _ in range(20):
        headers = {**SOCKET, "Host": "wrong.example", "Origin": "https://wrong.example"}
        with client.stream("GET", "/log-sessions/x/ws", headers=headers) as answer:
            assert answer.status_code == 403

    wait_until(lambda: len(lines()) > before, 10, "a line")
    assert len(lines()) - before <= 2 * (time.monotonic() - began + 1)
    assert "Traceback" not in tls.web.output()


@pytest.mark.slow
def test_a_connection_that_has_waited_for_a_minute_is_served(tls: Front) -> None:
    """As long as most front doors keep theirs, and a little longer."""
    address = ("127.0.0.1", int(tls.shuttle.environment["PORT"]))
    with closing(socket.create_connection(address, timeout=10)) as connection:
        for _ in range(2):
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            ready, _, _ = select.select([connection], [], [], 65)
            assert not ready, "it has ended"


def test_who_comes_past_the_front_door_says_nothing_of_itself(tls: Front) -> None:
    forged = {"X-Forwarded-For": VICTIM, "X-Forwarded-Proto": "https"}
    outsider = tls.client(OUTSIDE, tls.own_url, Host="localhost", **forged)

    for _ in range(2):
        assert outsider.get("/admin/login/").status_code == 301

    (said,) = wait_until(lambda: tls.said("front_door"), 10, "a line")
    assert f"came from {OUTSIDE}" in said["event"]


def test_a_front_door_that_is_not_named_is_one_peer_and_is_said_once(
    tmp_path: Path, authority: Authority
) -> None:
    with closing(Front(tmp_path, authority, {})) as front:
        one, other = (front.client(address) for address in (ONE, OTHER))

        assert guessed_too_often(one) == [404, 429, 429]
        assert guess(other) == 429
        (said,) = wait_until(lambda: front.said("front_door"), 10, "a line")
        assert "TRUSTED_PROXIES is not set" in said["event"]
