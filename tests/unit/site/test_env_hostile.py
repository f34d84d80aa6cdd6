"""Whatever a variable holds, the start ends with a fault of a line or goes on; nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from logshuttle_site.env import Env, quoted
from logshuttle_site.env_hosts import allowed_hosts_of, origins_of, web_base_of
from logshuttle_site.env_kafka import kafka_hosts_of
from logshuttle_site.env_mail import mail_of
from logshuttle_site.env_redis import redis_url_of
from logshuttle_site.env_secrets import auth_keys_of
from logshuttle_site.env_values import database_of, trusted_proxies_of
from tests.support.settings_start import LINE_CHARACTERS_MAX, table

READERS: dict[str, tuple[str, Callable[[Env], object]]] = {
    "DATABASE_URL": ("database_url", database_of),
    "REDIS_URL": ("redis_url", redis_url_of),
    "KAFKA_HOSTS": ("kafka_hosts", kafka_hosts_of),
    "ALLOWED_HOSTS": ("hosts", allowed_hosts_of),
    "CSRF_TRUSTED_ORIGINS": ("hosts", lambda env: origins_of(env, "CSRF_TRUSTED_ORIGINS")),
    "SESSION_URL": ("hosts", lambda env: web_base_of(env, "SESSION_URL")),
    "DEFAULT_FROM_EMAIL": ("hosts", mail_of),
    "EMAIL_HOST": ("hosts", mail_of),
    "AUTH_KEY": ("keys", auth_keys_of),
    "TRUSTED_PROXIES": ("ranges", trusted_proxies_of),
}
ODD = "[]:/@?#%,;=&.*-_ \t\n\\'\"{}éключ0189\u2028\u00a0\u212a\uff11"
VALUES = 300


def changed(values: list[str], seed: str) -> Iterator[str]:
    """Values with letters put in, taken out and written twice."""
    chance = random.Random(seed)
    for _ in range(VALUES):
        letters = list(chance.choice(values))
        for _ in range(chance.randint(1, 4)):
            place = chance.randint(0, len(letters))
            piece = chance.choice([[], list(chance.choice(ODD)), letters[place : place + 5]])
            letters[place : place + chance.randint(0, 1)] = piece
        yield "".join(letters)


@pytest.mark.parametrize("name", READERS)
def test_whatever_a_value_is_it_is_a_fault_or_taken(name: str) -> None:
    kind, read = READERS[name]
    refused, taken = table(kind)
    for value in changed([row.partition("=")[2] or row for row in refused + taken], name):
        env = Env({name: value})
        read(env)
        for fault in env.faults:
            assert fault.startswith(f"{name}: "), value
            assert fault.isprintable(), value
            assert len(fault) < LINE_CHARACTERS_MAX, value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://u:s3cr3t@a", "'https://***@a'"),
        ("https://u:s3/cr 3t@@a", "'https://***@a'"),
        ("u:s3cr3t\n@a", "'***@a'"),
        ("x" * 1000, f"'{'x' * 160}…'"),
        ("plain", "'plain'"),
    ],
)
def test_no_message_says_who_stands_before_a_host(text: str, shown: str) -> None:
    assert quoted(text) == shown
