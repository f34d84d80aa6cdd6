"""A message as e-mail, by the server that the settings name."""

from __future__ import annotations

import json
import smtplib
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage

from drains.delivery.network.errors import DeliveryError, explain

SUBJECT_CHARACTERS_MAX = 120
NO_SERVER = "no e-mail can be sent: EMAIL_HOST is not set (docs/configuration.md)"


def send(address: str, kind: str, message_id: str, data: dict[str, Any]) -> None:
    """Raises DeliveryError."""
    if not settings.EMAIL_HOST:
        raise DeliveryError(NO_SERVER)
    text = str(data["text"])
    facts = {name: value for name, value in data.items() if name != "text"}
    shown = [f"{name}: {_plain(value)}" for name, value in facts.items()]
    message = EmailMessage(
        subject=_subject(text),
        body="\n".join([text, "", *shown, "", f"({kind})"]),
        to=[address],
        headers={"X-Logshuttle-Event": kind, "X-Logshuttle-Message": message_id},
    )
    try:
        message.send()
    except smtplib.SMTPException as error:
        raise DeliveryError(f"the e-mail server refuses: {_said(error)}") from error
    except OSError as error:
        raise DeliveryError(explain(error)) from error


def _subject(text: str) -> str:
    line = " ".join(text.split())
    cut = line if len(line) <= SUBJECT_CHARACTERS_MAX else f"{line[:SUBJECT_CHARACTERS_MAX]}…"
    return f"[Log shuttle] {cut}"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _said(error: smtplib.SMTPException) -> str:
    """Without the credentials that a server may repeat."""
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__}{f' {code}' if code else ''}"
