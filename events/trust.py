"""How TLS judges a certificate: by our rules, the same on every interpreter."""

from __future__ import annotations

import ssl

NOT_ASKED = (ssl.VERIFY_X509_STRICT, ssl.VERIFY_X509_PARTIAL_CHAIN)
"""What Python 3.13 asks for by itself and 3.11 does not.

Strict means RFC 5280 to the letter: the certificates of many private authorities lack a key
identifier, and a receiver that was good must not be bad because Python is newer. A partial chain
would trust an intermediate for its own sake.
"""


def verifying_context(ca: str = "") -> ssl.SSLContext:
    """For a client: certificate and name are checked, against `ca` (PEM) or the system's roots.

    Raises ssl.SSLError or ValueError when `ca` is no PEM.
    """
    context = ssl.create_default_context(cadata=ca or None)
    for flag in NOT_ASKED:
        context.verify_flags &= ~flag
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
