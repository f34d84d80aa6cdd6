"""What the routes do that are not about drains, by path and method."""

from __future__ import annotations

from events.lines import SOURCES
from logshuttle_site.openapi.other_schemas import behind_commas, filters_of_tails, moments_of_tails
from logshuttle_site.openapi.words import (
    JSON,
    PAGE,
    PROBLEM,
    TEXT,
    Part,
    answer,
    body,
    links,
    problems,
    query,
    ref,
)
from logshuttle_site.overview.rollups import RANGES
from sessions_app.api import EVENTS, RECORDS
from sessions_app.models import TEXT_CHARACTERS_MAX
from sessions_app.serializers import STREAMS

OPEN: dict[str, list[dict[str, list[str]]]] = {"security": []}
"""Of an operation that wants no key."""
_TEXT: Part = {"type": "string"}


def other_operations() -> dict[str, dict[str, Part]]:
    return {
        "/log-sessions": {"post": _open_session()},
        "/log-sessions/{session_id}": {"get": _read_session(), "delete": _revoke()},
        "/log-sessions/{session_id}/ws": {"get": _socket()},
        "/log-events": {"post": _event()},
        "/overview": {"get": _overview()},
        "/api/schema": {"get": _schema()},
        "/api/docs": {"get": _docs()},
    }


def probes() -> dict[str, dict[str, Part]]:
    """Which are in no URLconf: the middleware answers them before all else."""
    readiness = ref("Readiness")
    said = {
        "/livez": {"200": answer("The process runs.", {"const": "ok\n"}, [TEXT])},
        "/readyz": {
            "200": answer("It can serve.", readiness),
            "503": answer("It cannot: a check has failed.", readiness),
        },
        "/octhc": {
            "200": answer(
                "Always: `overall_status=good`, or `bad` and what has failed.",
                _TEXT | {"pattern": "^overall_status=(good|bad(,[a-z]+_check=failed)+)$"},
                [TEXT],
            )
        },
    }
    summaries = {"/livez": "Does it run?", "/readyz": "Can it serve?", "/octhc": "Is all well?"}
    return {
        path: {
            "get": {
                "operationId": path.removeprefix("/"),
                "summary": summaries[path],
                "tags": ["Probes"],
                "responses": responses,
                **OPEN,
            }
        }
        for path, responses in said.items()
    }


def _open_session() -> Part:
    asked = body(
        ref("LogSessionRequest"),
        an_app={"app": "shop", "space": "demo"},
        errors_of_a_process={"app": "shop", "space": "demo", "process": "web", "q": "error"},
        a_site={"site": "www.example.com", "lines": 500},
    )
    opened = answer("Where it is read.", ref("LogSession"))
    its = {"session_id": "$response.body#/id"}
    opened["links"] = links(its, "log_session_read", "log_session_revoke")
    return {
        "operationId": "log_session_open",
        "summary": "Open a log session",
        "description": "It is to be read within five minutes, and lives for an hour from then on.",
        "tags": ["Log sessions"],
        "requestBody": asked,
        "responses": {"201": opened} | problems(400, 401, 403, 404, 408, 413, 422, 429, 503),
    }


def _read_session() -> Part:
    filters = filters_of_tails()
    stream = "Lines: text, a line each; server-sent events; NDJSON. For browsers a page."
    kinds = [TEXT, EVENTS, RECORDS, PAGE, "application/gzip"]
    parameters = [
        ref("SessionId", "parameters"),
        query("source", filters["source"]["description"], behind_commas(SOURCES)),
        query("process", filters["process"]["description"], behind_commas()),
        query("stream", "Of an app's lines.", behind_commas(STREAMS)),
        query("q", filters["q"]["description"], _TEXT | {"maxLength": TEXT_CHARACTERS_MAX}),
        *(query(name, of["description"], _TEXT) for name, of in moments_of_tails().items()),
        query("lines", "As many of the last ones.", {"type": "integer", "minimum": 0}),
        query("tail", "false: end after them.", {"type": "boolean"}),
        query("download", "As a file, without live lines.", {"enum": _FILES}),
        query("before", "The `place` of `older` of a WebSocket: further back from there.", _TEXT),
        query("after", "The `id` of an event: go on behind it.", _TEXT),
        {
            "in": "header",
            "name": "Last-Event-ID",
            "description": "The same, as browsers send it.",
            "schema": _TEXT,
        },
    ]
    return {
        "operationId": "log_session_read",
        "summary": "Read a log session",
        "description": "By whoever has its id. The stream goes on until it is over or idle.",
        "tags": ["Log sessions"],
        "parameters": parameters,
        "responses": {
            "200": answer(stream, _TEXT, kinds),
            "204": {"description": "To `text/event-stream` alone: nothing can follow."},
            **{str(status): _told_people(says) for status, says in _NOT_READ.items()},
        },
        **OPEN,
    }


_FILES = ["log", "ndjson", "log.gz", "ndjson.gz"]

_NOT_READ = {
    400: "The page is not served under this host name.",
    404: "No such session, or it is over.",
    422: "A filter that the session does not have.",
    429: "Too many read it, or this address has asked for too many that are none.",
    503: "The database is away.",
}


def _told_people(says: str) -> Part:
    """A problem; browsers get a page."""
    content = {PROBLEM: {"schema": ref("Problem")}, PAGE: {"schema": _TEXT}}
    return {"description": says, "content": content}


def _revoke() -> Part:
    return {
        "operationId": "log_session_revoke",
        "summary": "End a log session",
        "tags": ["Log sessions"],
        "parameters": [ref("SessionId", "parameters")],
        "responses": {"204": {"description": "Nobody opens it any more."}}
        | problems(401, 403, 404, 429, 503),
    }


def _socket() -> Part:
    return {
        "operationId": "log_session_socket",
        "summary": "Where a log session is read over a WebSocket",
        "description": "JSON frames, as docs/tail.md has them.",
        "tags": ["Log sessions"],
        "parameters": [ref("SessionId", "parameters")],
        "responses": {
            "101": {"description": "The handshake of a WebSocket."},
            "426": answer("It was asked in plain HTTP.", ref("Problem"), [PROBLEM]),
        },
        **OPEN,
    }


def _event() -> Part:
    one = {
        "log": "an event of a platform",
        "topic": "demo",
        "kubernetes": {"container_name": "shop", "pod_name": "shop-5d9c7b8f6-x7k2p"},
    }
    return {
        "operationId": "log_event",
        "summary": "Put an event on its space's topic",
        "description": "It goes to Kafka byte for byte. After a 503 Kafka may have it even so.",
        "tags": ["Events"],
        "requestBody": body(ref("Event"), an_event_of_an_app=one),
        "responses": {"201": answer("Kafka has it.", ref("Event"))}
        | problems(400, 401, 403, 404, 408, 413, 422, 429, 503),
    }


def _overview() -> Part:
    over = query("range", "What series are of.", {"enum": list(RANGES), "default": "1h"})
    return {
        "operationId": "overview",
        "summary": "Do lines flow, and what needs somebody",
        "tags": ["Operators"],
        "parameters": [over],
        "responses": {"200": answer("Figures.", ref("Overview"))}
        | problems(400, 401, 403, 429, 503),
    }


def _schema() -> Part:
    form = query("format", "Instead of Accept.", {"enum": ["yaml", "json"]})
    return {
        "operationId": "schema",
        "summary": "This description",
        "tags": ["This description"],
        "parameters": [form],
        "responses": {"200": answer("OpenAPI 3.1.", {"type": "object"}, ["application/yaml", JSON])}
        | problems(400),
        **OPEN,
    }


def _docs() -> Part:
    return {
        "operationId": "docs",
        "summary": "The same as a page",
        "tags": ["This description"],
        "responses": {"200": answer("A page.", _TEXT, [PAGE])} | problems(400),
        **OPEN,
    }
