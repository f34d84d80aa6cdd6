"""What templates ask for: how states, moments and numbers look."""

from __future__ import annotations

from django import template

from drains.display import cells, look, words

register = template.Library()
register.simple_tag(look.icon, name="icon")
register.simple_tag(cells.badge, name="badge")
register.simple_tag(cells.when, name="when")
register.simple_tag(cells.since, name="since")
register.filter("number", words.number)
register.filter("size", words.size)
register.filter("many", words.many)
register.filter("age", words.age)
register.filter("advice", look.advice)
