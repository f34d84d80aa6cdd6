"""One event of a container, by the names that fluentd, Fluent Bit, Vector and Filebeat use."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from events.formats.json_records import text_or_none
from events.formats.malformed import Malformed, MalformedError
from events.formats.texts import as_given
from events.formats.timestamps import Moment, first_time

NAME_CHARACTERS_MAX = 255
"""Kubernetes allows 63 for a container, 253 for a pod."""

_TEXTS = ("log", "message", "msg")
_TIMES = ("time", "timestamp", "@timestamp", "date")
_MARKS = ("logtag", "_p", "partial_message")
_NOT_ITS_OWN = {"kubernetes", "docker", "topic", "tag", "stream", *_TIMES}


ContainerName = Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
PodName = Annotated[str, Meta(max_length=NAME_CHARACTERS_MAX)]


class Pod(Struct, frozen=True, gc=False):
    container_name: ContainerName
    pod_name: PodName = ""


class Container(Struct, gc=False):
    container_name: ContainerName


class ContainerAlone(Struct, gc=False):
    """All of an event that says whose it is."""

    kubernetes: Container


class KubernetesEvent(Struct, gc=False):
    """What a line is made of. A half line is refused here, and counted by `lenient`."""

    kubernetes: Pod
    log: str | None = None
    stream: str | None = None
    time: str | None = None
    message: str | None = None
    timestamp: str | None = None
    at_timestamp: Moment = field(default=None, name="@timestamp")
    date: Moment = None
    logtag: Literal["F"] | None = None
    fluent_bit_tag: Literal["F"] | None = field(default=None, name="_p")
    partial_message: None = None

    @property
    def may_be_dockers(self) -> bool:
        """Whether its text is as Docker wrote it, as far as is known."""
        return self.log is not None and self.logtag is None and self.fluent_bit_tag is None

    @property
    def times(self) -> tuple[Moment, ...]:
        """In the order in which they count."""
        return self.time, self.timestamp, self.at_timestamp, self.date


def lenient(fields: dict[str, Any], counts: Malformed) -> KubernetesEvent:
    """An event of other types or names. Raises MalformedError."""
    pod = fields.get("kubernetes")
    container = _name_in(pod, "container")
    if container is None:
        raise MalformedError("no_container")
    name = _name_in(pod, "pod") or ""
    if max(len(container), len(name)) > NAME_CHARACTERS_MAX:
        raise MalformedError("name_too_long")
    text = _text_of(fields)
    event = KubernetesEvent(
        Pod(container, name),
        text,
        text_or_none(fields.get("stream")),
        first_time(_moment_or_none(fields.get(name)) for name in _TIMES),
    )
    if text is not fields.get("log") or not fields.keys().isdisjoint(_MARKS):
        event.logtag = "F"  # there is nothing more to be found out about it
    counts.partial += _is_partial(fields)
    return event


def _name_in(pod: object, of: str) -> str | None:
    """`kubernetes.container_name`, or `kubernetes.container.name` as Filebeat nests it."""
    if not isinstance(pod, dict):
        return None
    nested = pod.get(of)
    inner = nested.get("name") if isinstance(nested, dict) else None
    return text_or_none(pod.get(f"{of}_name")) or text_or_none(inner)


def _text_of(fields: dict[str, Any]) -> str:
    """Its text, else what stands there as JSON, else its own fields. Raises MalformedError."""
    given = {name: fields[name] for name in _TEXTS if name in fields}
    for value in given.values():
        if isinstance(value, str):
            return value
    for name in ("log", "message"):
        if given.get(name) is not None:
            return as_given(given[name])
    own = {
        name: value
        for name, value in fields.items()
        if name not in _NOT_ITS_OWN and (name not in given or value is not None)
    }
    if own:
        return as_given(own)
    if not given:
        raise MalformedError("empty")
    return ""  # a null says so


def _moment_or_none(value: object) -> Moment:
    is_moment = isinstance(value, str | int | float) and not isinstance(value, bool)
    return value if is_moment else None  # type: ignore[return-value]


def _is_partial(fields: dict[str, Any]) -> bool:
    """Whether its runtime says that more of the line follows: CRI, or Docker's own log drivers."""
    tags = (text_or_none(fields.get(name)) for name in ("logtag", "_p"))
    pieces = fields.get("partial_message"), fields.get("partial_last")
    more, last = (str(piece).lower() == "true" for piece in pieces)
    return any(tag and tag.startswith("P") for tag in tags) or (more and not last)
