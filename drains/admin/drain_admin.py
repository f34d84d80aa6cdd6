"""Drains for operators: looked at, added, edited, paused; always through the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern

from drains import many, services
from drains.admin import card
from drains.admin.columns import DrainColumns
from drains.admin.forms import DrainForm, SendAgainForm
from drains.admin.layout import OBSERVED, layout_of, show_options
from drains.admin.listing import (
    DrainList,
    ReceiverMenu,
    SchemeMenu,
    SpaceMenu,
    StateTabs,
)
from drains.display import words
from drains.errors import DrainError, KafkaAwayError
from drains.models import Drain, DrainCursor
from drains.paging import DrainPaginator
from drains.searching import found_by
from drains.status import with_statuses
from drains.trials import try_out_all
from events.row_actions import chosen_of
from events.strict_list import StrictList

TESTS_MAX = 10
"""So many receivers are tried at a time."""
SENT_AGAIN_MAX = 100
DELETED_MAX = 500
NAMED_MAX = 20


class CursorInline(admin.TabularInline):
    """Where the drain is behind. Written by workers only."""

    model = DrainCursor
    extra = 0
    can_delete = False
    fields = readonly_fields = ("topic", "partition", "offset")
    verbose_name_plural = "is behind in these partitions, from this offset on"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Drain)
class DrainAdmin(DrainColumns, StrictList):
    form = DrainForm
    is_live = True
    list_display = ("state_shown", "owner", "receiver", "why", "behind", "rate", "lost")
    list_display_links = ("owner",)
    list_filter = (StateTabs, ReceiverMenu, SpaceMenu, SchemeMenu)
    ordering = ("severity", "state_since", "pk")
    search_fields = ("app",)  # there is a field to search with: see get_search_results
    search_help_text = "App, space, site, host, name or id"
    list_per_page = 50
    readonly_fields = ("address", *OBSERVED)
    actions = ("pause", "resume", "try_now", "test", "send_again", "delete_selected")
    asks_itself = ("send_again", "delete_selected")
    oldest_first = ("created_at", "pk")
    heavy = ("url", "stored_options")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Drain]:
        """Ones and many: a page of the list fetches what it shows of its own."""
        return with_statuses(super().get_queryset(request))

    def get_paginator(self, request: HttpRequest, queryset: Any, *args: Any, **options: Any) -> Any:
        """A drain's history has pages too, which are not of drains."""
        if queryset.model is Drain:
            return DrainPaginator(queryset, *args, **options)
        return super().get_paginator(request, queryset, *args, **options)

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[DrainList]:
        return DrainList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Drain], search_term: str
    ) -> tuple[QuerySet[Drain], bool]:
        return found_by(queryset, search_term), False

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        acts = ["acts"] if self.has_change_permission(request) else []
        tail = ["tail"] if request.user.has_perm("sessions_app.add_tailsession") else []
        return [*self.list_display, *acts, *tail]

    def get_urls(self) -> list[URLPattern]:
        return [*card.urls(self.admin_site), *super().get_urls()]

    def page_of(self, request: HttpRequest, obj: Drain | None) -> dict[str, Any]:
        if obj and not self.has_change_permission(request, obj):
            show_options(obj)
        return {
            # Anew: a form that was refused may have left of its states nothing.
            "card": card.card_of(self.get_queryset(request).get(pk=obj.pk)) if obj else None,
            "script": "live.js" if obj else "add.js",
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
        }

    def get_inlines(self, request: HttpRequest, obj: Drain | None = None) -> list[Any]:
        """To be looked at: what is sent is not held against it, as workers write meanwhile."""
        shown = request.method != "POST" and obj is not None and obj.cursors.exists()
        return [CursorInline] if shown else []

    def get_fieldsets(self, request: HttpRequest, obj: Drain | None = None) -> list[Any]:
        return layout_of(obj, is_asked=obj is None or self.has_change_permission(request, obj))

    def save_model(self, request: HttpRequest, obj: Drain, form: Any, change: bool) -> None:
        """The form's `clean` has saved it."""

    def delete_model(self, request: HttpRequest, obj: Drain) -> None:
        many.delete_all(Drain.objects.filter(pk=obj.pk))  # somebody else may be quicker

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Drain]) -> None:
        many.delete_all(queryset)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """By their names alone: what hangs on them is nobody's to look at one by one."""
        names = [str(drain) for drain in objs]
        if len(names) > NAMED_MAX:
            names[NAMED_MAX:] = [f"and {len(names) - NAMED_MAX:,} more"]
        lacking = set() if self.has_delete_permission(request) else {"drain"}
        return names, {"drains": len(objs)}, lacking, []

    @admin.action(description="Delete …", permissions=["delete"])
    def delete_selected(
        self, request: HttpRequest, queryset: QuerySet[Drain]
    ) -> HttpResponse | None:
        """It asks first, and those that are named then are deleted: not who else matches by now."""
        refusal = "Choose {limit} at most, not {chosen:,}: each is named before it is gone."
        if self._are_too_many(request, DELETED_MAX, refusal):
            return None
        return delete_selected(self, request, queryset)

    @admin.action(description="Pause", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Drain]) -> None:
        self._say(request, many.pause_all(chosen_of(request)), "paused")

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Drain]) -> None:
        self._say(request, many.resume_all(chosen_of(request)), "resumed")

    @admin.action(description="Try now", permissions=["change"])
    def try_now(self, request: HttpRequest, queryset: QuerySet[Drain]) -> None:
        chosen = chosen_of(request)
        tried = many.try_all(chosen)
        self._say(request, tried, "tried")
        if left := len(chosen) - tried:
            messages.warning(request, f"{words.many(left, 'drain')} paused: resume them first.")

    @admin.action(description="Test", permissions=["change"])
    def test(self, request: HttpRequest, queryset: QuerySet[Drain]) -> None:
        """A line to one drain of each receiver: they all go to the same place."""
        drains = many.receivers_of(chosen_of(request))
        for drain, (ok, steps) in zip(drains, try_out_all(drains[:TESTS_MAX]), strict=False):
            told = messages.success if ok else messages.error
            told(request, f"{drain.host}:{drain.port}: {steps[-1].detail}")
        if left := len(drains[TESTS_MAX:]):
            messages.warning(request, f"Not tested: {words.many(left, 'receiver')} more.")

    @admin.action(description="Send again …", permissions=["change"])
    def send_again(
        self, request: HttpRequest, queryset: QuerySet[Drain]
    ) -> TemplateResponse | None:
        refusal = "Kafka is asked for each: choose {limit} at most, not {chosen:,}."
        if self._are_too_many(request, SENT_AGAIN_MAX, refusal):
            return None
        form = SendAgainForm(request.POST if "since" in request.POST else None)
        if form.is_valid() and self._sent_again(request, queryset, form):
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Send a window again",
            "opts": self.opts,
            "drains": list(queryset),
            "form": form,
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/drains/drain/send_again.html", context)

    def _sent_again(
        self, request: HttpRequest, queryset: QuerySet[Drain], form: SendAgainForm
    ) -> bool:
        """For at least one of them. The others, and why, are told."""
        done, faults = [], []
        for drain in queryset:
            try:
                _, found = services.send_again(drain, form.cleaned_data["since"])
                done.append(found)
            except KafkaAwayError as error:
                faults.append(str(error))
                break  # it would be waited for once more for each of the others
            except DrainError as error:
                faults.append(f"{drain}: {error}")
        if not done:
            form.add_error("since", faults)
            return False
        records = f"up to {intcomma(max(done))} records each"
        said = f"{words.many(len(done), 'drain')}: {records} are looked through again."
        messages.success(request, said)
        for fault in faults:
            messages.error(request, fault)
        return True

    def _are_too_many(self, request: HttpRequest, limit: int, refusal: str) -> bool:
        """`refusal`: what is said then."""
        if (chosen := len(chosen_of(request))) <= limit:
            return False
        messages.error(request, refusal.format(limit=limit, chosen=chosen))
        return True

    def _say(self, request: HttpRequest, count: int, done: str) -> None:
        messages.success(
            request, f"{words.many(count, 'drain')} {done}; workers act within 2 seconds."
        )
