"""An authority of the tests' own, and the certificates it gives, good and bad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

LOOPBACK_NAMES = ("localhost", "127.0.0.1")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class CertificateFiles:
    chain: Path
    key: Path


@dataclass(frozen=True)
class Certificate:
    """PEM: the certificate with those between it and the root, and its private key."""

    chain: str
    key: str

    def write(self, folder: Path, name: str = "server") -> CertificateFiles:
        """As `name.pem` and `name.key`, in place of what was there."""
        files = CertificateFiles(folder / f"{name}.pem", folder / f"{name}.key")
        files.chain.write_text(self.chain)
        files.key.write_text(self.key)
        return files

    def write_pkcs12(self, folder: Path, password: str) -> Path:
        """As Java wants it, in one file."""
        first, *others = x509.load_pem_x509_certificates(self.chain.encode())
        key = serialization.load_pem_private_key(self.key.encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        encryption = serialization.BestAvailableEncryption(password.encode())
        path = folder / "server.p12"
        path.write_bytes(
            pkcs12.serialize_key_and_certificates(None, key, first, others, encryption)
        )
        return path


class Authority:
    """A root. `names` are host names and addresses; the receivers' own when none is given."""

    def __init__(self) -> None:
        self._ca = trustme.CA()

    @property
    def pem(self) -> str:
        return self._ca.cert_pem.bytes().decode()

    def write(self, folder: Path, name: str = "ca") -> Path:
        path = folder / f"{name}.pem"
        path.write_text(self.pem)
        return path

    def server(self, *names: str) -> Certificate:
        return self._issue(*(names or LOOPBACK_NAMES))

    def good_for(self, days: float, *names: str) -> Certificate:
        """From yesterday on."""
        now = datetime.now(UTC)
        until = now + days * _DAY
        return self._issue(*(names or LOOPBACK_NAMES), since=now - _DAY, until=until)

    def expired(self, *names: str) -> Certificate:
        """Since yesterday."""
        now = datetime.now(UTC)
        return self._issue(*(names or LOOPBACK_NAMES), since=now - 9 * _DAY, until=now - _DAY)

    def not_yet_valid(self, *names: str) -> Certificate:
        """Before tomorrow."""
        now = datetime.now(UTC)
        return self._issue(*(names or LOOPBACK_NAMES), since=now + _DAY, until=now + 9 * _DAY)

    def wrong_name(self) -> Certificate:
        """Good, for a host that no test runs."""
        return self._issue("elsewhere.example")

    def unidentified(self) -> Certificate:
        """Good, without the identifier of its authority's key, as many private authorities do."""
        root = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes())
        key = serialization.load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return _signed(LOOPBACK_NAMES, root.subject, key)

    def client(self, name: str = "client.example") -> Certificate:
        """What a sender shows; `name` is also its common name."""
        return self._issue(name, common_name=name)

    def _issue(
        self,
        *names: str,
        common_name: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Certificate:
        leaf = self._ca.issue_cert(
            *names, common_name=common_name, not_before=since, not_after=until
        )
        chain = "".join(pem.bytes().decode() for pem in leaf.cert_chain_pems)
        return Certificate(chain, leaf.private_key_pem.bytes().decode())


def self_signed(*names: str) -> Certificate:
    """Nobody's but its own, and no authority."""
    return _signed(names or LOOPBACK_NAMES)


def _signed(
    names: Sequence[str],
    issuer: x509.Name | None = None,
    signer: ec.EllipticCurvePrivateKey | None = None,
) -> Certificate:
    """By itself, when nobody else is named."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 9 * _DAY)
        .add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .sign(signer or key, hashes.SHA256())
    )
    return Certificate(
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
