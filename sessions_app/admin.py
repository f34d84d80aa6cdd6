"""Log sessions for operators: opened, looked at, revoked; always through the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Exists, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events.lines import SOURCES
from events.strict_list import AliveMenu, StrictList
from sessions_app import services
from sessions_app.again import opened_response, token_response
from sessions_app.errors import InvalidSessionError, TooManyError
from sessions_app.filters import owner_of
from sessions_app.links import session_url
from sessions_app.models import TailSession, Viewers
from sessions_app.past import LINES_DEFAULT
from sessions_app.serializers import STREAMS, TailRequest

_OWNER_FIELDS = {"app", "space", "site"}


class TailForm(forms.ModelForm):
    """The rules of the REST API, with its words. Only the first field is required: the "Tail"
    buttons beside drains post nothing else.
    """

    owner = forms.CharField(
        label="App or site",
        max_length=511,
        help_text="app-space, such as shop-demo; or site:www.example.com",
    )
    lines = forms.IntegerField(
        label="Lines first", required=False, help_text=f"{LINES_DEFAULT} unless given"
    )
    no_tail = forms.BooleanField(label="End after them", required=False)
    source = forms.MultipleChoiceField(
        label="Sources",
        required=False,
        choices=[(name, name) for name in SOURCES],
        widget=forms.CheckboxSelectMultiple,
    )
    process = forms.CharField(
        label="Process types", required=False, help_text="such as web, worker"
    )
    stream = forms.MultipleChoiceField(
        label="Streams",
        required=False,
        choices=[(name, name) for name in STREAMS],
        widget=forms.CheckboxSelectMultiple,
    )
    q = forms.CharField(label="Text", required=False, strip=False, help_text="in any case")

    class Meta:
        model = TailSession
        fields: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any] | None:
        if settings.RUN_SESSION is False and not settings.SESSION_URL:
            raise ValidationError("No sessions are served here: SESSION_URL has to say where.")
        if self.errors:
            return self.cleaned_data
        try:
            self._open()
        except InvalidSessionError as error:
            for field, why in error.faults.items():
                self.add_error("owner" if field in _OWNER_FIELDS else field, why)
        except TooManyError as error:
            raise ValidationError(str(error)) from None
        return self.cleaned_data

    def _open(self) -> None:
        values = self.cleaned_data
        asked = TailRequest(data={**owner_of(values["owner"]), **_given(values)})
        if not asked.is_valid():
            raise InvalidSessionError({name: str(why[0]) for name, why in asked.errors.items()})
        self.session_id, self.instance = services.open_session(asked.selection, asked.past)


class StateFilter(AliveMenu):
    alive, over = "new or open", "revoked or over"


@admin.register(TailSession)
class TailSessionAdmin(StrictList):
    form = TailForm
    list_display = ("owner", "filters", "state", "viewers", "created_at", "ends_at")
    list_filter = (StateFilter, "space")
    search_fields = ("app", "space", "site")
    search_help_text = "App, space or site"
    list_per_page = 50
    actions = ("revoke",)

    @admin.display(description="App or site", ordering="app")
    def owner(self, row: TailSession) -> str:
        return row.owner_name

    @admin.display(description="Shows")
    def filters(self, row: TailSession) -> str:
        words = [
            *row.sources,
            *row.processes,
            *row.streams,
            *([repr(row.text)] if row.text else []),
        ]
        return ", ".join(words) or "all"

    @admin.display(description="Viewers", empty_value="–")
    def viewers(self, row: TailSession) -> int | None:
        """None: no web process says how many there are."""
        read: int = row.read_by or 0  # type: ignore[attr-defined]
        return read if row.is_told_of else None  # type: ignore[attr-defined]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TailSession]:
        fresh = Viewers.objects.fresh(timezone.now())
        of_one = fresh.filter(session=OuterRef("name")).values("session")
        found: QuerySet[TailSession] = super().get_queryset(request)
        return found.annotate(
            read_by=Subquery(of_one.annotate(all=Sum("viewers")).values("all")),
            is_told_of=Exists(fresh.filter(session="")),
        )

    @admin.display(description="Live")
    def again(self, row: TailSession) -> SafeString:
        """A button of the list's own form, which has the token that a POST needs."""
        if "-" in row.app:  # only the API can name it
            return format_html("")
        return format_html(
            '<button formaction="{}" formtarget="_blank" name="owner" value="{}">Tail</button>',
            reverse("admin:sessions_app_tailsession_add"),
            self.owner(row),
        )

    @admin.action(description="Revoke: nobody reads it any more", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[TailSession]) -> None:
        for row in queryset:
            services.revoke(row)
        messages.success(request, "Revoked: readers are cut off within seconds.")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One button: it goes to the tail."""
        others = {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().add_view(request, form_url, {"title": "Open a tail", **others})

    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(self.again_view)
        return [path("again/", again, name="sessions_app_tailsession_again"), *super().get_urls()]

    def again_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return opened_response(request) if request.method == "POST" else token_response(request)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        owner, *others = self.list_display
        return [owner, *(["again"] if self.has_add_permission(request) else []), *others]

    def get_fields(self, request: HttpRequest, obj: TailSession | None = None) -> list[Any]:
        if obj is None:
            return list(self.form.base_fields)
        return [*self.list_display, "opened_at", "lines", "tail", "revoked_at", "name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [] if obj is None else self.get_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: TailSession, form: Any, change: bool) -> None:
        """The form's `clean` has saved it; only the form knows its id."""
        request.tail_url = session_url(request, form.session_id)  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: TailSession, post_url_continue: Any = None
    ) -> HttpResponse:
        return HttpResponseRedirect(request.tail_url)  # type: ignore[attr-defined]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("sessions_app.change_tailsession")


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """What was filled in, as the API takes it."""
    words = values["process"].replace(",", " ").split()
    lines = {} if values["lines"] is None else {"lines": values["lines"]}
    return {
        "source": values["source"],
        "stream": values["stream"],
        "process": words,
        "q": values["q"],
        "tail": not values["no_tail"],
        **lines,
    }
