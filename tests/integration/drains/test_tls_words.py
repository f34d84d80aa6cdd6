"""What a drain's owner reads of each way in which TLS fails: real handshakes with real servers."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from drains.delivery.network.errors import DialError
from drains.option_values import TlsOptions
from tests.support.certificates import Authority, Certificate, self_signed
from tests.support.sender_bench import Senders

AUTHORITY, CLIENTS, OTHERS = Authority(), Authority(), Authority()
OWN = self_signed()
ANY_OLD = "ALL:@SECLEVEL=0"
_LIMIT_SECONDS = 5.0

Treat = Callable[[socket.socket], None]
"""What a server does with a connection."""


@pytest.fixture
def serve() -> Iterator[Callable[[Treat], int]]:
    """Starts servers; returns their ports."""
    listeners = list[socket.socket]()

    def run(listener: socket.socket, treat: Treat) -> None:
        with suppress(OSError):  # its end
            while True:
                connection, _ = listener.accept()
                connection.settimeout(_LIMIT_SECONDS)
                with suppress(OSError), connection:
                    treat(connection)

    def start(treat: Treat) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=run, args=(listener, treat), daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        with suppress(OSError):  # else its thread sleeps on
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


class Server:
    """Speaks TLS, and reads what comes."""

    def __init__(
        self,
        certificate: Certificate,
        *,
        clients: Authority | None = None,
        version: ssl.TLSVersion | None = None,
        ciphers: str = "",
    ) -> None:
        self._certificate = certificate
        self._clients = clients
        self._version = version
        self._ciphers = ciphers

    def treat(self, folder: Path) -> Treat:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        files = self._certificate.write(folder)
        context.load_cert_chain(files.chain, files.key)
        if self._clients:
            context.load_verify_locations(cadata=self._clients.pem)
            context.verify_mode = ssl.CERT_REQUIRED
        if self._ciphers:
            context.set_ciphers(self._ciphers)
        if self._version:
            with warnings.catch_warnings(action="ignore"):  # that it is old
                context.minimum_version = context.maximum_version = self._version

        def speak(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as secured:
                while secured.recv(4096):
                    pass

        return speak


class Rude:
    """Speaks none."""

    def __init__(self, greeting: bytes) -> None:
        self._greeting = greeting

    def treat(self, folder: Path) -> Treat:
        def answer(connection: socket.socket) -> None:
            connection.recv(4096)
            connection.sendall(self._greeting)

        return answer


def with_root(certificate: Certificate, authority: Authority) -> Certificate:
    return Certificate(certificate.chain + authority.pem, certificate.key)


def showing(certificate: Certificate) -> TlsOptions:
    return TlsOptions(AUTHORITY.pem, certificate.chain, certificate.key)


GOOD, V1, V12, V13 = (
    AUTHORITY.server(),
    *(getattr(ssl.TLSVersion, name) for name in ("TLSv1", "TLSv1_2", "TLSv1_3")),
)
TRUSTING = TlsOptions(AUTHORITY.pem)
RSA_ALONE = "ECDHE-RSA-AES128-GCM-SHA256"  # the certificates here have other keys
ALERT_40 = (
    "the receiver ended the handshake: no common cipher, or it wants a client certificate"
    " (alert 40, handshake failure)"
)
UNKNOWN = "certificate is signed by an unknown issuer"

CASES: dict[str, tuple[Server | Rude, TlsOptions, str]] = {
    "expired": (Server(AUTHORITY.expired()), TRUSTING, "certificate has expired"),
    "early": (Server(AUTHORITY.not_yet_valid()), TRUSTING, "certificate is not yet valid"),
    "self-signed": (
        Server(OWN),
        TRUSTING,
        "certificate is self-signed (self-signed certificate)",
    ),
    "unknown issuer": (
        Server(OTHERS.server()),
        TRUSTING,
        f"{UNKNOWN} (unable to get local issuer certificate)",
    ),
    "unknown root": (
        Server(with_root(OTHERS.server(), OTHERS)),
        TRUSTING,
        f"{UNKNOWN} (self-signed certificate in certificate chain)",
    ),
    "another address": (
        Server(AUTHORITY.wrong_name()),
        TRUSTING,
        "certificate is for another address"
        " (IP address mismatch, certificate is not valid for '127.0.0.1')",
    ),
    "TLS 1.0": (
        Server(GOOD, version=V1, ciphers=ANY_OLD),
        TRUSTING,
        "the receiver has no TLS 1.2 or later (alert 70, protocol version)",
    ),
    "no common cipher": (Server(GOOD, version=V12, ciphers=RSA_ALONE), TRUSTING, ALERT_40),
    "wants a client, 1.2": (Server(GOOD, version=V12, clients=CLIENTS), TRUSTING, ALERT_40),
    "wants a client, 1.3": (
        Server(GOOD, version=V13, clients=CLIENTS),
        TRUSTING,
        "the receiver wants a client certificate (alert 116, certificate required)",
    ),
    "client of another": (
        Server(GOOD, clients=CLIENTS),
        showing(OTHERS.client()),
        "the receiver does not know the client certificate's issuer (alert 48, unknown ca)",
    ),
    "client has expired": (
        Server(GOOD, clients=CLIENTS),
        showing(CLIENTS.expired("client.example")),
        "the client certificate has expired (alert 45, certificate expired)",
    ),
    "plain text": (
        Rude(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        TRUSTING,
        "the receiver does not speak TLS: it may be syslog://, http:// or another port",
    ),
}


async def told(url: str, tls: TlsOptions, sending: Senders) -> str:
    bench = sending(url, tls=tls)
    try:
        await bench.open()
    except DialError as error:
        return str(error)
    bench.send("a receiver of TLS 1.3 says no after the handshake")
    return str(await bench.until_ended())


@pytest.mark.parametrize("kind", CASES)
async def test_what_is_said(
    kind: str, serve: Callable[[Treat], int], sending: Senders, tmp_path: Path
) -> None:
    server, tls, said = CASES[kind]
    port = serve(server.treat(tmp_path))

    assert await told(f"syslog+tls://127.0.0.1:{port}", tls, sending) == f"TLS: {said}"


async def test_a_name_that_is_another_is_told(
    serve: Callable[[Treat], int], sending: Senders, tmp_path: Path
) -> None:
    port = serve(Server(AUTHORITY.wrong_name()).treat(tmp_path))

    said = await told(f"syslog+tls://localhost:{port}", TRUSTING, sending)

    mismatch = "Hostname mismatch, certificate is not valid for 'localhost'"
    assert said == f"TLS: certificate is for another name ({mismatch})"


async def test_one_that_closes_is_told(
    serve: Callable[[Treat], int], sending: Senders, tmp_path: Path
) -> None:
    port = serve(Rude(b"").treat(tmp_path))

    said = await told(f"syslog+tls://127.0.0.1:{port}", TRUSTING, sending)

    assert said == "connection closed in the TLS handshake"
