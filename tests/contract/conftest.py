"""The cast of the REST tests: an operator with the key, an outsider without."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

from logshuttle_site.access import known_keys

KEY = "key-of-the-tests"  # as tests/support/django_env.py sets it

Call = Callable[..., Any]


class Api:
    """Django's test client, speaking JSON. A `body` that is no str or bytes is encoded."""

    def __init__(self, authorization: str | None) -> None:
        headers = {} if authorization is None else {"Authorization": authorization}
        self._client = Client(headers=headers, raise_request_exception=False)

    def call(self, method: str, path: str, body: Any = b"", **headers: str) -> Any:
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        kind = headers.pop("content_type", "application/json")
        return self._client.generic(method, path, data, kind, headers=headers or None)

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = b"", **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any) -> Any:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self.call("DELETE", path)


def is_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["message"] == body["detail"] != ""
    assert {"type", "title"} <= body.keys()
    return body


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_looked_for_once() -> Iterator[None]:
    """Each client of a test has the middleware anew, which lists some hundred files."""
    look, found = WhiteNoiseMiddleware.add_files_from_finders, dict[str, Any]()

    def look_once(middleware: WhiteNoiseMiddleware) -> None:
        if not found:
            look(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", look_once)
        yield


@pytest.fixture(autouse=True)
def _nobody_has_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """All tests are one client, which may ask for nothing too often; and no key is known from the
    test before."""
    cache.clear()
    monkeypatch.setattr(known_keys, "_kept", known_keys.KeptKeys())


@pytest.fixture
def api(db: None) -> Api:
    return Api(KEY)


@pytest.fixture
def with_authorization(db: None) -> Callable[[str | None], Api]:
    return Api


@pytest.fixture
def operator(db: None) -> Client:
    """Who has logged in to the admin and may do everything there."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("operator"))
    return client
