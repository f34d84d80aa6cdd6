"""How states look: shape, colour and word, in one place; and what helps against a reason."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from drains.states import WORDS


class Look(NamedTuple):
    word: str
    tone: str
    """A colour of pages.css."""
    shape: str
    """SVG, in a box of 16."""


_DISC = '<circle cx="8" cy="8" r="6"/>'
_RING = '<circle cx="8" cy="8" r="4.8" fill="none" stroke="currentColor" stroke-width="2"/>'
_CROSS = (
    '<path d="M3.4 3.4l9.2 9.2M12.6 3.4l-9.2 9.2" stroke="currentColor" stroke-width="2.6"'
    ' stroke-linecap="round"/>'
)
_HALF = (
    '<circle cx="8" cy="8" r="5.2" fill="none" stroke="currentColor" stroke-width="1.8"/>'
    '<path d="M8 2.8a5.2 5.2 0 0 1 0 10.4z"/>'
)
_SQUARE = '<rect x="3" y="3" width="10" height="10" rx="2"/>'
_TICK = (
    '<path d="M3 8.6l3.4 3.4L13 4.6" fill="none" stroke="currentColor" stroke-width="2.4"'
    ' stroke-linecap="round" stroke-linejoin="round"/>'
)
_TRIANGLE = '<path d="M8 2.2L14.6 13.4H1.4z" stroke="currentColor" stroke-linejoin="round"/>'

LOOKS = {
    "unknown": Look(WORDS["unknown"], "error", _CROSS),
    "failing": Look(WORDS["failing"], "error", _DISC),
    "replaying": Look(WORDS["replaying"], "info", _HALF),
    "paused": Look(WORDS["paused"], "quiet", _SQUARE),
    "new": Look(WORDS["new"], "quiet", _RING),
    "live": Look(WORDS["live"], "good", _TICK),
    "warn": Look("Soon", "warn", _TRIANGLE),
}
OF_TONE = {
    "alarm": "unknown",
    "error": "failing",
    "warn": "warn",
    "info": "replaying",
    "good": "live",
    "quiet": "new",
}
"""What stands beside the first sentence."""

_ADVICE = (
    ("no such host", "No name server knows it. Is the name right, and the receiver still there?"),
    (
        "connection refused",
        "Nothing listens there: is it the right port, and the receiver up?",
    ),
    ("may not speak TLS", "Without TLS it may be right: syslog:// in place of syslog+tls://."),
    ("timed out", "Nothing answers: a firewall on the way, or a wrong address?"),
    ("client certificate", "The drain's own certificate is set below, under TLS."),
    ("certificate has expired", "Whoever runs the receiver must renew its certificate."),
    ("unknown issuer", "If it is the receiver's own authority, give it below, under TLS."),
    ("self-signed", "If that is the receiver's own, give it as the authority below, under TLS."),
    ("for another", "The URL has another name than the certificate: use the one it is made for."),
    ("certificate", "Whoever runs the receiver must give it another certificate."),
    ("HTTP 429", "It takes less than is sent. It says when to try again, and we do."),
    ("HTTP 5", "The receiver is in trouble itself. We go on trying."),
    ("its URL cannot be read", "Add the key that it was written with to FIELD_ENCRYPTION_KEYS."),
)


def icon(name: str) -> SafeString:
    """The word stands beside it: it is hidden from screen readers."""
    look = LOOKS[name]
    return format_html(
        '<svg class="st {}" width="14" height="14" fill="currentColor" viewBox="0 0 16 16"'
        ' aria-hidden="true">{}</svg>',
        look.tone,
        mark_safe(look.shape),  # noqa: S308 - a constant of this file
    )


def advice(reason: str) -> str:
    """What to do about it; nothing where nobody knows."""
    return next((says for words, says in _ADVICE if words in reason), "")
