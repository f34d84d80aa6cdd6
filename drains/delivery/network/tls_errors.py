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
}
_FAULTS = {
    "WRONG_VERSION_NUMBER": "the receiver answers in plain text",
    "RECORD_LAYER_FAILURE": "the receiver answers in plain text",
    "PACKET_LENGTH_TOO_LONG": "the receiver answers in plain text",
    "HTTP_REQUEST": "the receiver answers in plain text",
    "UNSUPPORTED_PROTOCOL": "the receiver has no TLS 1.2 or later",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the receiver has no TLS 1.2 or later",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the receiver wants a client certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the receiver refuses the client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "the receiver does not know the client certificate's issuer",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the receiver refuses the client certificate",
    "TLSV1_ALERT_ACCESS_DENIED": "the receiver refuses the client certificate",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "the receiver ended the TLS handshake: it may want a client certificate"
    ),
    "UNEXPECTED_EOF_WHILE_READING": "connection closed in the TLS handshake",
}


def explain_tls(error: ssl.SSLError) -> str:
    """A few words for what went wrong."""
    if isinstance(error, ssl.SSLCertVerificationError):
        fault = _CERTIFICATE_FAULTS.get(error.verify_code)
        return f"TLS: {fault or 'certificate is not valid'}"
    return f"TLS: {_FAULTS.get(error.reason or '', 'the handshake failed')}"
