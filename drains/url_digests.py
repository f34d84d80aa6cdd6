"""What tells equal URLs of drains without telling a URL, which may hold a password."""

from __future__ import annotations

from django.conf import settings
from django.utils.crypto import salted_hmac

from drains.destination import Destination
from drains.fields import digests_of


def url_digests_of(to: Destination) -> list[str]:
    """Under each field key, newest first, and last as versions before 0024 of the tables made
    them: a row may have any of these, whoever wrote it, until `rotatesecrets` has run."""
    meant = "\0".join(to.canonical)
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    former = (salted_hmac("drains.url", meant, key, algorithm="sha256") for key in secrets)
    return [*digests_of(meant), *(digest.hexdigest() for digest in former)]
