"""What is done to several rows of an admin's list: each row is asked about, and who chose more of
them than a page shows says yes to their number first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse

NAMED_MAX = 20
_ORDERING = {"o", "p"}
"""Members of a list's query that do not narrow it."""

Act = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponseBase | None]


def _is_across(request: HttpRequest) -> bool:
    """As Django reads it: all that match, whatever is chosen of a page."""
    given = request.POST.get("select_across")
    return bool(forms.BooleanField(required=False).to_python(given))


def chosen_of(request: HttpRequest) -> list[Any]:
    """Keys of the rows that an action is about, however many: each has been asked about."""
    ids: list[Any] = request.chosen  # type: ignore[attr-defined]
    return ids


class RowActions(admin.ModelAdmin):
    asks_itself: Collection[str] = ("delete_selected",)
    """Actions with a page of their own, which names whom they are about."""
    oldest_first: tuple[str, ...] = ("pk",)
    """Whose turn it is when more rows match by now than were said yes to."""
    heavy: tuple[str, ...] = ()
    """Columns that no permission looks at."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        known: dict[str, Any] = super().get_actions(request)
        return {
            name: (self._with_care(act, name, words), name, words)
            for act, name, words in known.values()
        }

    def refuse_forbidden_actions(self, request: HttpRequest) -> None:
        """Django passes over them as if they were nonsense. Raises PermissionDenied."""
        if request.method != "POST":
            return
        wanted = set(request.POST.getlist("action")) - self.get_actions(request).keys()
        known = self._get_base_actions()  # type: ignore[attr-defined]
        if any(name in wanted for _, name, _ in known):
            raise PermissionDenied("this action is not allowed")

    def take_all_as_chosen(self, request: HttpRequest) -> None:
        """Django wants a row to be chosen, even where all are."""
        if _is_across(request) and not request.POST.getlist(ACTION_CHECKBOX_NAME):
            given = request.POST.copy()
            given[ACTION_CHECKBOX_NAME] = "all"
            request.POST = given  # type: ignore[assignment]

    def _with_care(self, act: Act, name: str, words: str) -> Act:
        def done(of: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponseBase | None:
            ids = self._allowed(request, rows, act)
            confirmed = request.POST.get("confirmed", "")
            if confirmed.isascii() and confirmed.isdecimal():
                ids = self._as_confirmed(request, ids, int(confirmed[:9]))
            elif self._are_more_than_seen(request, ids) and name not in self.asks_itself:
                return self._asked(request, name, words, ids)
            if not ids:
                return None
            request.chosen = ids  # type: ignore[attr-defined]
            return act(of, request, rows.filter(pk__in=ids))

        return done

    def _allowed(self, request: HttpRequest, rows: QuerySet[Any], act: Act) -> list[Any]:
        """Keys of those that it may be done to, each asked about once; the others are told."""
        wanted: Iterable[str] = getattr(act, "allowed_permissions", ())
        asked = [getattr(self, f"has_{permission}_permission") for permission in wanted]
        # By their keys: without what a list fetches along to show them.
        light = self.model._default_manager.filter(pk__in=rows.order_by().values("pk"))
        found = light.defer(*self.heavy).order_by(*self.oldest_first).iterator(chunk_size=2000)
        may = {row.pk: all(ask(request, row) for ask in asked) for row in found}
        ids = [pk for pk, is_allowed in may.items() if is_allowed]
        if left := len(may) - len(ids):
            said = f"Left as they are, since you may not do this to them: {left:,} of {len(may):,}."
            messages.error(request, said)
        elif not may:
            messages.warning(request, "None of them is there any more: nothing was done.")
        return ids

    def _are_more_than_seen(self, request: HttpRequest, ids: Collection[Any]) -> bool:
        return _is_across(request) and len(ids) > self.list_per_page

    def _as_confirmed(self, request: HttpRequest, ids: list[Any], count: int) -> list[Any]:
        if more := len(ids[count:]):
            said = f"{more:,} more match by now: they are left as they are."
            messages.warning(request, said)
        return ids[:count]

    def _asked(
        self, request: HttpRequest, name: str, words: str, ids: Collection[Any]
    ) -> TemplateResponse:
        """The page that asks: its answer comes with the number that it was given."""
        shown = self.model._default_manager.filter(pk__in=list(ids)[:NAMED_MAX])
        plural = str(self.opts.verbose_name_plural)
        narrowed = {of: text for of, text in request.GET.items() if text and of not in _ORDERING}
        context = {
            **self.admin_site.each_context(request),
            "title": f"{words.partition(':')[0]}: {len(ids):,} {plural}?",
            "opts": self.opts,
            "action": name,
            "words": words.partition(":")[0],
            "count": len(ids),
            "counted": f"{len(ids):,}",
            "named": list(shown.order_by(*self.oldest_first)),
            "more": max(len(ids) - NAMED_MAX, 0),
            "narrowed": ", ".join(f"{of}: {text}" for of, text in narrowed.items()),
        }
        return TemplateResponse(request, "admin/confirm_action.html", context)
