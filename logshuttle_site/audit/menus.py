"""How the list of entries is narrowed. Nothing is counted: there may be millions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from logshuttle_site.audit.models import Entry
from logshuttle_site.audit.words import KINDS, WAYS

LATELY = 1000
"""Entries, whose names menus offer; any other is found by searching."""
CHOICES_MAX = 30

_SPANS = {"1": "24 hours", "7": "7 days", "30": "30 days", "90": "90 days"}


class _Menu(admin.SimpleListFilter):
    """Of a column's values, by the words that they have in the menu."""

    column: str
    words: dict[str, str] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.words.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        wanted = self.value()
        return queryset if wanted is None else queryset.filter(**{self.column: wanted})


class WayMenu(_Menu):
    title, parameter_name, column, words = "by", "by", "actor_kind", WAYS


class KindMenu(_Menu):
    title, parameter_name, column, words = "of what", "kind", "kind", KINDS


class SinceMenu(_Menu):
    title, parameter_name, words = "when", "days", _SPANS

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        wanted = self.value()
        if wanted not in _SPANS:
            return queryset
        return queryset.filter(at__gte=timezone.now() - timedelta(days=int(wanted)))


class _Asked(_Menu):
    """There only where it is asked for, by a link."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        wanted = request.GET.get(str(self.parameter_name))
        return [(wanted, wanted)] if wanted else []


class RequestMenu(_Asked):
    title, parameter_name, column = "request", "request", "request_id"


class ThingMenu(_Asked):
    title, parameter_name, column = "id", "id", "object_id"


class _Lately(_Asked):
    """Values of the last entries, and the one that is asked for."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        last = Entry.objects.order_by("-at", "-id").values_list(self.column, flat=True)[:LATELY]
        names = sorted({*last} - {""}, key=str.lower)[:CHOICES_MAX]
        asked = super().lookups(request, model_admin)
        return [*((name, name) for name in names), *(of for of in asked if of[0] not in names)]


class WhoMenu(_Lately):
    title, parameter_name, column = "who", "who", "actor"


class WhoseMenu(_Lately):
    title, parameter_name, column = "whose", "owner", "owner"


MENUS = (SinceMenu, WayMenu, WhoMenu, KindMenu, WhoseMenu, RequestMenu, ThingMenu)
