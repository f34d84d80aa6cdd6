"""What TLS records say, and what they only cost: in memory, against a receiver of TLS 1.3."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from drains.delivery.network.errors import FloodError
from drains.delivery.network.heard import UNANSWERING_BYTES_MAX, Heard
from drains.delivery.network.tls import (
    HANDSHAKE_BYTES_MAX,
    TICKETS_BYTES,
    TlsLayer,
    context_of,
)
from drains.option_values import TlsOptions
from tests.support.certificates import Authority
from tests.support.tls_records import Records
from tests.support.tls_records import context_of as server_context

HOST = "localhost"
KEY_UPDATE_BYTES = 27
FREE_BYTES = TICKETS_BYTES + UNANSWERING_BYTES_MAX


@pytest.fixture
def layer(authority: Authority) -> TlsLayer:
    return TlsLayer(context_of(TlsOptions(ca=authority.pem)), HOST, Heard("app"))


@pytest.fixture
def records(layer: TlsLayer, authority: Authority, tmp_path: Path) -> Records:
    """What its receiver writes when hands are shaken."""
    files = authority.server().write(tmp_path)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    orders = {"chain": files.chain, "key": files.key}
    receiver = server_context(orders, tmp_path / "keys").wrap_bio(incoming, outgoing, True)
    layer.shake()
    while not layer.established:
        incoming.write(layer.to_send())
        with suppress(ssl.SSLWantReadError):
            receiver.do_handshake()
        layer.shake(outgoing.read())
    cipher = receiver.cipher()
    assert cipher is not None
    return Records(tmp_path / "keys", cipher[0])


def test_what_a_receiver_says_is_read_whatever_its_records_and_pieces(
    layer: TlsLayer, records: Records
) -> None:
    text = bytes(range(256)) * 400
    wire = records.text(text[:70_000]) + records.text(text[70_000:], size=100)
    pieces = [wire[begin : begin + 4096] for begin in range(0, len(wire), 4096)]
    assert b"".join(map(layer.received, pieces)) == text


def test_new_keys_and_tickets_are_taken(layer: TlsLayer, records: Records) -> None:
    assert layer.received(records.key_updates(20) + records.tickets(20)) == b""
    assert layer.received(records.text(b"one") + records.key_updates(1) + records.text(b"two"))
    assert layer.heard


@pytest.mark.parametrize("requested", [False, True])
def test_too_many_new_keys_are_a_flood(layer: TlsLayer, records: Records, requested: bool) -> None:
    at_most = FREE_BYTES // KEY_UPDATE_BYTES
    layer.received(records.key_updates(at_most, requested=requested))
    with pytest.raises(FloodError):
        layer.received(records.key_updates(2, requested=requested))


def test_text_pays_for_no_new_keys(layer: TlsLayer, records: Records) -> None:
    for _ in range(FREE_BYTES // KEY_UPDATE_BYTES // 2):
        layer.received(records.text(b"x" * 1000) + records.key_updates(2))
    with pytest.raises(FloodError):
        layer.received(records.text(b"x" * 1000) + records.key_updates(2))


def test_text_in_crumbs_is_a_flood(layer: TlsLayer, records: Records) -> None:
    with pytest.raises(FloodError):
        layer.received(records.text(b"x" * (FREE_BYTES // 31 + 1), size=1))


def test_a_word_for_each_write_is_none(layer: TlsLayer, records: Records) -> None:
    for _ in range(FREE_BYTES // 29 * 2):
        layer.encrypted(b"line")
        assert layer.received(records.text(b"ok\n")) == b"ok\n"


def test_a_record_that_does_not_end_is_held(layer: TlsLayer, records: Records) -> None:
    wire = records.text(b"x" * 16_384)
    assert all(layer.received(wire[n : n + 1]) == b"" for n in range(len(wire) - 1))
    assert layer.received(wire[-1:]) == b"x" * 16_384


def test_what_is_no_record_fails_at_once(layer: TlsLayer, records: Records) -> None:
    with pytest.raises(ssl.SSLError):
        layer.received(b"HTTP/1.1 400 Bad Request\r\n")


def test_a_handshake_that_does_not_end_is_a_flood(layer: TlsLayer) -> None:
    layer.shake()  # which counts as well
    for _ in range(HANDSHAKE_BYTES_MAX // 512 - 1):  # of a record that is begun, a byte at a time
        layer.shake(b"\x16")
    with pytest.raises(FloodError, match="handshake does not end"):
        layer.shake(b"\x16")
