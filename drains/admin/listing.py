"""How the list of drains is narrowed: by state, receiver, space and scheme, each with counts; and
nothing that makes no sense."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from drains.admin.columns import SUMMED, with_sums
from drains.models import Drain
from drains.states import SEVERITY, WORDS, State, state_named
from drains.status import counts_by_state, in_state

CHOICES_MAX = 30
"""The largest receivers and spaces; any other is found by searching."""


class Choice(NamedTuple):
    """What a menu or a tab offers."""

    word: str
    drains: int | None
    """So many have it; None: nobody counts them."""
    state: str = ""


class StateTabs(admin.SimpleListFilter):
    """Worst first, each with how many there are, whatever else is chosen."""

    title, parameter_name, are_tabs = "state", "state", True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        counts = counts_of(request)
        self._all = sum(counts.values())
        worst_first = sorted(SEVERITY, key=SEVERITY.__getitem__)
        shown = [of for of in worst_first if counts.get(of) or of != "unknown"]
        return [(of, Choice(WORDS[of], counts.get(of, 0), of)) for of in shown]

    def choices(self, changelist: Any) -> Any:
        every, *others = super().choices(changelist)
        return [{**every, "display": Choice("All", self._all)}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drain]) -> QuerySet[Drain]:
        wanted = self.value()
        if wanted is None:
            return queryset
        try:
            return in_state(queryset, state_named(wanted))
        except ValueError as error:
            raise IncorrectLookupParameters(str(error)) from None


class DrainList(ChangeList):
    """Sums over workers are asked for only where it is they that drains are sorted by."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        columns = self.get_ordering_field_columns()
        sorted_by = {name for at, name in enumerate(self.list_display) if at in columns}
        sums = [column for name, column in SUMMED.items() if name in sorted_by]
        self.root_queryset = with_sums(self.root_queryset, *sums)
        return super().get_queryset(request, exclude_parameters)


class _MostUsed(admin.SimpleListFilter):
    """Values of a drain, those of most drains first."""

    columns: tuple[str, ...]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        rows = Drain.objects.order_by().values_list(*self.columns).annotate(n=Count("*"))
        largest = rows.order_by("-n", *self.columns)[:CHOICES_MAX]
        found = [(self.named(*values), Choice(self.named(*values), n)) for *values, n in largest]
        wanted = request.GET.get(str(self.parameter_name))
        if wanted and wanted not in dict(found):  # one of fewer drains
            found.append((wanted, Choice(wanted, None)))
        return found

    def named(self, *values: Any) -> str:
        """How they stand in the address, and in the menu."""
        return str(values[0])

    def choices(self, changelist: Any) -> Any:
        """Without what nothing can be narrowed to."""
        found: list[Any] = list(super().choices(changelist))
        every, others = found[0], [each for each in found[1:] if each["display"].word]
        return [{**every, "display": Choice("All", None)}, *others]


class ReceiverMenu(_MostUsed):
    title, parameter_name, columns = "receiver", "receiver", ("host", "port")

    def named(self, *values: Any) -> str:
        host, port = values
        return f"{host}:{port}" if host else ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drain]) -> QuerySet[Drain]:
        wanted = self.value()
        if wanted is None:
            return queryset
        host, _, port = wanted.rpartition(":")
        if not (port.isascii() and port.isdecimal() and len(port) <= 5):
            raise IncorrectLookupParameters("receiver: host:port is wanted")
        return queryset.filter(host=host, port=int(port))


class SpaceMenu(_MostUsed):
    title, parameter_name, columns = "space", "space", ("space",)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drain]) -> QuerySet[Drain]:
        return queryset if self.value() is None else queryset.filter(space=self.value())


class SchemeMenu(_MostUsed):
    title, parameter_name, columns = "scheme", "scheme", ("scheme",)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drain]) -> QuerySet[Drain]:
        return queryset if self.value() is None else queryset.filter(scheme=self.value())


def counts_of(request: HttpRequest) -> dict[State, int]:
    """Drains by state: asked for once a request, which may show them in several places."""
    if not hasattr(request, "drain_counts"):
        request.drain_counts = counts_by_state()  # type: ignore[attr-defined]
    counts: dict[State, int] = request.drain_counts  # type: ignore[attr-defined]
    return counts
