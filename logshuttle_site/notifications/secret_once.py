"""A signing secret, shown once to who made it. Until then a session says of which recipient, and
holds nothing that is secret: sessions lie in the database as they are."""

from __future__ import annotations

from typing import Any

from django.contrib.messages import WARNING, get_messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

from drains.fields import UndecryptableError, revealed
from logshuttle_site.notifications.models import Recipient

_KEY = "signing secret to show"


def show_later(request: HttpRequest, recipient: Recipient) -> None:
    request.session[_KEY] = recipient.pk


def is_to_be_shown(request: HttpRequest, recipient: Recipient) -> bool:
    return bool(request.session.get(_KEY) == recipient.pk)


def shown(request: HttpRequest, recipient: Recipient) -> dict[str, Any]:
    """What the recipient's page has beside its own, this once: its messages, and the secret. It is
    never one of those that are stored."""
    if request.method != "GET" or not is_to_be_shown(request, recipient):
        return {}
    del request.session[_KEY]
    try:
        secret = revealed(recipient.secret)
    except UndecryptableError:
        return {}
    said = f"The secret that its messages are signed with, shown this once: {secret}"
    return {"messages": [*get_messages(request), Message(WARNING, said)]}
