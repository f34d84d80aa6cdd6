"""What the routes of drains do, by path and method."""

from __future__ import annotations

from typing import Any, get_args

from drains import searching
from drains.all_drains import ON_A_PAGE, ON_A_PAGE_MAX
from drains.states import State
from drains.transports import SCHEMES
from logshuttle_site.openapi.words import Part, answer, array, body, links, problems, query, ref

_NEW: dict[str, Part] = {
    "syslog_over_TLS": {"url": "syslog+tls://logs.example.com:6514", "name": "archive"},
    "errors_of_one_process_over_HTTPS": {
        "url": "https://user:password@logs.example.com/in",
        "filter": {"processes": ["web"], "streams": ["stderr"], "include": "(?i)error"},
        "headers": {"X-Source": "shop"},
    },
}
_CHANGES: dict[str, Part] = {
    "octet_counting": {"framing": "octet"},
    "the_defaults_again": {"framing": None, "filter": None},
}
_ALWAYS = (401, 403, 404, 422, 429, 503)
"""422: what is no app or site. 404: one that the key does not reach, too."""
_IF_MATCH = (400, 412)
_WITH_BODY = (400, 408, 413)


def drain_operations() -> dict[str, dict[str, Part]]:
    return {
        **_of_an_owner("apps", "app", "Drains of an app", "AppKey"),
        **_of_an_owner("sites", "site", "Drains of a site", "SiteKey"),
        "/log-drains": {"get": _all_drains()},
    }


def _of_an_owner(prefix: str, owner: str, tag: str, key: str) -> dict[str, dict[str, Part]]:
    drains = f"/{prefix}/{{key}}/log-drains"
    of_one = {
        path: {
            method: _operation(owner, tag, key, operation, of_one=True)
            for method, operation in operations.items()
        }
        for path, operations in _one_drain().items()
    }
    return {
        drains: {
            "get": _operation(owner, tag, key, _list()),
            "post": _operation(owner, tag, key, _create(owner)),
        },
        f"{drains}/test": {"post": _operation(owner, tag, key, _try_new())},
        **{f"{drains}/{{drain_id}}{path}": operations for path, operations in of_one.items()},
    }


def _operation(owner: str, tag: str, key: str, operation: Part, *, of_one: bool = False) -> Part:
    parameters = [ref(key, "parameters")]
    if of_one:
        parameters += [ref("DrainId", "parameters"), ref("IfMatch", "parameters")]
    named = {"operationId": f"{owner}_drain_{operation['operationId']}", "tags": [tag]}
    return operation | named | {"parameters": parameters}


def _does(name: str, summary: str, responses: Part, *problem_statuses: int, **more: Any) -> Part:
    told = {"operationId": name, "summary": summary, **more}
    return told | {"responses": responses | problems(*{*_ALWAYS, *problem_statuses})}


def _drain(status: int, says: str) -> Part:
    return {str(status): answer(says, ref("Drain"), headers=["ETag"])}


_TRIED = {"200": answer("What happened at each step.", ref("Trial"))}


def _list() -> Part:
    return _does("list", "List them", {"200": answer("All of them.", array(ref("Drain")))})


def _create(owner: str) -> Part:
    made = _drain(201, "The new drain: it gets every line that reaches Kafka from now on.")
    of_one = (each["operationId"] for path in _one_drain().values() for each in path.values())
    its = {"key": "$request.path.key", "drain_id": "$response.body#/id"}
    made["201"]["links"] = links(its, *(f"{owner}_drain_{name}" for name in of_one))
    asked = {"requestBody": body(ref("NewDrain"), **_NEW)}
    return _does("create", "Add one", made, 409, *_WITH_BODY, **asked)


def _try_new() -> Part:
    says = "Over a connection of its own. Nothing is saved. An owner has six such lines a minute."
    asked = {"description": says, "requestBody": body(ref("NewDrain"), **_NEW)}
    return _does("test_new", "Send a test line before one is added", _TRIED, *_WITH_BODY, **asked)


def _one_drain() -> dict[str, dict[str, Part]]:
    """By what stands behind its path."""
    now = _drain(200, "The drain as it is now.")
    again = {
        "description": "All that Kafka has from a time on. 422: it does not go so far back.",
        "requestBody": body(ref("SendAgain"), the_last_quarter_of_an_hour={"since": "15m"}),
    }
    window = {"202": answer("From when, and how many records of all apps.", ref("SentAgain"))}
    changes = {
        "description": "It keeps its place in the logs.",
        "requestBody": body(ref("DrainChanges"), **_CHANGES),
    }
    gone = {"200": answer("The drain that was.", ref("Drain"))}
    return {
        "": {
            "get": _does("read", "Read one", _drain(200, "The drain."), *_IF_MATCH),
            "patch": _does("change", "Change one", now, 409, 412, *_WITH_BODY, **changes),
            "delete": _does("delete", "Remove one", gone, *_IF_MATCH),
        },
        "/pause": {"post": _does("pause", "Send nothing, and keep the place", now, *_IF_MATCH)},
        "/resume": {"post": _does("resume", "Go on, with what it missed", now, *_IF_MATCH)},
        "/retry": {
            "post": _does(
                "retry", "Dial at once", _drain(202, "Workers have been told."), 409, *_IF_MATCH
            )
        },
        "/replay": {
            "post": _does("replay", "Send a window again", window, 409, 412, *_WITH_BODY, **again)
        },
        "/test": {
            "post": _does(
                "test", "Send a test line", _TRIED, *_IF_MATCH, description="Six a minute."
            )
        },
    }


def _asked(name: str) -> Part:
    choices = {"state": list(get_args(State)), "scheme": list(SCHEMES)}
    return {"enum": choices[name]} if name in choices else {"type": "string"}


def _all_drains() -> Part:
    pages = [
        query("page", "Which page.", {"type": "integer", "minimum": 1, "default": 1}),
        query(
            "per_page",
            "Drains on a page.",
            {"type": "integer", "minimum": 1, "maximum": ON_A_PAGE_MAX, "default": ON_A_PAGE},
        ),
    ]
    return {
        "operationId": "all_drains",
        "summary": "Drains of everybody, worst off first",
        "tags": ["Operators"],
        "parameters": [
            *(query(name, f"Those with this {name}.", _asked(name)) for name in searching.KNOWN),
            *pages,
        ],
        "responses": {"200": answer("A page of them.", ref("DrainPage"))}
        | problems(400, 401, 403, 429, 503),
    }
