"""Secrets that are planted, each unlike anything else, and where they are met again."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import psutil
import psycopg2

USER = "us"
SHOWN_TO_AUTH_KEY = ("url", "headers")


class Canaries:
    """By what each is: `canaries["AUTH_KEY"]` makes one the first time. New kinds need no more."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __getitem__(self, kind: str) -> str:
        """A random text that every rule takes: letters and digits."""
        return self._known.setdefault(kind, f"canary{secrets.token_hex(16)}")

    def add(self, kind: str, secret: str) -> str:
        """One that is made elsewhere."""
        self._known[kind] = secret
        return secret

    def kinds(self) -> set[str]:
        return set(self._known)

    def met_in(self, text: str) -> set[str]:
        """The kinds of those that are in it, however they are spelled there."""
        return {
            kind for kind, secret in self._known.items() if any(f in text for f in forms(secret))
        }


def forms(secret: str) -> Iterator[str]:
    """As it is, percent-encoded, in JSON, behind a user in Basic authorization."""
    yield secret
    yield quote(secret, safe="")
    yield json.dumps(secret)[1:-1]
    yield base64.b64encode(f"{USER}:{secret}".encode()).decode().rstrip("=")


@dataclass(frozen=True)
class Answer:
    """What somebody was sent."""

    what: str
    """Method, path and status."""
    text: str


class Ears:
    """Hears all that clients are answered: give `hear` to httpx as a hook."""

    def __init__(self, auth_key: str) -> None:
        self.answers: list[Answer] = []
        self._auth_key = auth_key

    def hear(self, response: httpx.Response) -> None:
        response.read()
        request = response.request
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        what = f"{request.method} {request.url.path} {response.status_code}"
        self.answers.append(Answer(what, f"{headers}\n\n{self._text_of(response)}"))

    def _text_of(self, response: httpx.Response) -> str:
        """AUTH_KEY's clients are shown a drain's URL and headers as they were given, in members of
        these names; nobody else, and nowhere else."""
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        if not is_json or response.request.headers.get("Authorization") != self._auth_key:
            return response.text
        return json.dumps(_left(response.json()))


def _left(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _left(of) for name, of in value.items() if name not in SHOWN_TO_AUTH_KEY}
    return [_left(each) for each in value] if isinstance(value, list) else value


def command_lines() -> str:
    """Of all processes under this one."""
    children = psutil.Process().children(recursive=True)
    return "\n".join(" ".join(line) for child in children if (line := _line_of(child)))


def _line_of(process: psutil.Process) -> list[str]:
    try:
        found: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return found


def rows_of_postgres(url: str) -> str:
    """All of a database, as text."""
    found = []
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)
