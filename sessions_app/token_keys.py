"""The keys that resume tokens are signed with: any web process believes what another has signed."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from events.derived_keys import derived_key
from sessions_app.tail.live.topic_demand import topics_for
from sessions_app.tail.session import Session
from sessions_app.tail.signer import Signer

_LABEL = "resume tokens of log sessions"


def signer_of(session: Session) -> Signer:
    """With SECRET_KEY; what former keys have signed is believed."""
    keys = [_key_of(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return Signer(keys, session.name, topics_for(session.selection))


@cache
def _key_of(secret: str) -> bytes:
    return derived_key(secret.encode(), _LABEL)
