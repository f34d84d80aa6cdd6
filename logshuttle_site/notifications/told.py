"""What is announced of recipients, and of what operators have sent to them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from drains.fields import UndecryptableError, revealed
from drains.url_text import REDACTED
from events.changes import Change, Facts, announce
from logshuttle_site.audit.watching import watch
from logshuttle_site.notifications.models import Message, Recipient


def watch_recipients() -> None:
    watch(Recipient, "recipient", _facts)


def tested(message: Message, why: str) -> None:
    """`why`: empty when it got there. Not told: it may repeat what a receiver said."""
    recipient = message.recipient
    ok = {"ok": not why}
    announce(Change("recipient", str(recipient.pk), "tested", "", str(recipient), after=ok))


def tried_again(messages: Iterable[Message]) -> None:
    announce(
        *(
            Change("message", str(of.pk), "tried again", "", f"{of.event} to {of.recipient}")
            for of in messages
        )
    )


def _facts(recipient: Recipient) -> Facts:
    told = {
        "name": recipient.name,
        "kind": recipient.kind,
        "address": recipient.shown,
        "events": sorted(recipient.events),
        "minutes": recipient.minutes,
        "enabled": recipient.enabled,
        "secret": REDACTED if recipient.secret else "",
    }
    return Facts(told, {name: _plain(getattr(recipient, name)) for name in ("address", "secret")})


def _plain(value: str) -> str | None:
    with suppress(UndecryptableError):
        return revealed(value)
    return None
