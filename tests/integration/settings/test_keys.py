"""Keys: refused at the start in a line, or a request that hangs on them succeeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from tests.contract.conftest import Api
from tests.support.settings_start import assert_each, assert_refused, faults_of, started, table
from tests.support.shuttle import served

pytestmark = pytest.mark.slow

REFUSED, TAKEN = table("keys")
NO_KAFKA = "127.0.0.1:1"
DRAINS = "/apps/gold-gs/log-drains"


def split(row: str) -> tuple[str, str]:
    r"""Name and value; \n and the like are what they are in Python."""
    name, _, value = row.partition("=")
    return name, value.encode("latin-1", "backslashreplace").decode("unicode_escape")


def values_of(name: str) -> list[str]:
    return [value for each, value in map(split, TAKEN) if each == name]


def test_keys_that_nobody_can_use_are_refused() -> None:
    assert_each(REFUSED, lambda row: assert_refused(*split(row)))


def test_auth_keys_that_are_taken_open_the_api(tmp_path: Path) -> None:
    """All of them in one process, but for those with a comma, which AUTH_KEY alone may have."""
    keys = [value.strip() for value in values_of("AUTH_KEY")]
    with_comma, *_ = sorted(keys, key=lambda key: "," not in key)
    assert_each(keys, lambda key: _is_read(key))
    fallbacks = ",".join(key for key in keys if "," not in key)
    environ = {"AUTH_KEY": with_comma, "AUTH_KEY_FALLBACKS": fallbacks, "RATE_LIMITS": "off"}
    with served(tmp_path, NO_KAFKA, environ) as shuttle:

        def opens(key: str) -> None:
            # As curl sends it: the bytes that the terminal has for it.
            answer = httpx.get(
                f"{shuttle.api.base_url}{DRAINS}", headers={b"Authorization": key.encode()}
            )
            assert answer.status_code == 200, answer.text

        assert_each(keys, opens)


def _is_read(key: str) -> None:
    assert started({"AUTH_KEY": key})["AUTH_KEY"] == key


@pytest.mark.django_db
def test_secret_keys_that_are_taken_let_operators_in(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    operator = get_user_model().objects.create_superuser("op", password="a right password")

    def lets_in(value: str) -> None:
        settings.SECRET_KEY = started({"SECRET_KEY": value})["SECRET_KEY"]
        client = Client()
        client.force_login(operator, "django.contrib.auth.backends.ModelBackend")
        assert client.get("/admin/").status_code == 200

    assert_each(values_of("SECRET_KEY"), lets_in)


@pytest.mark.django_db
def test_field_keys_that_are_taken_encrypt(settings: Any) -> None:
    def encrypt(value: str) -> None:
        cache.clear()
        settings.FIELD_ENCRYPTION_KEYS = started({"FIELD_ENCRYPTION_KEYS": value})[
            "FIELD_ENCRYPTION_KEYS"
        ]
        api = Api("key-of-the-tests")
        made = api.post(DRAINS, {"url": "https://u:pw@h.example/logs"})
        assert made.status_code == 201, made.content
        found = api.get(f"{DRAINS}/{made.json()['id']}")
        assert found.json()["url"] == "https://u:pw@h.example/logs"
        assert api.delete(f"{DRAINS}/{made.json()['id']}").status_code == 200

    assert_each(values_of("FIELD_ENCRYPTION_KEYS"), encrypt)


@pytest.mark.parametrize("name", ["AUTH_KEY", "REDIS_URL", "DATABASE_URL", "KAFKA_CONF_x"])
@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file"), (b"", "is empty"), (b" \n", "is empty"), (b"\xff\x80", "not text")],
)
def test_a_secret_file_that_holds_none_is_refused(
    name: str, content: bytes | None, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    unset = {name: ""} if name == "AUTH_KEY" else {}
    faults = faults_of({**unset, f"{name}_FILE": str(file)})
    assert len(faults) == 1
    assert faults[0].startswith(f"{name}_FILE: ")
    assert why in faults[0]


def test_a_secret_file_may_begin_as_windows_has_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xef\xbb\xbfkey\r\n")
    assert started({"AUTH_KEY": "", "AUTH_KEY_FILE": f"{tmp_path}/secret"})["AUTH_KEY"] == "key"
