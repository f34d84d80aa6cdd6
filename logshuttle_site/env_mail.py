"""The server by which notifications go out as e-mail."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import NamedTuple

from logshuttle_site.env import Env, quoted
from logshuttle_site.env_hosts import fault_of_host, host_of_mail, in_ascii

_SECURE_PORT = 465
"""TLS from the first byte on (RFC 8314 section 7.3); on all others it is begun by STARTTLS."""


class Mail(NamedTuple):
    host: str
    port: int
    user: str
    password: str
    starttls: bool
    tls: bool
    sender: str


def mail_of(env: Env) -> Mail:
    port = env.integer("EMAIL_PORT", 25, 1, 65535)
    starttls, user = env.flag("EMAIL_USE_TLS"), env.text("EMAIL_HOST_USER")
    password = env.secret("EMAIL_HOST_PASSWORD")
    if bool(user) != bool(password):
        given = "EMAIL_HOST_USER" if user else "EMAIL_HOST_PASSWORD"
        env.note(given, "logs in nobody without the other one of user and password")
    is_secure = port == _SECURE_PORT
    sender = env.text("DEFAULT_FROM_EMAIL", "logshuttle@localhost")
    if not _is_sender(sender):
        env.fault("DEFAULT_FROM_EMAIL", f"{quoted(sender)} is not an address")
    host = host_of_mail(env, "EMAIL_HOST")
    return Mail(host, port, user, password, starttls and not is_secure, is_secure, sender)


def _is_sender(text: str) -> bool:
    """`name@host` or `Name <name@host>`."""
    _, address = parseaddr(text)
    name, at, host = address.rpartition("@")
    if not at or not name or re.search(r"[\s\x00-\x1f]", address) or re.search(r"[\r\n]", text):
        return False
    return not fault_of_host(in_ascii(host)) or re.fullmatch(r"\[[^\[\]]+\]", host) is not None
