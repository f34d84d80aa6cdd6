"""Whom operators want to be told, and what was sent."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from drains.display.cells import said_as, when
from events.strict_list import StrictList
from logshuttle_site.notifications import outbox, webhook
from logshuttle_site.notifications.forms import RecipientForm
from logshuttle_site.notifications.kinds import WISHES
from logshuttle_site.notifications.models import Message, Recipient
from logshuttle_site.notifications.sender import deliver


@admin.register(Recipient)
class RecipientAdmin(StrictList):
    form = RecipientForm
    list_display = ("shown", "kind", "told_of", "minutes", "enabled", "last_result")
    list_filter = ("kind", "enabled")
    list_per_page = 50
    actions = ("send_test",)

    @admin.display(description="Told of")
    def told_of(self, recipient: Recipient) -> str:
        missing = [WISHES[kind] for kind in WISHES if kind not in recipient.events]
        return f"all but: {', '.join(missing)}" if missing else "all"

    @admin.display(description="Last result")
    def last_result(self, recipient: Recipient) -> SafeString | str:
        now = timezone.now()
        if recipient.last_error and recipient.last_error_at:
            tried = when(recipient.last_error_at, now)
            return format_html(
                "{} {}, {}", said_as("failing", "Failed"), tried, recipient.last_error
            )
        if recipient.last_sent_at:
            sent = when(recipient.last_sent_at, now)
            return format_html("{} {}", said_as("live", "Sent"), sent)
        return "nothing sent yet"

    @admin.display(description="Signing secret")
    def signed(self, recipient: Recipient) -> str:
        is_webhook = recipient.kind == Recipient.Kind.WEBHOOK
        return "set; it is not shown again" if is_webhook else "e-mail is not signed"

    def get_fields(self, request: HttpRequest, obj: Recipient | None = None) -> list[Any]:
        asked = ["kind", "new_address", "events", "minutes", "enabled"]
        return ["shown", *asked, "signed", "last_result"] if obj else asked

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["shown", "signed", "last_result"] if obj else []

    def save_model(self, request: HttpRequest, obj: Recipient, form: Any, change: bool) -> None:
        is_new = obj.kind == Recipient.Kind.WEBHOOK and not obj.secret
        if is_new:
            obj.secret = webhook.new_secret()
        super().save_model(request, obj, form, change)
        if is_new:
            self._show_secret(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What was sent goes along, though nobody may delete a message by itself."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, lacking - {Message._meta.verbose_name}, protected

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/test/", wrap(self.test_view), name="notifications_recipient_test"),
            path("<int:pk>/secret/", wrap(self.secret_view), name="notifications_recipient_secret"),
            *super().get_urls(),
        ]

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: a test message, sent at once and once."""
        return self._acted(request, pk, self._send_test)

    def secret_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: another secret, at once in place of the one before."""
        return self._acted(request, pk, self._renew_secret)

    @admin.action(description="Send a test", permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Recipient]) -> None:
        for recipient in queryset:
            self._send_test(request, recipient)

    def _acted(self, request: HttpRequest, pk: int, act: Any) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        recipient = Recipient.objects.filter(pk=pk).first()
        if not self.has_change_permission(request, recipient):
            raise PermissionDenied
        if recipient is None:
            raise Http404
        act(request, recipient)
        return redirect(reverse("admin:notifications_recipient_change", args=[pk]))

    def _send_test(self, request: HttpRequest, recipient: Recipient) -> None:
        message = outbox.test_message(recipient)
        why = async_to_sync(deliver)(message)
        if why:
            outbox.give_up(message, why)
            messages.error(request, f"The test did not get to {recipient.shown}: {why}")
        else:
            outbox.sent(message)
            messages.success(request, f"The test was taken by {recipient.shown}.")

    def _renew_secret(self, request: HttpRequest, recipient: Recipient) -> None:
        if recipient.kind != Recipient.Kind.WEBHOOK:
            messages.error(request, "E-mail is not signed.")
            return
        recipient.secret = webhook.new_secret()
        recipient.save(update_fields=["secret"])
        self.log_change(request, recipient, "New signing secret.")
        self._show_secret(request, recipient)

    def _show_secret(self, request: HttpRequest, recipient: Recipient) -> None:
        said = f"The secret that its messages are signed with, shown this once: {recipient.secret}"
        messages.warning(request, said)


class StateFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waits", "waits"), ("sent", "sent"), ("given up", "given up")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        match self.value():
            case "sent":
                return queryset.exclude(sent_at=None)
            case "waits":
                return queryset.exclude(next_try_at=None)
            case "given up":
                return queryset.filter(sent_at=None, next_try_at=None)
        return queryset


@admin.register(Message)
class MessageAdmin(StrictList):
    """To be looked at; what was given up can be tried again."""

    list_display = ("created", "text", "event", "recipient", "state_shown", "tries", "why")
    list_display_links = None
    list_filter = (StateFilter, "event", "recipient")
    list_select_related = ("recipient",)
    ordering = ("-created_at", "-pk")
    list_per_page = 50
    actions = ("try_again",)

    @admin.display(description="When", ordering="created_at")
    def created(self, message: Message) -> SafeString | str:
        return when(message.created_at, timezone.now())

    @admin.display(description="State")
    def state_shown(self, message: Message) -> SafeString:
        at, now = message.sent_at or message.next_try_at, timezone.now()
        if message.sent_at:
            look, word = "live", "Sent"
        elif message.next_try_at:
            look, word = ("warn", "Next try") if message.tries else ("new", "Waits")
        else:
            look, word, at = "failing", "Given up", message.given_up_at
        return format_html("{} {}", said_as(look, word), when(at, now))

    @admin.display(description="Last error")
    def why(self, message: Message) -> str:
        return message.last_error or "–"

    @admin.action(description="Try again what was not sent", permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        outbox.try_again(queryset)
        messages.success(request, "They are sent within seconds, or tried for another day.")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_message")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
