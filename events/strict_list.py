"""Lists of the admin that refuse what makes no sense: Django passes over some of it in silence, and
leads elsewhere for the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR, PAGE_VAR
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from events.row_actions import RowActions

_PAGE = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_COLUMNS = re.compile(r"(-?\d{1,3}(\.-?\d{1,3}){0,20})?", re.ASCII)

_ASKS = re.compile(r"(__id)?__(exact|isnull)\Z")
"""What menus ask of a column."""


class AliveMenu(admin.SimpleListFilter):
    """Of rows that are alive or over, as `alive(now)` of their queryset says."""

    title, parameter_name = "state", "state"
    alive = over = ""
    """Words for the two."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("alive", self.alive), ("over", self.over)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        manager: Any = queryset.model._default_manager
        match self.value():
            case "alive":
                return queryset.filter(pk__in=manager.alive(timezone.now()))
            case "over":
                return queryset.exclude(pk__in=manager.alive(timezone.now()))
        return queryset


class StrictList(RowActions):
    show_facets = admin.ShowFacets.NEVER  # counts that cost a question each
    show_full_result_count = False
    lead = ""
    """What the list is of, under its title."""
    is_live = False
    """Whether it is drawn anew while it is looked at."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Raises BadRequest, or PermissionDenied for an action that is not theirs."""
        self.refuse_forbidden_actions(request)
        self.take_all_as_chosen(request)
        for name, form in ((PAGE_VAR, _PAGE), (ORDER_VAR, _COLUMNS)):
            for text in request.GET.getlist(name):
                if not form.fullmatch(text):
                    raise BadRequest(f"{name}: {text[:60]!r} makes no sense")
        if ERROR_FLAG in request.GET:
            raise BadRequest(f"{ERROR_FLAG}: nothing is called so")
        shown = {"lead": self.lead, "is_live": self.is_live, **(extra_context or {})}
        return super().changelist_view(request, shown)

    def page_of(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        """What the page of one has beside Django's form. `obj`: None of one that is to be made."""
        return {}

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        shown = {**context, **self.page_of(request, obj)}
        return super().render_change_form(request, shown, add, change, form_url, obj)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """By what a menu offers alone: what a column holds that nobody is shown could else be found
        out letter by letter."""
        menus = self.get_list_filter(request) if request else self.list_filter
        names = {getattr(menu, "parameter_name", menu) for menu in menus}
        return lookup in names or _ASKS.sub("", lookup) in names

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Raises BadRequest."""
        try:
            found = super().get_changelist_instance(request)
        except (IncorrectLookupParameters, DisallowedModelAdminLookup) as error:
            raise BadRequest(f"this list cannot be narrowed so: {error}") from None
        if found.page_num > found.paginator.num_pages:
            raise BadRequest(f"there are {found.paginator.num_pages} pages")
        for column in filter(None, request.GET.get(ORDER_VAR, "").split(".")):
            if abs(int(column)) >= len(found.list_display):
                raise BadRequest(f"{ORDER_VAR}: there is no column {column}")
        for menu in found.filter_specs:
            if not any(choice["selected"] for choice in menu.choices(found)):
                raise BadRequest(f"{menu.title}: what is asked for is none of its values")
        return found
