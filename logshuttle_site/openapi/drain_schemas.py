"""What drains look like in requests and answers. Of options the table says it: `drains/options`."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

from drains.delivery.trial import Step
from drains.options.json_schema import or_null
from drains.options.table import OPTIONS, Option
from drains.serializers import ANSWERED_ONLY
from drains.services import NAME_CHARACTERS_MAX
from drains.states import State
from drains.url_text import URL_CHARACTERS_MAX
from logshuttle_site.openapi.words import Part, array, maybe, record, ref

_SAYS = {
    "framing": "How records are told apart over TCP and TLS: `octet` counts octets (RFC 6587). HTTP"
    " always counts; over UDP it can only be `newline`.",
    "format": "`logplex` fills the fields of RFC 5424 in as Logplex does.",
    "on_lag": "After an outage: `replay` what was missed, or `skip` to what is new.",
    "max_lag_seconds": "How old a replayed line may be.",
    "connections": "Of each worker. null: one, and over HTTP up to four while one is too few.",
    "max_record_bytes": "A longer record is cut, its header included, and counted.",
    "filter": "Which lines: a line passes each part that is given. `include` and `exclude` are"
    " patterns in RE2's syntax.",
    "headers": "Sent with each request; of http and https URLs alone.",
    "tls": "PEM, of syslog+tls and https URLs alone. `ca` instead of the system's roots;"
    " `certificate` and `key` come together. In a PATCH a member that is not given stays. The key"
    " is in no answer.",
}
_TIME: Part = {"type": "string", "format": "date-time"}
_COUNT: Part = {"type": "integer", "minimum": 0}
_URL: Part = {
    "type": "string",
    "maxLength": URL_CHARACTERS_MAX,
    "description": "Where lines go: syslog, syslog+tcp, syslog+tls, syslog+ssl, syslog+udp, http or"
    " https. Answers to a key that may not see secrets have `***` in their place.",
}
_NAME: Part = {
    "type": "string",
    "maxLength": NAME_CHARACTERS_MAX,
    "description": "For people.",
}
_PAUSED: Part = {
    "type": "boolean",
    "description": "Nothing is sent, and the place in the logs is kept.",
}


def drain_schemas() -> dict[str, Part]:
    return {
        "Drain": _drain(),
        "NewDrain": _settings() | {"required": ["url"]},
        "DrainChanges": _settings(),
        **{_component(name): option.read.schema() for name, option in _objects().items()},
        "DrainPage": _page(),
        "Trial": _trial(),
        "SendAgain": _send_again(),
        "SentAgain": record({"since": _TIME, "records": _COUNT}),
    }


def _drain() -> Part:
    """As `drains.serializers.drain_json` makes it."""
    return record(
        {
            "addon": record({"id": {"const": ""}, "name": {"const": ""}}),
            "created_at": _TIME,
            "id": {"type": "string", "format": "uuid"},
            "token": {"type": "string", "description": "Whose it is: the key of its path."},
            "updated_at": _TIME,
            "url": {name: said for name, said in _URL.items() if name != "maxLength"},
            "name": _NAME,
            **{name: _shown(option) for name, option in OPTIONS.items()},
            "paused": _PAUSED,
            **_how_it_is_doing(),
        }
    )


def _how_it_is_doing() -> dict[str, Part]:
    lines = {
        "lines_sent": "Confirmed.",
        "lines_lost": "Given up: refused, or gone from Kafka first.",
        "lines_cut": "Too long to be sent whole.",
    }
    return {
        "start": {
            "enum": ["exact", "approximate"],
            "description": "`approximate`: Kafka was away when it was made.",
        },
        "state": {"enum": list(get_args(State))},
        "state_since": _TIME,
        "reported_at": maybe(_TIME),
        "next_try_at": maybe(_TIME),
        "lag_messages": _COUNT | {"description": "Lines that its receiver has not confirmed."},
        "lag_is_estimate": {"type": "boolean", "description": "There may be more."},
        "lag_seconds": {
            "type": "number",
            "minimum": 0,
            "description": "Age of the oldest of them.",
        },
        **{name: _COUNT | {"description": says} for name, says in lines.items()},
        "last_error": maybe({"type": "string"}),
        "last_error_at": maybe(_TIME),
        "last_delivery_at": maybe(_TIME),
    }


def _settings() -> Part:
    """What may be set: of a new drain, and of one that is there. null is an option's default."""
    ignored: Part = {"description": "Passed over: only answers have it."}
    return {
        "type": "object",
        "properties": {
            "url": _URL,
            "name": or_null(_NAME),
            "paused": _PAUSED,
            **{name: _asked(option) for name, option in OPTIONS.items()},
            **dict.fromkeys(ANSWERED_ONLY, ignored),
        },
        "additionalProperties": False,
    }


def _asked(option: Option) -> Part:
    default: Any = option.show(option.default)
    return maybe(_schema_of(option)) | {"description": _SAYS[option.name], "default": default}


def _shown(option: Option) -> Part:
    schema = _schema_of(option)
    is_nullable = option.show(option.default) is None
    return (maybe(schema) if is_nullable else schema) | {"description": _SAYS[option.name]}


def _schema_of(option: Option) -> Part:
    return ref(_component(option.name)) if option.name in _objects() else option.read.schema()


def _objects() -> dict[str, Option]:
    schemas = ((option, option.read.schema()) for option in OPTIONS.values())
    return {option.name: option for option, schema in schemas if schema["type"] == "object"}


def _component(name: str) -> str:
    return f"Drain{name.capitalize()}"


def _page() -> Part:
    owner = {"type": "string", "description": "`app-space`, or `site:` and its name."}
    one = {"allOf": [ref("Drain"), record({"owner": owner})]}
    return record({"count": _COUNT, "page": _COUNT, "pages": _COUNT, "results": array(one)})


def _trial() -> Part:
    step = record(
        {
            "step": {"enum": list(get_args(get_type_hints(Step)["step"]))},
            "ok": {"type": "boolean"},
            "ms": _COUNT,
            "detail": {"type": "string"},
        }
    )
    says = "The first step that fails is the last."
    return record({"ok": {"type": "boolean"}, "steps": array(step)}, says)


def _send_again() -> Part:
    since = {
        "type": "string",
        "description": "A time with its zone (RFC 3339), or an age: a number and s, m, h or d.",
    }
    return record({"since": since}) | {"additionalProperties": False}
