"""What the templates of the overview ask for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from drains.models import Drain
from logshuttle_site.overview import look, words
from logshuttle_site.overview.drain import DrainCard, card_of
from logshuttle_site.overview.page import Shown, shown

register = template.Library()
register.simple_tag(look.icon, name="icon")
register.filter("number", words.number)
register.filter("size", words.size)
register.filter("many", words.many)
register.filter("age", words.age)
register.filter("advice", look.advice)


@register.simple_tag(takes_context=True)
def overview(context: Any) -> Shown:
    """The admin's own index calls nobody: its template asks."""
    return shown(context["request"])


@register.simple_tag
def drain_card(drain: Drain) -> DrainCard:
    return card_of(drain)


@register.simple_tag
def when(at: datetime | None, now: datetime) -> SafeString | str:
    """Short, and whole with its zone for who points at it."""
    if at is None:
        return words.UNKNOWN
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        at.isoformat(),
        f"{at:%a %d %b %Y %H:%M:%S}",
        words.clock(at, now),
    )


@register.simple_tag
def since(at: datetime | None, now: datetime) -> str:
    """How long ago."""
    return words.UNKNOWN if at is None else words.age((now - at).total_seconds())
