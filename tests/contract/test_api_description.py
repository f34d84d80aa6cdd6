"""`/api/schema` and `/api/docs` (docs/api.md): what they say is what the API does."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import yaml
from django.test import Client
from drf_spectacular.checks import schema_check
from jsonschema import Draft202012Validator

from drains.options.table import OPTIONS
from logshuttle_site import health
from tests.contract.conftest import Api
from tests.contract.test_drain_options_api import DEFAULTS, FULL_FILTER, GOOD, PAIR, URLS
from tests.support.house import ROOT
from tests.support.keys import new_key

APP = "/apps/gold-gs/log-drains"
Clients = Callable[[str | None], Api]


@pytest.fixture(scope="module")
def document() -> Any:
    return yaml.safe_load((ROOT / "openapi.yaml").read_text())


Holds = Callable[[str, Any], None]


@pytest.fixture
def holds(document: Any) -> Holds:
    """`holds("Drain", body)`: by the schema of that name."""

    def check(name: str, body: Any) -> None:
        whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        faults = Draft202012Validator(whole).iter_errors(body)
        assert [f"{fault.json_path}: {fault.message}" for fault in faults] == []

    return check


def test_what_is_committed_is_what_is_served(document: Any) -> None:
    served = Client().get("/api/schema")

    assert served["Content-Type"] == "application/yaml"
    assert yaml.safe_load(served.content) == document, "make openapi, and commit it"
    assert document["openapi"].startswith("3.1")


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "*/*", "yaml"),
        ("", "application/json", "json"),
        ("", "application/yaml", "yaml"),
        ("", "text/html", "yaml"),
        ("?format=json", "application/yaml", "json"),
        ("?format=yaml", "application/json", "yaml"),
    ],
)
def test_it_is_yaml_or_json(query: str, accept: str, kind: str, document: Any) -> None:
    answer = Client().get(f"/api/schema{query}", headers={"Accept": accept})

    assert answer["Content-Type"] == f"application/{kind}"
    assert yaml.safe_load(answer.content) == document


def test_another_form_is_400(with_authorization: Clients) -> None:
    assert with_authorization(None).get("/api/schema?format=xml").status_code == 400


def test_nothing_is_left_out_and_nothing_is_to_be_deployed_with_a_warning() -> None:
    assert schema_check(None) == []


def test_both_are_open_and_take_no_other_method(with_authorization: Clients) -> None:
    for key in (None, "wrong"):
        client = with_authorization(key)
        for path in ("/api/schema", "/api/docs"):
            assert client.get(path).status_code == 200
            assert client.call("HEAD", path).status_code == 200
            assert client.post(path, {}).status_code == 405


def test_the_page_loads_our_own_files_alone(with_authorization: Clients) -> None:
    page = with_authorization(None).get("/api/docs")

    text = page.content.decode()
    policy = page["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    sources = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(sources) >= 4
    assert all(re.match("/[a-z]", source) for source in sources)
    assert not re.search(r"<script>|<style|style=", text)
    for source in sources:
        with closing(Client().get(source)) as file:
            assert file.status_code == 200, source


def test_the_page_is_served_under_our_names_alone(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["logs.example"]

    assert Client(headers={"Host": "evil.example"}).get("/api/docs").status_code == 400
    assert Client(headers={"Host": "logs.example"}).get("/api/docs").status_code == 200


def test_what_is_open_is_said_to_be_and_nothing_else(
    document: Any, with_authorization: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "checks", dict)
    outsider, open_ones = with_authorization(None), set()
    for path, operations in document["paths"].items():
        concrete = re.sub(r"\{(\w+)\}", "x", path)
        for method, operation in operations.items():
            is_open = operation.get("security") == []
            status = outsider.call(method.upper(), concrete, {}).status_code
            assert (status == 401) is not is_open, (method, path)
            open_ones |= {path} if is_open else set()

    sessions = {"/log-sessions/{session_id}", "/log-sessions/{session_id}/ws"}
    assert open_ones == {*health.PROBES, *sessions, "/api/schema", "/api/docs"}


def test_a_key_is_sent_raw_or_behind_bearer(document: Any) -> None:
    assert document["security"] == [{"key": []}, {"bearer": []}]
    key = document["components"]["securitySchemes"]["key"]
    assert (key["type"], key["in"], key["name"]) == ("apiKey", "header", "Authorization")


# What is answered.


def test_drains_are_what_they_are_said_to_be(api: Api, holds: Holds, document: Any) -> None:
    headers = {"X-Key": "1"}
    full = {"url": URLS["https"], "filter": FULL_FILTER, "headers": headers, "tls": PAIR}
    plain = api.post(APP, {"url": URLS["tcp"]}).json()
    rich = api.post(APP, full).json()

    for drain in (plain, rich, *api.get(APP).json()):
        holds("Drain", drain)
        assert list(drain) == list(document["components"]["schemas"]["Drain"]["properties"])
    holds("DrainPage", api.get("/log-drains").json())
    changes = {**rich, "tls": None, "connections": 3}
    holds("DrainChanges", changes)
    holds("NewDrain", plain)
    assert api.patch(f"{APP}/{rich['id']}", changes).status_code == 200
    assert api.post("/apps/lead-gs/log-drains", plain).status_code == 201


@pytest.mark.parametrize(("url", "field", "value"), GOOD, ids=lambda each: str(each)[:30])
def test_good_options_are_allowed(url: str, field: str, value: Any, holds: Holds) -> None:
    holds("NewDrain", {"url": URLS[url], field: value})
    holds("DrainChanges", {field: None})


def test_options_have_the_defaults_that_they_have(document: Any) -> None:
    properties = document["components"]["schemas"]["NewDrain"]["properties"]

    said = {name: properties[name]["default"] for name in OPTIONS}
    assert said == {name: DEFAULTS[name] for name in OPTIONS}
    assert all(properties[name]["description"] for name in OPTIONS)


def test_sessions_and_the_overview_are_what_they_are_said_to_be(api: Api, holds: Holds) -> None:
    asked = {"app": "gold", "space": "gs", "source": "app,router", "process": ["web"], "q": None}
    holds("LogSessionRequest", asked)
    holds("LogSession", api.post("/log-sessions", asked).json())
    api.post(APP, {"url": URLS["tcp"]})
    for over in ("1h", "24h", "7d"):
        holds("Overview", api.get(f"/overview?range={over}").json())


def test_problems_are_what_they_are_said_to_be(api: Api, holds: Holds, document: Any) -> None:
    made = api.post(APP, {"url": URLS["tcp"]}).json()
    one = f"{APP}/{made['id']}"
    refusals = [
        api.post(APP, "{"),
        Api(None).get(APP),
        Api(new_key("read")).post(APP, {"url": URLS["tcp"]}),
        api.get(f"{APP}/x"),
        api.post(APP, {"url": URLS["tcp"]}),
        api.call("PATCH", one, {}, **{"If-Match": '"x"'}),
        api.post(APP, b"x" * 300_000),
        api.post(APP, {"url": "x", "fitler": {}}),
    ]

    assert [answer.status_code for answer in refusals] == [400, 401, 403, 404, 409, 412, 413, 422]
    for answer in refusals:
        holds("Problem", answer.json())
        assert (
            answer.json().keys()
            <= document["components"]["schemas"]["Problem"]["properties"].keys()
        )
    for status, said in document["components"]["responses"].items():
        example = said["content"]["application/problem+json"]["example"]
        holds("Problem", example)
        assert f"Problem{example['status']}" == status


def test_examples_are_good_ones(document: Any, holds: Holds, api: Api) -> None:
    tried = 0
    for path, operations in document["paths"].items():
        for operation in operations.values():
            content = operation.get("requestBody", {}).get("content", {})
            for part in content.values():
                for example in part["examples"].values():
                    holds(part["schema"]["$ref"].rpartition("/")[2], example["value"])
                    tried += 1
                    if path in ("/apps/{key}/log-drains", "/log-sessions"):
                        asked = path.replace("{key}", "shop-demo")
                        assert api.post(asked, example["value"]).status_code == 201
    assert tried >= 10
