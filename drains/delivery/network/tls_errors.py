"""Why TLS failed, in words for a drain's owner: none of them the receiver's own."""

from __future__ import annotations

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
_PLAIN = "the receiver does not speak TLS: it may be syslog://, http:// or another port"
_FAULTS = {
    "WRONG_VERSION_NUMBER": _PLAIN,
    "RECORD_LAYER_FAILURE": _PLAIN,
    "PACKET_LENGTH_TOO_LONG": _PLAIN,
    "HTTP_REQUEST": _PLAIN,
    "UNSUPPORTED_PROTOCOL": "the receiver has no TLS 1.2 or later",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the receiver has no TLS 1.2 or later",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the receiver wants a client certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the receiver refuses the client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "the receiver does not know the client certificate's issuer",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the receiver refuses the client certificate",
    "TLSV1_ALERT_ACCESS_DENIED": "the receiver refuses the client certificate",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "the receiver ended the handshake: no cipher in common, or it wants a client certificate"
    ),
    "UNEXPECTED_EOF_WHILE_READING": ENDED_IN_HANDSHAKE,
}

NO_HANDSHAKE = "timed out in the TLS handshake: the receiver may not speak TLS"


def explain_tls(error: ssl.SSLError) -> str:
    """A few words for what went wrong; OpenSSL's own where there are none of ours."""
    if isinstance(error, ssl.SSLCertVerificationError):
        fault = _CERTIFICATE_FAULTS.get(error.verify_code)
        return f"TLS: {fault or f'certificate is not valid ({error.verify_message})'}"
    reason = error.reason or ""
    named = f" ({reason.replace('_', ' ').lower()})" if reason else ""
    return f"TLS: {_FAULTS.get(reason, f'the handshake failed{named}')}"
