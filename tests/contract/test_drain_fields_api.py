"""What a drain cannot be: odd keys, bad URLs and names, twins, too many."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Api, is_problem

URL = "syslog://logs.example.com:514"
APP = "/apps/gold-gs/log-drains"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "required"),
        ("nonsense", "scheme"),
        ("ftp://h:1", "scheme"),
        ("syslog://:514", "no host"),
        ("syslog://h", "port"),
        ("syslog://h:0", "port"),
        ("syslog://h:65536", "port"),
        ("syslog://h:x", "port"),
        ("tcp://h:514", "tcp:// is syslog:// here"),
        ("https://user:p@ss#1@h/", "in a password write # as %23"),
        ("syslog://h:514/path", "end after its port"),
        ("syslog://h:514?x=1", "end after its port"),
        ("syslog://user:pass@h:514", "user or a password"),
        ("https://h/#fragment", "#fragment"),
        ("syslog://h :514", "space"),
        ("syslog://h\n:514", "control character"),
        ("syslog://h\t:514", "control character"),
        ("https://h\\evil/", "backslash"),
        ("https://bücher.example/", "ASCII"),
        ("https://[::1", "address"),
        ("https://h/" + "x" * 2048, "2048"),
    ],
)
def test_a_bad_url_is_422_and_says_what_is_wrong(url: str, said: str, api: Api) -> None:
    body = is_problem(api.post(APP, {"url": url}), 422)

    (error,) = body["errors"]
    assert error["field"] == "url"
    assert said in error["detail"]


@pytest.mark.parametrize("fields", [{}, {"url": None}, {"url": 5}, {"url": ["x"]}, {"url": True}])
def test_a_url_that_is_no_text_is_422(fields: dict[str, Any], api: Api) -> None:
    assert is_problem(api.post(APP, fields), 422)["errors"][0]["field"] == "url"


@pytest.mark.parametrize(
    "key",
    ["gold-", "-gs", "-", "gold-GS", "gold-g%20s", "gold-_x", "go%0Ald-gs", "gold-" + "s" * 300],
)
def test_a_key_that_no_line_can_have_is_422(key: str, api: Api) -> None:
    for answer in (
        api.post(f"/apps/{key}/log-drains", {"url": URL}),
        api.get(f"/apps/{key}/log-drains"),
    ):
        is_problem(answer, 422)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/apps/a-", "app"),
        ("/apps/a-B", "space"),
        ("/apps/a-b%00", "space"),
        ("/apps/a%20a-b", "app"),
        (f"/apps/{'a' * 256}-b", "app"),
        (f"/sites/{'a' * 256}", "site"),
        ("/sites/a%20b", "site"),
        ("/sites/a%00", "site"),
    ],
)
def test_an_odd_app_space_or_site_is_named(path: str, field: str, api: Api) -> None:
    body = is_problem(api.post(f"{path}/log-drains", {"url": URL}), 422)

    assert body["errors"][0]["field"] == field


@pytest.mark.parametrize("name", [1, [], "n" * 101, "a\nb", "a\0"])
def test_a_bad_name_is_422(name: object, api: Api) -> None:
    body = is_problem(api.post(APP, {"url": URL, "name": name}), 422)

    assert [error["field"] for error in body["errors"]] == ["name"]


def test_all_wrong_fields_are_told_at_once(api: Api) -> None:
    body = is_problem(api.post(APP, {"url": 1, "name": 2}), 422)

    assert {error["field"] for error in body["errors"]} == {"url", "name"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (URL, URL),
        (URL, "syslog+tcp://LOGS.example.com:514"),
        ("https://h.example", "https://h.example:443/"),
        ("syslog+tls://h:1514", "syslog+ssl://h:1514"),
    ],
)
def test_the_same_url_twice_is_409_and_names_the_twin(first: str, second: str, api: Api) -> None:
    twin = api.post(APP, {"url": first}).json()

    body = is_problem(api.post(APP, {"url": second}), 409)

    assert body["id"] == twin["id"]
    assert twin["id"] in body["message"]
    assert api.post("/apps/bold-gs/log-drains", {"url": second}).status_code == 201


def test_changing_a_url_to_a_twins_is_409_too(api: Api) -> None:
    twin = api.post(APP, {"url": URL}).json()
    other = api.post(APP, {"url": "syslog://h:1514"}).json()

    assert is_problem(api.patch(f"{APP}/{other['id']}", {"url": URL}), 409)["id"] == twin["id"]
    assert api.get(f"{APP}/{other['id']}").json() == other


def test_an_app_may_not_have_any_number_of_drains(api: Api, settings: Any) -> None:
    settings.MAX_DRAINS_PER_APP = 2
    for port in (1514, 2514):
        assert api.post(APP, {"url": f"syslog://h:{port}"}).status_code == 201

    assert (
        "2 drains already" in is_problem(api.post(APP, {"url": "syslog://h:3514"}), 422)["message"]
    )
