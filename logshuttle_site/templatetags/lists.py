"""What the admin's lists are drawn from: Django's own columns, rows and filters."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import template
from django.contrib.admin.templatetags.admin_list import result_headers, results
from django.contrib.admin.views.main import PAGE_VAR
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from drains.admin.listing import Choice

register = template.Library()


class Table(NamedTuple):
    heads: list[dict[str, Any]]
    """As Django's result_headers has them."""
    rows: list[tuple[str, str, list[SafeString]]]
    """Id and words of a row, to choose it by, and its cells."""


class Menu(NamedTuple):
    title: str
    are_tabs: bool
    chosen: str
    """Empty where all are shown."""
    choices: list[dict[str, Any]]


@register.simple_tag
def table(cl: Any) -> Table:
    """On a phone a row is a card: each cell says what it is of."""
    skip = 1 if cl.list_display[0] == "action_checkbox" else 0
    heads = list(result_headers(cl))[skip:]
    labels = [capfirst(str(head["text"])) for head in heads]
    rows = []
    for row, cells in zip(cl.result_list, results(cl), strict=True):
        shown = [_labelled(*pair) for pair in zip(list(cells)[skip:], labels, strict=True)]
        rows.append((str(row.pk), str(row), shown))
    return Table(heads, rows)


def _labelled(cell: str, label: str) -> SafeString:
    """Into the first tag, which Django's results() has made."""
    attribute = format_html(' data-label="{}"', label)
    return mark_safe(f"{cell[:3]}{attribute}{cell[3:]}")  # noqa: S308 - Django's own cell


@register.simple_tag
def menus(cl: Any) -> list[Menu]:
    return [_menu(spec, cl) for spec in cl.filter_specs]


def _menu(spec: Any, cl: Any) -> Menu:
    choices = []
    for choice in spec.choices(cl):
        shown = choice["display"]
        known = shown if isinstance(shown, Choice) else Choice(str(shown), None)
        choices.append({**choice, "display": known})
    on = [choice["display"].word for choice in choices[1:] if choice["selected"]]
    return Menu(spec.title, getattr(spec, "are_tabs", False), "".join(on[:1]), choices)


@register.simple_tag
def page_link(cl: Any, number: int) -> str:
    link: str = cl.get_query_string({PAGE_VAR: number})
    return link


@register.simple_tag
def pages(cl: Any) -> list[Any]:
    """Their numbers, and dots where some are left out."""
    return list(cl.paginator.get_elided_page_range(cl.page_num, on_each_side=2, on_ends=1))


@register.simple_tag
def actions(cl: Any, action_form: Any) -> list[tuple[str, str]]:
    """Name and words of what can be done with the rows that are chosen."""
    if not action_form:
        return []
    return [(name, words) for name, words in action_form.fields["action"].choices if name]
