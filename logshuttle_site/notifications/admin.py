"""Whom operators want to be told, and what was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from drains.display.cells import said_as, when
from events.strict_list import StrictList
from logshuttle_site.notifications import outbox, secret_once, webhook
from logshuttle_site.notifications.forms import RecipientForm
from logshuttle_site.notifications.kinds import WISHES
from logshuttle_site.notifications.models import STATES, Message, Recipient
from logshuttle_site.notifications.sender import deliver

TESTS_MAX = 10
"""At once: who asks waits for the slowest."""


@admin.register(Recipient)
class RecipientAdmin(StrictList):
    form = RecipientForm
    lead = "Who is told of what, also while nobody looks: webhooks, and people by e-mail."
    list_display = ("__str__", "kind", "told_of", "minutes", "enabled", "last_result")
    list_filter = ("kind", "enabled")
    list_per_page = 50
    actions = ("send_test",)

    def page_of(self, request: HttpRequest, obj: Recipient | None) -> Mapping[str, Any]:
        return secret_once.shown(request, obj) if obj else {}

    def response_post_save_add(self, request: HttpRequest, obj: Recipient) -> HttpResponseRedirect:
        return self._after_a_secret(request, obj) or super().response_post_save_add(request, obj)

    def response_post_save_change(
        self, request: HttpRequest, obj: Recipient
    ) -> HttpResponseRedirect:
        return self._after_a_secret(request, obj) or super().response_post_save_change(request, obj)

    def _after_a_secret(
        self, request: HttpRequest, recipient: Recipient
    ) -> HttpResponseRedirect | None:
        """Its own page, which shows it."""
        may_look = self.has_view_permission(request, recipient)
        if may_look and secret_once.is_to_be_shown(request, recipient):
            return redirect("admin:notifications_recipient_change", recipient.pk)
        return None

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
        asked = ["name", "kind", "new_address", "events", "minutes", "enabled"]
        return ["shown", *asked, "signed", "last_result"] if obj else asked

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["shown", "signed", "last_result"] if obj else []

    def save_model(self, request: HttpRequest, obj: Recipient, form: Any, change: bool) -> None:
        is_new = obj.kind == Recipient.Kind.WEBHOOK and not obj.secret
        if is_new:
            obj.secret = webhook.new_secret()
        super().save_model(request, obj, form, change)
        if is_new:
            secret_once.show_later(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """By their names, and how many messages go along: those of 30 days may be thousands."""
        sent = Message.objects.filter(recipient__in=[of.pk for of in objs]).count()
        lacking = set() if self.has_delete_permission(request) else {"recipient"}
        counts = {"recipients": len(objs), "messages": sent}
        return [str(of) for of in objs], counts, lacking, []

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/test/", wrap(self.test_view), name="notifications_recipient_test"),
            path("<int:pk>/secret/", wrap(self.secret_view), name="notifications_recipient_secret"),
            *super().get_urls(),
        ]

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: a test message, sent at once and once."""
        return self._acted(request, pk, lambda of, to: self._send_tests(of, [to]))

    def secret_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: another secret, at once in place of the one before."""
        return self._acted(request, pk, self._renew_secret)

    @admin.action(description="Send a test", permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Recipient]) -> None:
        chosen = list(queryset[: TESTS_MAX + 1])
        if len(chosen) > TESTS_MAX:
            messages.error(request, f"Choose {TESTS_MAX} at most: they are all waited for.")
        else:
            self._send_tests(request, chosen)

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

    def _send_tests(self, request: HttpRequest, recipients: Collection[Recipient]) -> None:
        """To all of them at once."""
        tests = [outbox.test_message(recipient) for recipient in recipients]
        for test, why in zip(tests, async_to_sync(_delivered)(tests), strict=True):
            outbox.tested(test, why)
            if why:
                messages.error(request, f"The test did not get to {test.recipient}: {why}")
            else:
                messages.success(request, f"The test was taken by {test.recipient}.")

    def _renew_secret(self, request: HttpRequest, recipient: Recipient) -> None:
        if recipient.kind != Recipient.Kind.WEBHOOK:
            messages.error(request, "E-mail is not signed.")
            return
        with transaction.atomic():  # with its entry in the audit
            recipient.secret = webhook.new_secret()
            recipient.save(update_fields=["secret"])
            self.log_change(request, recipient, "New signing secret.")
        secret_once.show_later(request, recipient)


async def _delivered(tests: Collection[Message]) -> list[str]:
    """Why each did not get there."""
    return list(await asyncio.gather(*(deliver(test) for test in tests)))


class StateFilter(admin.SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        state = self.value()
        return queryset.filter(STATES[state]) if state in STATES else queryset


@admin.register(Message)
class MessageAdmin(StrictList):
    """To be looked at; what was given up can be tried again."""

    lead = "What recipients were sent, or are to be sent, in the last 30 days."
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
        look, word, at = {
            "sent": ("live", "Sent", message.sent_at),
            "waits": ("new", "Waits", message.next_try_at),
            "given up": ("failing", "Given up", message.given_up_at),
        }[message.state]
        if message.state == "waits" and message.tries:
            look, word = "warn", "Next try"
        return format_html("{} {}", said_as(look, word), when(at, timezone.now()))

    @admin.display(description="Last error")
    def why(self, message: Message) -> str:
        return message.last_error or "–"

    @admin.action(description="Try again what was not sent", permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        outbox.try_again(queryset)
        messages.success(request, "They are sent within seconds, or tried for another day.")

    def has_retry_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("notifications.change_message")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
