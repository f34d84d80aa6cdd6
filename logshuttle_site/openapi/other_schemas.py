"""What log sessions, events and problems look like in requests and answers."""

from __future__ import annotations

from events.lines import SOURCES
from events.owners import PART_CHARACTERS_MAX
from logshuttle_site.openapi.words import Part, array, maybe, record
from sessions_app.models import TEXT_CHARACTERS_MAX
from sessions_app.past import LINES_DEFAULT, LINES_SHOWN_MAX
from sessions_app.serializers import LINES_ASKED_MAX, STREAMS
from sessions_app.tail.past.limits import HELD_LINES_MAX

_TEXT: Part = {"type": "string"}
_PART: Part = {"type": ["string", "null"], "maxLength": PART_CHARACTERS_MAX}


def other_schemas() -> dict[str, Part]:
    return {
        "Problem": _problem(),
        "LogSessionRequest": _session_request(),
        "LogSession": record(
            {
                "id": {"type": "string", "format": "uuid"},
                "logplex_url": {"type": "string", "format": "uri"},
            },
            "The URL is the secret.",
        ),
        "Event": _event(),
        "Readiness": _readiness(),
    }


def _problem() -> Part:
    """As `logshuttle_site.errors` makes it."""
    whole = record(
        {
            "type": {"const": "about:blank"},
            "title": _TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": _TEXT,
            "message": _TEXT | {"description": "The same as `detail`."},
        }
    )
    whole["properties"] |= {
        "errors": array(record({"field": _TEXT, "detail": _TEXT}))
        | {"description": "422: what is wrong, by field (`filter.include`)."},
        "id": {
            "type": "string",
            "format": "uuid",
            "description": "409: the drain that has the URL.",
        },
        "changed": array(_TEXT)
        | {"description": "412: members that are others by now; empty if nobody can tell."},
    }
    return whole


def words_of(choices: tuple[str, ...] = ()) -> Part:
    """Words behind commas, or a list of them; null or nothing lets all pass."""
    return {"anyOf": [behind_commas(choices), array(_word(choices)), {"type": "null"}]}


def behind_commas(choices: tuple[str, ...] = ()) -> Part:
    if not choices:
        return _word(choices)
    one = f"({'|'.join(choices)}|)"
    return {"type": "string", "pattern": f"^{one}(,{one})*$"}


def _word(choices: tuple[str, ...]) -> Part:
    word: Part = {"type": "string", "maxLength": PART_CHARACTERS_MAX}
    return {"enum": [*choices, ""]} if choices else word


def filters_of_tails() -> dict[str, Part]:
    return {
        "source": words_of(SOURCES) | {"description": "Where lines come from."},
        "process": words_of() | {"description": "Process types, such as `web`."},
        "stream": words_of(STREAMS),
        "q": maybe({"type": "string", "maxLength": TEXT_CHARACTERS_MAX})
        | {"description": "Text that a line must have, in any case."},
    }


def moments_of_tails() -> dict[str, Part]:
    moment = maybe({"type": "string"})
    form = "A time such as 2026-01-31T12:00:00Z, or how long ago: 30s, 15m, 2h, 1d."
    return {
        "since": moment | {"description": f"Nothing that Kafka has had before. {form}"},
        "until": moment
        | {"description": f"Nothing that Kafka has had since, and no live lines. {form}"},
    }


def _session_request() -> Part:
    says = "Lines that come first; more than are shown may be asked for."
    ignored: Part = {"description": "Passed over: only answers have it."}
    return {
        "type": "object",
        "properties": {
            "app": _PART,
            "space": _PART,
            "site": _PART | {"description": "Counts before an app that is given with it."},
            "lines": {
                "type": "integer",
                "minimum": 0,
                "maximum": LINES_ASKED_MAX,
                "default": LINES_DEFAULT,
                "description": f"{says} At most {HELD_LINES_MAX:,} are, or {LINES_SHOWN_MAX:,}"
                " without live ones. With `since` and without this all are.",
            },
            "tail": {"type": "boolean", "default": True, "description": "false: end after them."},
            **moments_of_tails(),
            **filters_of_tails(),
            **dict.fromkeys(("id", "logplex_url"), ignored),
        },
        "anyOf": [{"required": ["app", "space"]}, {"required": ["site"]}],
        "additionalProperties": False,
    }


def _event() -> Part:
    """A Kubernetes event as fluentd writes it; it may have more members than these."""
    pod = {
        "type": "object",
        "properties": {
            "container_name": _TEXT | {"description": "`app` or `app--type`."},
            "namespace_name": maybe(_TEXT) | {"description": "The space, where `topic` is not."},
            "pod_name": {"description": "Whose lines keep their order."},
        },
        "required": ["container_name"],
    }
    return {
        "type": "object",
        "properties": {
            "log": maybe(_TEXT) | {"description": "The line; or `message`."},
            "message": {"description": "The line, where there is no `log`."},
            "topic": maybe(_TEXT) | {"description": "The space."},
            "kubernetes": pod,
        },
        "required": ["kubernetes"],
        "anyOf": [{"required": [name], "properties": {name: _TEXT}} for name in ("log", "message")],
    }


def _readiness() -> Part:
    checks = {"type": "object", "additionalProperties": {"type": "boolean"}}
    return record({"status": {"enum": ["ready", "not ready"]}, "checks": checks})
