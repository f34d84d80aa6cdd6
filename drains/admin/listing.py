"""How the list of drains is narrowed: by state with counts, and nothing that makes no sense."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR
from django.core.exceptions import BadRequest
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from drains.models import Drain
from drains.states import SEVERITY, WORDS, state_named, stored_state
from drains.status import in_state, nobody_reports

_NUMBERS = {
    PAGE_VAR: re.compile(r"[1-9]\d{0,8}"),
    ORDER_VAR: re.compile(r"(-?\d{1,3}(\.-?\d{1,3}){0,20})?"),
}


class StateFilter(admin.SimpleListFilter):
    """Worst first, each with how many there are, whatever else is chosen."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        counts: dict[str, int] = {}
        silent = nobody_reports()
        stored = Drain.objects.order_by().values_list("paused", "state").annotate(n=Count("pk"))
        for paused, state, count in stored:
            shown = stored_state(state, paused=paused, is_silent=silent)
            counts[shown] = counts.get(shown, 0) + count
        worst_first = sorted(SEVERITY, key=SEVERITY.__getitem__)
        return [(of, f"{WORDS[of]} ({counts.get(of, 0):,})") for of in worst_first]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drain]) -> QuerySet[Drain]:
        wanted = self.value()
        if wanted is None:
            return queryset
        try:
            return in_state(queryset, state_named(wanted))
        except ValueError as error:
            raise IncorrectLookupParameters(str(error)) from None


def refuse_nonsense(request: HttpRequest) -> None:
    """What Django passes over in silence. Raises BadRequest."""
    for name, form in _NUMBERS.items():
        for text in request.GET.getlist(name):
            if not form.fullmatch(text):
                raise BadRequest(f"{name}: {text[:60]!r} makes no sense")
