"""A webhook's signature and body, as receivers judge them; its URL, as people are shown it."""

from __future__ import annotations

import json
import time
import uuid

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from logshuttle_site.notifications import webhook

AT = "2026-11-27T12:00:00.000Z"


def test_a_message_is_signed_as_standard_webhooks_are() -> None:
    secret, message_id = webhook.new_secret(), f"msg_{uuid.uuid4().hex}"
    body = webhook.body_of("test", AT, {"text": "grün"})
    now = int(time.time())
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": webhook.signature(secret, message_id, now, body),
    }
    assert Webhook(secret).verify(body, headers) == json.loads(body)
    for wrong in (body + b" ", b"{}"):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(wrong, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook.new_secret()).verify(body, headers)


def test_the_signature_is_the_one_of_the_specification() -> None:
    """Its own example."""
    signed = webhook.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_are_never_the_same() -> None:
    assert len({webhook.new_secret() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.slack.com/services/T00/B00/XXXX", "https://hooks.slack.com:443/***"),
        ("http://me:pw@[2001:db8::1]:8080/?key=1", "http://[2001:db8::1]:8080/***"),
        ("https://alerts.example", "https://alerts.example:443/"),
    ],
)
def test_what_may_be_secret_in_a_url_is_not_shown(url: str, shown: str) -> None:
    assert webhook.shown(webhook.destination_of(url)) == shown


@pytest.mark.parametrize("url", ["syslog://logs.example:514", "ftp://x/", "hooks.example", ""])
def test_only_http_is_a_webhook(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        webhook.destination_of(url)
