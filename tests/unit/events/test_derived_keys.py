from __future__ import annotations

import hashlib
import hmac

from events.derived_keys import KEY_BYTES, derived_key


def test_a_key_is_what_rfc_5869_says() -> None:
    """Of one block: extract, then expand once."""
    drawn = hmac.digest(bytes(32), b"secret", hashlib.sha256)
    expanded = hmac.digest(drawn, b"logshuttle cookies\x01", hashlib.sha256)

    assert derived_key(b"secret", "cookies") == expanded
    assert len(expanded) == KEY_BYTES


def test_no_two_uses_or_secrets_have_one_key() -> None:
    keys = {derived_key(secret, use) for secret in (b"a", b"b") for use in ("one", "other")}

    assert len(keys) == 4
