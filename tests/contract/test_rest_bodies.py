"""JSON in and out, whatever a client says of types."""

from __future__ import annotations

import pytest

from tests.contract.conftest import Api, is_problem

URL = "syslog://logs.example.com:514"
APP = "/apps/gold-gs/log-drains"


@pytest.mark.parametrize(
    "body", ["", "{", "nonsense", "[]", '"x"', "5", "null", '{"url": NaN}', "[" * 100_000, b"\xff"]
)
def test_a_body_that_is_no_json_object_is_400(body: str | bytes, api: Api) -> None:
    is_problem(api.post(APP, body), 400)
    assert api.get(APP).json() == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "null",
        "[]",
        "url=syslog://h:1514",
        '{"url": "syslog://h:1514"} {}',
        '{"url": "\\ud800"}',
        b'{"url": "\xff"}',
        '{"a":' * 40_000,
        '{"url": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"url": Infinity}',
    ],
    ids=lambda body: repr(body[:20]),
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_body_that_is_no_json_object_changes_nothing(
    method: str, body: str | bytes, api: Api
) -> None:
    made = api.post(APP, {"url": URL}).json()
    path = APP if method == "POST" else f"{APP}/{made['id']}"

    is_problem(api.call(method, path, body), 400)
    assert api.get(APP).json() == [made]


@pytest.mark.parametrize(
    "body",
    [
        f'{{"url": "{URL}", "url": "syslog://h:1514"}}',
        f'{{"url": "{URL}", "filter": {{"include": "a", "include": "b"}}}}',
        f'{{"url": "{URL}", "headers": {{"X-A": "1", "X-A": "2"}}}}',
        f'{{"url": "{URL}", "\\u0075rl": "{URL}"}}',
    ],
)
def test_a_name_that_is_given_twice_is_400(body: str, api: Api) -> None:
    made = api.post(APP, {"url": "syslog://h:2514"}).json()

    assert "stands twice" in is_problem(api.post(APP, body), 400)["message"]
    assert (
        "stands twice" in is_problem(api.call("PATCH", f"{APP}/{made['id']}", body), 400)["message"]
    )
    assert "stands twice" in is_problem(api.post("/log-sessions", body), 400)["message"]
    assert api.get(APP).json() == [made]


def test_a_bom_before_a_body_is_no_fault(api: Api) -> None:
    bom = "\ufeff"

    made = api.post(APP, f'{bom}{{"url": "{URL}"}}')

    assert made.status_code == 201
    assert (
        api.call("PATCH", f"{APP}/{made.json()['id']}", f'{bom}{{"name": "n"}}').status_code == 200
    )
    assert api.post("/log-sessions", f'{bom}{{"app": "a", "space": "b"}}').status_code == 201
    is_problem(api.post(APP, bom), 400)
    is_problem(api.post(APP, f'{bom}{bom}{{"url": "{URL}"}}'), 400)


def test_a_large_body_is_413(api: Api) -> None:
    is_problem(api.post(APP, b"x" * (256 * 1024 + 1)), 413)


def test_a_large_patch_is_413(api: Api) -> None:
    made = api.post(APP, {"url": URL}).json()

    is_problem(api.patch(f"{APP}/{made['id']}", {"name": "n" * 256 * 1024}), 413)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "x/y", ""])
def test_a_body_is_json_whatever_its_type_says(kind: str, api: Api) -> None:
    assert api.post(APP, {"url": URL}, content_type=kind).status_code == 201


@pytest.mark.parametrize("kind", ["nonsense", "multipart/form-data", "text/plain; charset=x"])
def test_a_type_that_is_none_does_no_harm(kind: str, api: Api) -> None:
    assert api.post(APP, {"url": URL}, content_type=kind).status_code == 201


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", "nonsense", ""])
def test_an_answer_is_json_whatever_is_accepted(accept: str, api: Api) -> None:
    made = api.call("POST", APP, {"url": URL}, Accept=accept)

    assert made.status_code == 201
    assert made["Content-Type"] == "application/json"
    assert api.get(f"{APP}?format=xml", Accept=accept).json() == [made.json()]
    is_problem(api.get(f"{APP}/x", Accept=accept), 404)
