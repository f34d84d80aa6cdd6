"""Certificates and keys as PEM text: checked, and cleaned of whatever else the text holds.

What is kept is written anew, so that neither a comment in another alphabet (which OpenSSL refuses)
nor a private key between certificates, which anybody may read, comes along.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from drains.delivery.network.errors import DialError
from drains.delivery.network.tls import context_of
from drains.option_values import TlsOptions

TEXT_CHARACTERS_MAX = 64 * 1024

_KEY_KIND = "PRIVATE KEY"


class _Block(NamedTuple):
    kind: str
    text: bytes


def certificates(text: str) -> str:
    """One certificate or more. Raises ValueError, in a sentence for the drain's owner."""
    blocks = list(_blocks(text))
    for number, block in enumerate(blocks, 1):
        if block.kind.endswith(_KEY_KIND):
            raise ValueError("contains a private key, which must be nowhere but in 'key'")
        if block.kind != "CERTIFICATE":
            raise ValueError(f"block {number} of the PEM text is not a certificate")
    return "".join(_certificate(block, number) for number, block in enumerate(blocks, 1))


def private_key(text: str) -> str:
    """One key, not encrypted. Raises ValueError."""
    keys = [block for block in _blocks(text) if block.kind.endswith(_KEY_KIND)]
    if len(keys) != 1:
        raise ValueError("must be the PEM text of one private key")
    if "ENCRYPTED" in keys[0].kind:
        raise ValueError("is encrypted: give the key without its passphrase")
    try:
        # Checking the primes of a large key takes seconds, and nothing is signed with it here.
        key = load_pem_private_key(keys[0].text, None, unsafe_skip_rsa_key_validation=True)
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    except TypeError:
        raise ValueError("is encrypted: give the key without its passphrase") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("cannot be read as a private key") from None
    return plain.decode()


def belong_together(certificate: str, key: str) -> bool:
    """Whether the key is that of the (first) certificate; both as the functions above give them."""
    private = load_pem_private_key(key.encode(), None, unsafe_skip_rsa_key_validation=True)
    public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    shape = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    return private.public_key().public_bytes(*shape) == public.public_bytes(*shape)


def refuse_unusable(options: TlsOptions) -> None:
    """OpenSSL has the last word: it takes no weak keys or digests. Raises ValueError."""
    try:
        context_of(options)
    except DialError as error:
        reason = getattr(error.__cause__, "reason", None)
        said = f": {reason.replace('_', ' ').lower()}" if reason else ""
        raise ValueError(f"cannot be used for TLS{said}") from None


def refuse_out_of_date(certificate: str, now: datetime) -> None:
    """Of the first one, which is shown: no receiver that looks takes it. Raises ValueError."""
    shown = x509.load_pem_x509_certificate(certificate.encode())
    if shown.not_valid_after_utc < now:
        raise ValueError(f"has expired: it was good until {_moment(shown.not_valid_after_utc)}")
    if shown.not_valid_before_utc > now:
        raise ValueError(f"is not yet good: it will be from {_moment(shown.not_valid_before_utc)}")


def refuse_all_out_of_date(authorities: str, now: datetime) -> None:
    """Where not even one is good no receiver can be trusted. Raises ValueError."""
    known = x509.load_pem_x509_certificates(authorities.encode())
    if all(each.not_valid_after_utc < now for each in known):
        last = max(each.not_valid_after_utc for each in known)
        which = "has expired: it" if len(known) == 1 else "have all expired: the last of them"
        raise ValueError(f"{which} was good until {_moment(last)}")


def described(certificate: str) -> str:
    """Whose the first certificate is, and until when."""
    return _description(x509.load_pem_x509_certificate(certificate.encode()))


def fingerprint(certificate: str) -> str:
    """Of the first certificate: SHA-256, in hexadecimal."""
    return x509.load_pem_x509_certificate(certificate.encode()).fingerprint(SHA256()).hex()


def ends_at(certificate: str) -> datetime:
    """Until when the first certificate is good."""
    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc


def _blocks(text: str) -> Iterator[_Block]:
    pieces = text.split("-----BEGIN ")[1:]
    if not pieces:
        raise ValueError("is not PEM text: -----BEGIN …-----")
    for piece in pieces:
        kind, _, rest = piece.partition("-----")
        body, end, _ = rest.partition(f"-----END {kind}-----")
        if not end:
            raise ValueError("is cut off: the line -----END …----- of a block is missing")
        whole = f"-----BEGIN {kind}-----{body}-----END {kind}-----\n"
        yield _Block(kind, whole.encode())


def _certificate(block: _Block, number: int) -> str:
    try:
        read = x509.load_pem_x509_certificate(block.text)
        read.public_key()
        _description(read)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise ValueError(f"certificate {number} of the PEM text cannot be read") from None
    return read.public_bytes(Encoding.PEM).decode()


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _description(read: x509.Certificate) -> str:
    name = read.subject.rfc4514_string() or "no subject"
    return f"{name}, until {read.not_valid_after_utc:%Y-%m-%d}"
