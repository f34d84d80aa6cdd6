"""Each fault of a receiver's certificate has words of its own: real handshakes, in memory."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import NameOID

from drains.delivery.network.heard import Heard
from drains.delivery.network.tls import TlsLayer, context_of
from drains.delivery.network.tls_errors import explain_tls
from drains.option_values import TlsOptions

HOST = "logs.example"


class Signed(NamedTuple):
    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        shape = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return str(self.key.private_bytes(serialization.Encoding.PEM, *shape).decode())


def ec_key() -> Any:
    return ec.generate_private_key(ec.SECP256R1())


def weak_key() -> Any:
    return rsa.generate_private_key(65537, 1024)


def sign(
    name: str,
    key: Any,
    issuer: Signed | None = None,
    *,
    usage: x509.ObjectIdentifier = Usage.SERVER_AUTH,
    is_ca: bool = False,
) -> Signed:
    """A certificate for `name`, by itself where no issuer is given."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), True)
    )
    if not is_ca:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), False)
    signer = issuer.key if issuer else key
    return Signed(builder.sign(signer, hashes.SHA256()), key)


ROOT = sign("root", rsa.generate_private_key(65537, 2048), is_ca=True)
_RSA_SHA256, _RSA_SHA1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
"""Object identifiers of how a certificate is signed."""


def weak_leaf() -> list[Signed]:
    return [sign(HOST, weak_key(), ROOT)]


def weak_digest() -> list[Signed]:
    """`cryptography` makes none any more: its own, signed anew."""
    good, key = sign(HOST, ec_key(), ROOT)
    tbs = good.tbs_certificate_bytes.replace(_RSA_SHA256, _RSA_SHA1)
    signature = ROOT.key.sign(tbs, padding.PKCS1v15(), hashes.SHA1())
    der = good.public_bytes(serialization.Encoding.DER).replace(_RSA_SHA256, _RSA_SHA1)
    return [Signed(x509.load_der_x509_certificate(der[: -len(signature)] + signature), key)]


def weak_issuer() -> list[Signed]:
    between = sign("between", weak_key(), ROOT, is_ca=True)
    return [sign(HOST, ec_key(), between), between]


def for_clients() -> list[Signed]:
    return [sign(HOST, ec_key(), ROOT, usage=Usage.CLIENT_AUTH)]


def no_issuer_between() -> list[Signed]:
    return [sign(HOST, ec_key(), sign("between", ec_key(), ROOT, is_ca=True))]


def other_name() -> list[Signed]:
    return [sign("other.example", ec_key(), ROOT)]


def fault_of(chain: list[Signed], folder: Path) -> str:
    """What a drain's owner reads of a receiver that shows this chain; empty when it is taken."""
    files = folder / "chain.pem", folder / "key.pem"
    files[0].write_text("".join(each.pem for each in chain))
    files[1].write_text(chain[0].key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else our own side would refuse to show it
    context.load_cert_chain(*files)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    receiver = context.wrap_bio(incoming, outgoing, server_side=True)
    layer = TlsLayer(context_of(TlsOptions(ca=ROOT.pem)), HOST, Heard("app"))
    layer.shake()
    incoming.write(layer.to_send())
    with pytest.raises(ssl.SSLWantReadError):
        receiver.do_handshake()
    try:
        layer.shake(outgoing.read())
    except ssl.SSLError as error:
        return explain_tls(error)
    assert layer.established
    return ""


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        (weak_leaf, "TLS: certificate has a weak key: RSA needs 2,048 bits (EE "),
        (weak_issuer, "TLS: certificate's issuer has a weak key: RSA needs 2,048 bits (CA "),
        (weak_digest, "TLS: certificate is signed with a weak digest, such as SHA-1 (CA "),
        (no_issuer_between, "TLS: certificate is signed by an unknown issuer (unable to "),
        (other_name, "TLS: certificate is for another name (Hostname mismatch, "),
    ],
)
def test_a_certificates_fault_is_named(chain: Any, said: str, tmp_path: Path) -> None:
    assert fault_of(chain(), tmp_path).startswith(said), "what OpenSSL says stands behind"


def test_a_fault_without_words_of_ours_has_openssls(tmp_path: Path) -> None:
    said = fault_of(for_clients(), tmp_path)

    assert said.startswith("TLS: certificate is not valid (")
    assert "purpose" in said


def test_a_good_certificate_is_taken(tmp_path: Path) -> None:
    assert fault_of([sign(HOST, ec_key(), ROOT)], tmp_path) == ""


def test_what_is_no_certificates_fault_is_named_as_openssl_does() -> None:
    error = ssl.SSLError(1, "text of the receiver's")
    error.reason = "SSLV3_ALERT_UNEXPECTED_MESSAGE"

    assert explain_tls(error) == "TLS: the handshake failed (alert 10, unexpected message)"
    error.reason = "BAD_EXTENSION"
    assert explain_tls(error) == "TLS: the handshake failed (bad extension)"
    error.reason = "TLSV1_ALERT_SOMETHING_NEW"
    assert explain_tls(error) == "TLS: the handshake failed (tlsv1 alert something new)"
    error.reason = ""
    assert explain_tls(error) == "TLS: the handshake failed"
