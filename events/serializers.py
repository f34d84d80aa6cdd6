"""A posted event: which space it is for, and whether its lines could be read at all.

It goes to Kafka as it came, byte for byte, so what is judged here must be what every later reader
understands: the parser of all bodies takes no object in which a name stands twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rest_framework.exceptions import ValidationError

from events.keys import LEGAL_SPACE, AppKey, app_and_process
from events.topics import SOURCE_TOPICS

_SPACE = (
    "is no space: lower-case letters, digits, '.', '_' and '-', the first a letter or a digit,"
    " 249 characters at most"
)


class PostedEvent(NamedTuple):
    owner: AppKey
    """As its line's readers will have it."""
    key: bytes
    """Of the Kafka record: lines of one pod keep their order."""

    @property
    def space(self) -> str:
        return self.owner.space


def posted_event(fields: Mapping[str, Any]) -> PostedEvent:
    """Raises ValidationError, which names each field that is wrong."""
    faults: dict[str, list[str]] = {}
    pod = fields.get("kubernetes")
    if not isinstance(pod, dict):
        faults["kubernetes"] = ["must be an object with container_name"]
        pod = {}
    else:
        _judge_container(pod.get("container_name"), faults)
    _judge_text(fields, faults)
    space = _space_of(fields.get("topic"), pod.get("namespace_name"), faults)
    if faults:
        raise ValidationError(faults)
    name, container = pod.get("pod_name"), pod["container_name"]
    owner = AppKey(app_and_process(container)[0], space)
    return PostedEvent(owner, (name if isinstance(name, str) else container).encode())


def owner_of(fields: Mapping[str, Any]) -> str:
    """The app and space of an event, as they are written in it."""
    pod = fields.get("kubernetes")
    named = pod if isinstance(pod, dict) else {}
    parts = (named.get("container_name"), fields.get("topic") or named.get("namespace_name"))
    return "-".join(str(part) for part in parts if part)


def _judge_container(name: object, faults: dict[str, list[str]]) -> None:
    if not isinstance(name, str):
        faults["kubernetes.container_name"] = ["must be text"]
    elif not app_and_process(name)[0]:
        faults["kubernetes.container_name"] = ["must name an app: app or app--type"]


def _judge_text(fields: Mapping[str, Any], faults: dict[str, list[str]]) -> None:
    """`log`, or where it is not given `message`, as the decoder has it."""
    log, message = fields.get("log"), fields.get("message")
    if log is None and message is None:
        faults["log"] = ["must be there, or message"]
    elif log is None and not isinstance(message, str):
        faults["message"] = ["must be text"]
    elif log is not None and not isinstance(log, str):
        faults["log"] = ["must be text"]


def _space_of(topic: object, namespace: object, faults: dict[str, list[str]]) -> str:
    """`topic`, else the pod's namespace; a null counts as not given."""
    given = {"topic": topic, "kubernetes.namespace_name": namespace}
    given = {field: value for field, value in given.items() if value is not None}
    for field, value in given.items():
        if not isinstance(value, str):
            faults[field] = ["must be text"]
        elif not LEGAL_SPACE.fullmatch(value):
            faults[field] = [_SPACE]
        elif value in SOURCE_TOPICS:
            faults[field] = ["is the topic of a source, and no space"]
    if not given:
        faults["topic"] = ["must be there, or kubernetes.namespace_name"]
    elif len(set(map(str, given.values()))) > 1 and not given.keys() & faults.keys():
        faults["topic"] = ["is another space than kubernetes.namespace_name"]
    return str(next(iter(given.values()), ""))
