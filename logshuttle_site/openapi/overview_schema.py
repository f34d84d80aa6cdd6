"""What `GET /overview` answers, by the types of what it is made of."""

from __future__ import annotations

from typing import Any, get_args

from drf_spectacular.plumbing import resolve_type_hint

from drains.states import State
from logshuttle_site.openapi.words import Part, array, maybe, record
from logshuttle_site.overview import rollups, talkers, values
from logshuttle_site.overview.head import Tone

_TEXT: Part = {"type": "string"}
_TIME: Part = {"type": "string", "format": "date-time"}
_NUMBER: Part = {"type": "number"}
_COUNT: Part = {"type": "integer", "minimum": 0}
_COUNTS: Part = {"type": "object", "additionalProperties": _COUNT}
_RATES: Part = {"type": "object", "additionalProperties": _NUMBER}


def overview_schema() -> Part:
    """As `logshuttle_site.overview.api.json_of` makes it. null: nobody has told of it."""
    states = dict.fromkeys(get_args(State), _COUNT)
    return record(
        {
            "at": _TIME,
            "head": record({"tone": {"enum": [*get_args(Tone)]}, "text": _TEXT, "detail": _TEXT}),
            "drains": {"type": "object", "properties": {"total": _COUNT, **states}}
            | {"required": ["total"], "additionalProperties": False},
            "behind": record({"lines": maybe(_COUNT), "drains": maybe(_COUNT)}),
            "last_minute": maybe(_minute()),
            "last_24_h": maybe(_day()),
            "needs_you": _needs_you(),
            "retention_seconds": maybe(_NUMBER),
            "series": _of(rollups.Series),
            "workers": array(_of(values.WorkerFigures)),
            "talkers": record(
                dict.fromkeys(("5_min", "24_h"), array(_of(talkers.Talker))),
            ),
            "topics_24_h": array(_of(talkers.LoudTopic)),
            "costliest_drains": array(_of(values.CostlyDrain)),
            "tails": record(
                {"open": maybe(_COUNT), "sessions": maybe(_COUNT), "lines_24_h": maybe(_COUNTS)}
            ),
            "malformed": array(_of(values.MalformedKind)),
            "events": array(_event()),
        }
    )


def _minute() -> Part:
    return record(
        {
            "received_per_second": _RATES,
            "delivered_per_second": _RATES,
            "delay_p50_seconds": maybe(_NUMBER),
            "delay_p99_seconds": maybe(_NUMBER),
        }
    )


def _day() -> Part:
    return record(dict.fromkeys(("received", "delivered", "lost", "malformed"), _COUNTS))


def _needs_you() -> Part:
    cause = _of(values.Cause)
    cause["properties"]["receiver"] = _TEXT
    cause["required"] = ["receiver", *cause["required"]]
    return record(
        {
            "failing": array(cause),
            "waiting": array(_of(values.Waiting)),
            "certificates": array(_of(values.ExpiringCertificate)),
            "silent_topics": array(_of(talkers.Silent)),
            "ownerless_partitions": array(_of(values.OwnerlessPartitions)),
            "shortages": array(_of(values.Shortage)),
        }
    )


def _event() -> Part:
    names = ("drain", "owner", "address", "what", "state", "why")
    return record({"at": _TIME, **dict.fromkeys(names, _TEXT)})


def _of(named_tuple: type) -> Part:
    """An object with its members."""
    schema: Part = _with_null(resolve_type_hint(named_tuple))
    return schema


def _with_null(schema: Any) -> Any:
    """`nullable` was OpenAPI 3.0's."""
    if isinstance(schema, list):
        return [_with_null(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: _with_null(part) for name, part in schema.items() if name != "nullable"}
    if "required" in told:
        told["required"] = list(told["required"])
    return maybe(told) if schema.get("nullable") is True else told
