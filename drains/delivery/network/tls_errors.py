"""Why TLS failed, in words for a drain's owner: none of them the receiver's own.

Beside ours stand those that others use for it, which can be searched for: what OpenSSL says of a
certificate, and the number and name of the alert that a receiver has sent (RFC 8446 section 6).
"""

from __future__ import annotations

import re
import ssl

# OpenSSL's X509_V_ERR_… codes.
_CERTIFICATE_FAULTS = {
    9: "certificate is not yet valid",
    10: "certificate has expired",
    18: "certificate is self-signed",
    19: "certificate is signed by an unknown issuer",
    20: "certificate is signed by an unknown issuer",
    21: "certificate is signed by an unknown issuer",
    62: "certificate is for another name",
    64: "certificate is for another address",
    66: "certificate has a weak key: RSA needs 2,048 bits",
    67: "certificate's issuer has a weak key: RSA needs 2,048 bits",
    68: "certificate is signed with a weak digest, such as SHA-1",
}
ENDED_IN_HANDSHAKE = "connection closed in the TLS handshake"
PLAIN_HINT = ": it may be syslog://, http:// or another port"
_PLAIN = f"the receiver does not speak TLS{PLAIN_HINT}"
_REFUSED = "the receiver refuses the client certificate"
_FAULTS = {
    "WRONG_VERSION_NUMBER": _PLAIN,
    "RECORD_LAYER_FAILURE": _PLAIN,
    "PACKET_LENGTH_TOO_LONG": _PLAIN,
    "HTTP_REQUEST": _PLAIN,
    "UNSUPPORTED_PROTOCOL": "the receiver has no TLS 1.2 or later",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the receiver has no TLS 1.2 or later",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the receiver wants a client certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": _REFUSED,
    "TLSV1_ALERT_UNKNOWN_CA": "the receiver does not know the client certificate's issuer",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "the client certificate has been revoked",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _REFUSED,
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": _REFUSED,
    "TLSV1_ALERT_ACCESS_DENIED": _REFUSED,
    "TLSV1_ALERT_DECRYPT_ERROR": _REFUSED,
    "TLSV1_UNRECOGNIZED_NAME": "the receiver is not called as the URL says",
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": "the receiver takes none of our ciphers",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "the receiver ended the handshake: no common cipher, or it wants a client certificate"
    ),
    "UNEXPECTED_EOF_WHILE_READING": ENDED_IN_HANDSHAKE,
}

_ALERT = re.compile(r"(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(\w+)")
_ALERT_NUMBERS = {
    "UNEXPECTED_MESSAGE": 10,
    "BAD_RECORD_MAC": 20,
    "RECORD_OVERFLOW": 22,
    "HANDSHAKE_FAILURE": 40,
    "BAD_CERTIFICATE": 42,
    "UNSUPPORTED_CERTIFICATE": 43,
    "CERTIFICATE_REVOKED": 44,
    "CERTIFICATE_EXPIRED": 45,
    "CERTIFICATE_UNKNOWN": 46,
    "ILLEGAL_PARAMETER": 47,
    "UNKNOWN_CA": 48,
    "ACCESS_DENIED": 49,
    "DECODE_ERROR": 50,
    "DECRYPT_ERROR": 51,
    "PROTOCOL_VERSION": 70,
    "INSUFFICIENT_SECURITY": 71,
    "INTERNAL_ERROR": 80,
    "INAPPROPRIATE_FALLBACK": 86,
    "USER_CANCELLED": 90,
    "NO_RENEGOTIATION": 100,
    "MISSING_EXTENSION": 109,
    "UNSUPPORTED_EXTENSION": 110,
    "UNRECOGNIZED_NAME": 112,
    "CERTIFICATE_REQUIRED": 116,
}

NO_HANDSHAKE = "timed out in the TLS handshake: the receiver may not speak TLS"


def explain_tls(error: ssl.SSLError) -> str:
    """A few words for what went wrong; OpenSSL's own where there are none of ours."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: {_of_a_certificate(error.verify_code, error.verify_message)}"
    reason = error.reason or ""
    named = _alert_of(reason)
    if fault := _FAULTS.get(reason):
        return f"TLS: {fault} ({named})" if named else f"TLS: {fault}"
    named = named or reason.replace("_", " ").lower()
    return "TLS: the handshake failed" + (f" ({named})" if named else "")


def _of_a_certificate(code: int, said: str) -> str:
    said, fault = said.rstrip("."), _CERTIFICATE_FAULTS.get(code, "certificate is not valid")
    return fault if said in fault else f"{fault} ({said})"


def _alert_of(reason: str) -> str:
    """Its number and name; empty for what is none."""
    found = _ALERT.fullmatch(reason)
    number = _ALERT_NUMBERS.get(found[1]) if found else None
    return f"alert {number}, {found[1].replace('_', ' ').lower()}" if found and number else ""
