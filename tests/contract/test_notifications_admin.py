"""Recipients of notifications, and what was sent, in the admin."""

from __future__ import annotations

import asyncio
import re
import smtplib
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook

from logshuttle_site.notifications import outbox
from logshuttle_site.notifications.kinds import TEST, WISHES
from logshuttle_site.notifications.models import STATES, Message, Recipient
from tests.support.http_receiver import HANG, Answer
from tests.support.receiving import HttpReceivers

LIST, MESSAGES = "/admin/notifications/recipient/", "/admin/notifications/message/"
URL = "https://hooks.example/services/T0P-S3CRET?key=K3Y"
SHOWN = "https://hooks.example:443/***"
ALL = {"kind": "webhook", "events": list(WISHES), "minutes": "5", "enabled": "on"}
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


def add(client: Client, address: str = URL, **changes: Any) -> Any:
    return client.post(f"{LIST}add/", {**ALL, "new_address": address, **changes}, follow=True)


def change(client: Client, recipient: Recipient, **changes: Any) -> Any:
    path = f"{LIST}{recipient.pk}/change/"
    return client.post(path, {**ALL, "new_address": "", **changes}, follow=True)


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    page: str = answer.content.decode()
    return page.replace("&#x27;", "'").replace("&quot;", '"')


@pytest.fixture
def recipient(operator: Client) -> Recipient:
    add(operator)
    operator.get(LIST)  # what was said has been read
    return Recipient.objects.get()


def test_a_webhook_gets_a_secret_that_is_shown_once(operator: Client) -> None:
    page = text_of(add(operator))
    recipient = Recipient.objects.get()
    (secret,) = SECRET.findall(page)
    assert recipient.secret.reveal() == secret  # type: ignore[attr-defined]
    assert recipient.address.reveal() == URL  # type: ignore[attr-defined]
    assert recipient.minutes == 5
    for path in (LIST, f"{LIST}{recipient.pk}/change/", f"{LIST}{recipient.pk}/history/"):
        page = text_of(operator.get(path))
        assert SHOWN in page
        assert not any(word in page for word in ("whsec_", "S3CRET", "K3Y"))


def test_a_secret_that_is_still_to_be_shown_lies_nowhere(operator: Client) -> None:
    """Sessions lie in the database as they are, and messages in cookies."""
    form = {**ALL, "new_address": URL}
    answer = operator.post(f"{LIST}add/", form)
    assert "whsec_" not in str(dict(operator.session.items()))
    assert "whsec_" not in str(operator.cookies)
    assert "whsec_" not in text_of(operator.get(LIST)), "but on its own page alone"
    assert len(SECRET.findall(text_of(operator.get(answer.headers["Location"])))) == 1
    assert "whsec_" not in text_of(operator.get(answer.headers["Location"]))
    assert "whsec_" not in str(operator.cookies)


def test_a_secret_is_shown_to_who_made_it_alone(operator: Client, admin_client: Client) -> None:
    page = operator.post(f"{LIST}add/", {**ALL, "new_address": URL}).headers["Location"]
    assert "whsec_" not in text_of(admin_client.get(page))
    assert "whsec_" in text_of(operator.get(page))


def test_a_database_does_not_tell_where_messages_go(recipient: Recipient) -> None:
    row = Recipient.objects.values("address", "secret", "shown").get()
    assert "S3CRET" not in str(row)
    assert "whsec" not in str(row)


def test_what_is_left_empty_is_kept(operator: Client, recipient: Recipient) -> None:
    before = Recipient.objects.get()
    change(operator, recipient, minutes="0", events=["drains.failing"])
    after = Recipient.objects.get()
    assert (after.minutes, after.events) == (0, ["drains.failing"])
    assert after.address.reveal() == before.address.reveal()  # type: ignore[attr-defined]
    assert after.secret.reveal() == before.secret.reveal()  # type: ignore[attr-defined]
    assert "all but" in text_of(operator.get(LIST))


def test_another_secret_takes_the_place_of_the_first(
    operator: Client, recipient: Recipient
) -> None:
    before = Recipient.objects.get().secret.reveal()  # type: ignore[attr-defined]
    page = text_of(operator.post(f"{LIST}{recipient.pk}/secret/", follow=True))
    (secret,) = SECRET.findall(page)
    assert secret != before
    assert Recipient.objects.get().secret.reveal() == secret  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"new_address": ""}, "Give an address of this kind."),
        ({"new_address": "syslog://logs.example:514"}, "a webhook's URL begins with https://"),
        ({"new_address": "https://127.0.0.1:9/"}, "refused by policy"),
        ({"new_address": "https://hooks.example/***"}, "give it whole"),
        ({"new_address": "https://a b/"}, "contains a space"),
        ({"events": []}, "This field is required."),
        ({"minutes": "1441"}, "less than or equal to 1440"),
        ({"minutes": "-1"}, "greater than or equal to 0"),
        ({"kind": "pigeon"}, "not one of the available choices"),
        ({"kind": "email", "new_address": "op@example.com"}, "EMAIL_HOST is not set"),
    ],
)
def test_what_cannot_be_is_refused(operator: Client, changes: Any, why: str) -> None:
    assert why in text_of(add(operator, **changes))
    assert not Recipient.objects.exists()


def test_an_e_mail_address_is_one(operator: Client, settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example"
    assert "valid email" in text_of(add(operator, "nobody", kind="email"))
    add(operator, "op@example.com", kind="email")
    recipient = Recipient.objects.get()
    assert (recipient.shown, recipient.secret) == ("op@example.com", "")


def test_one_that_can_be_sent_nothing_any_more_can_be_switched_off(
    operator: Client, settings: Any
) -> None:
    settings.EMAIL_HOST = "mail.example"
    add(operator, "op@example.com", kind="email")
    settings.EMAIL_HOST = ""
    email = Recipient.objects.get()
    change(operator, email, kind="email", minutes="7")
    assert Recipient.objects.get().minutes == 7
    change(operator, email, kind="email", enabled="")
    assert not Recipient.objects.get().enabled
    for changes in ({"enabled": "on"}, {"enabled": "", "new_address": "b@example.com"}):
        page = text_of(change(operator, email, kind="email", **changes))
        assert "EMAIL_HOST is not set" in page
    assert not Recipient.objects.get().enabled


# The test.


def test_a_test_is_sent_at_once_and_signed(
    operator: Client, http_receiver: HttpReceivers, settings: Any
) -> None:
    settings.DRAIN_ALLOWED_CIDRS = ["127.0.0.0/8"]
    sink = http_receiver()
    (secret,) = SECRET.findall(text_of(add(operator, f"{sink.url}hook?key=1")))
    recipient = Recipient.objects.get()
    page = text_of(operator.post(f"{LIST}{recipient.pk}/test/", follow=True))
    assert f"The test was taken by http://127.0.0.1:{sink.port}/***." in page
    assert "Sent</span> <time" in page
    (request,) = sink.requests()
    assert (request.method, request.path) == ("POST", "/hook?key=1")
    assert request.headers["content-type"] == "application/json"
    body = Webhook(secret).verify(request.body, dict(request.headers))
    assert (body["type"], body["data"]["text"][:14]) == (TEST, "This is a test")
    assert body["timestamp"].endswith("Z")
    message = Message.objects.get()
    assert (message.state, message.tries) == ("sent", 1)
    assert request.headers["webhook-id"] == f"msg_{message.pk.hex}"


def test_a_test_that_fails_says_why_and_is_not_retried(
    operator: Client, http_receiver: HttpReceivers, settings: Any
) -> None:
    settings.DRAIN_ALLOWED_CIDRS = ["127.0.0.0/8"]
    sink = http_receiver()
    add(operator, f"{sink.url}services/T0P-S3CRET")
    sink.answer(Answer(404, body="no /services/T0P-S3CRET here"))
    recipient = Recipient.objects.get()
    page = text_of(operator.post(f"{LIST}{recipient.pk}/test/", follow=True))
    assert "The test did not get to" in page
    assert "HTTP 404" in page
    assert "S3CRET" not in page
    assert Message.objects.get().state == "given up"
    assert "HTTP 404" in text_of(operator.get(LIST))


def test_a_test_does_not_wait_for_ever(
    operator: Client,
    http_receiver: HttpReceivers,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.DRAIN_ALLOWED_CIDRS = ["127.0.0.0/8"]
    monkeypatch.setattr("logshuttle_site.notifications.webhook.ANSWER_SECONDS", 0.3)
    sink = http_receiver()
    sink.answer(then=HANG)
    add(operator, sink.url)
    path = f"{LIST}{Recipient.objects.get().pk}/test/"
    assert "timed out: no answer" in text_of(operator.post(path, follow=True))


def test_a_test_goes_where_drains_may_go_alone(
    operator: Client, http_receiver: HttpReceivers, settings: Any
) -> None:
    settings.DRAIN_ALLOWED_CIDRS = ["127.0.0.0/8"]
    sink = http_receiver()
    add(operator, sink.url)
    settings.DRAIN_ALLOWED_CIDRS = []
    path = f"{LIST}{Recipient.objects.get().pk}/test/"
    assert "refused by policy" in text_of(operator.post(path, follow=True))
    assert sink.requests() == []


def some(count: int) -> list[Recipient]:
    return Recipient.objects.bulk_create(
        Recipient(address=f"https://h{n}.example/", shown=f"h{n}", secret="x") for n in range(count)
    )


def chosen(*recipients: Recipient) -> dict[str, Any]:
    return {"action": "send_test", "_selected_action": [of.pk for of in recipients]}


def test_several_are_tested_at_once_and_told_of_when_that_is_over(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that hangs holds up no other, and nobody has been given up before it is tried."""
    all_under_way, stored = asyncio.Barrier(3), []

    async def deliver(message: Message) -> str:
        async with asyncio.timeout(10):
            await all_under_way.wait()
        stored.append(await sync_to_async(Message.objects.count)())
        return "" if message.recipient.shown == "h1" else "refused"

    monkeypatch.setattr("logshuttle_site.notifications.admin.deliver", deliver)
    page = text_of(operator.post(LIST, chosen(*some(3)), follow=True))
    assert stored == [0] * 3
    states = {of.recipient.shown: of.state for of in Message.objects.select_related("recipient")}
    assert states == {"h0": "given up", "h1": "sent", "h2": "given up"}
    assert "The test did not get to h0: refused" in page
    assert "The test was taken by h1." in page


def test_not_all_are_tested_at_once(operator: Client) -> None:
    page = text_of(operator.post(LIST, chosen(*some(11)), follow=True))
    assert "Choose 10 at most" in page
    assert not Message.objects.exists()


def test_one_that_is_deleted_while_it_is_tested_leaves_nothing(transactional_db: None) -> None:
    (recipient,) = some(1)
    test = outbox.test_message(recipient)
    Recipient.objects.all().delete()
    outbox.tested(test, "refused")
    assert not Message.objects.exists()


def test_an_e_mail_says_it_all(operator: Client, settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example"
    settings.DEFAULT_FROM_EMAIL = "shuttle@example.com"
    add(operator, "op@example.com", kind="email")
    path = f"{LIST}{Recipient.objects.get().pk}/test/"
    assert "was taken by op@example.com" in text_of(operator.post(path, follow=True))
    (sent,) = mail.outbox
    assert (sent.to, sent.from_email) == (["op@example.com"], "shuttle@example.com")
    assert sent.subject.startswith("[Log shuttle] This is a test")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(111, "no"), "connection refused"),
        (
            smtplib.SMTPAuthenticationError(535, b"me:pw is wrong"),
            "the e-mail server refuses: SMTPAuthenticationError 535",
        ),
    ],
)
def test_an_e_mail_server_that_fails_is_told(
    operator: Client,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    said: str,
) -> None:
    settings.EMAIL_HOST = "mail.example"
    add(operator, "op@example.com", kind="email")

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr("django.core.mail.EmailMessage.send", fail)
    path = f"{LIST}{Recipient.objects.get().pk}/test/"
    page = text_of(operator.post(path, follow=True))
    assert said in page
    assert "me:pw" not in page


def test_a_test_is_a_post_of_who_may_change_it(operator: Client, recipient: Recipient) -> None:
    path = f"{LIST}{recipient.pk}/test/"
    assert operator.get(path).status_code == 405
    assert operator.post(f"{LIST}999/test/").status_code == 404
    onlooker = Client()
    user = User.objects.create_user("onlooker", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    onlooker.force_login(user)
    assert onlooker.post(path).status_code == 403
    assert onlooker.post(f"{LIST}{recipient.pk}/secret/").status_code == 403
    assert "Send a test" not in text_of(onlooker.get(f"{LIST}{recipient.pk}/change/"))
    assert SHOWN in text_of(onlooker.get(LIST))
    assert onlooker.post(f"{LIST}add/", {**ALL, "new_address": URL}).status_code == 403
    assert Client().get(LIST).status_code == 302


def test_an_address_that_cannot_be_read_is_said(
    operator: Client, recipient: Recipient, settings: Any
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
    page = text_of(operator.post(f"{LIST}{recipient.pk}/test/", follow=True))
    assert "its address cannot be read: FIELD_ENCRYPTION_KEYS lacks the key" in page


# What was sent.


def messages_of(recipient: Recipient) -> tuple[Message, Message]:
    now = timezone.now()
    facts = {"lines": 3, "reasons": {"retention": 3}, "since": "2026-11-27T12:00:00Z"}
    made = [outbox.new(recipient, f"k{n}", "lines.lost", [facts], now) for n in range(2)]
    sent, given_up = Message.objects.bulk_create(made)
    outbox.sent(sent)
    outbox.give_up(given_up, "<b>HTTP 500</b>")
    return sent, given_up


def test_messages_are_looked_at_alone(operator: Client, recipient: Recipient) -> None:
    messages_of(recipient)
    page = text_of(operator.get(MESSAGES))
    for said in ("3 lines lost since 2026-11-27", "lines.lost", SHOWN, "Given up"):
        assert said in page
    assert "&lt;b&gt;HTTP 500" in page
    assert operator.get(f"{MESSAGES}add/").status_code == 403
    assert text_of(operator.get(f"{MESSAGES}?state=sent")).count("</tr>") == 2
    assert text_of(operator.get(f"{MESSAGES}?state=given+up")).count("</tr>") == 2
    assert "No messages match" in text_of(operator.get(f"{MESSAGES}?state=waits"))
    assert operator.get(f"{MESSAGES}?state=lost").status_code == 400
    assert "What recipients were sent" in page


def test_a_state_is_the_same_for_a_message_and_for_a_list(recipient: Recipient) -> None:
    now = timezone.now()
    Message.objects.bulk_create([outbox.new(recipient, "k9", TEST, [{}], now)])
    messages_of(recipient)
    for state, of_state in STATES.items():
        assert [message.state for message in Message.objects.filter(of_state)] == [state]


def test_lists_say_what_they_are_of(operator: Client) -> None:
    assert "Who is told of what" in text_of(operator.get(LIST))


def test_what_was_given_up_can_be_tried_again(operator: Client, recipient: Recipient) -> None:
    sent, given_up = messages_of(recipient)
    ids = [str(sent.pk), str(given_up.pk)]
    chosen = {"action": "try_again", "_selected_action": ids}
    page = text_of(operator.post(MESSAGES, chosen, follow=True))
    assert "sent within seconds" in page
    states = {message.pk: message.state for message in Message.objects.all()}
    assert states == {sent.pk: "sent", given_up.pk: "waits"}


def test_a_recipient_goes_with_what_it_was_sent(operator: Client, recipient: Recipient) -> None:
    messages_of(recipient)
    page = text_of(operator.get(f"{LIST}{recipient.pk}/delete/"))
    assert "Messages: 2" in page
    assert "3 lines lost" not in page, "they may be thousands"
    operator.post(f"{LIST}{recipient.pk}/delete/", {"post": "yes"})
    assert not Recipient.objects.exists()
    assert not Message.objects.exists()


def test_pages_have_nothing_of_their_own_that_runs(operator: Client, recipient: Recipient) -> None:
    messages_of(recipient)
    for path in (LIST, f"{LIST}add/", f"{LIST}{recipient.pk}/change/", MESSAGES):
        page = operator.get(path).content.decode()
        assert not re.search(r"<style|<script(?![^>]*\bsrc=)(?![^>]*json)|\sstyle=|\son\w+=", page)
