"""Certificates are judged alike by every Python; a newer one is stricter by itself."""

from __future__ import annotations

import re
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from drains.delivery.network.heard import Heard
from drains.delivery.network.tls import TlsLayer, context_of
from drains.option_values import TlsOptions
from events.trust import verifying_context
from tests.support.certificates import Authority, Certificate
from tests.support.house import ROOT, product_files

HOST = "localhost"
# It looks whether files fit together, and verifies nobody.
OTHERS = {"events/als/tls.py", "benchmarks/sink.py", "logshuttle_site/demo/certificate.py"}


@pytest.fixture(autouse=True)
def _newest_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """What 3.13 does, on 3.11 too."""
    make = ssl.create_default_context

    def strict(*args: Any, **options: Any) -> ssl.SSLContext:
        context = make(*args, **options)
        context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    context_of.cache_clear()


def shake_hands(ca: str, server: Certificate, folder: Path) -> None:
    """A drain's TLS and a receiver's, in memory. Raises ssl.SSLError."""
    files = server.write(folder)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(files.chain, files.key)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    receiver = theirs.wrap_bio(incoming, outgoing, server_side=True)
    layer = TlsLayer(context_of(TlsOptions(ca=ca)), HOST, Heard("app"))
    layer.shake()
    while not layer.established:
        incoming.write(layer.to_send())
        with suppress(ssl.SSLWantReadError):
            receiver.do_handshake()
        layer.shake(outgoing.read())


def test_a_private_authority_need_not_identify_its_key(tmp_path: Path) -> None:
    authority = Authority()
    shake_hands(authority.pem, authority.unidentified(), tmp_path)


def test_an_intermediate_is_not_trusted_for_its_own_sake() -> None:
    assert not verifying_context().verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN


def test_certificate_and_name_are_checked_all_the_same(tmp_path: Path) -> None:
    context = verifying_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    authority = Authority()
    for bad in (Authority().unidentified(), authority.wrong_name(), authority.expired()):
        with pytest.raises(ssl.SSLCertVerificationError):
            shake_hands(authority.pem, bad, tmp_path)


def test_nobody_else_makes_contexts() -> None:
    makes = re.compile(r"create_default_context\(|SSLContext\(|_unverified_context")
    made = {str(f.relative_to(ROOT)) for f in product_files() if makes.search(f.read_text())}
    assert made == {"events/trust.py", *OTHERS}
