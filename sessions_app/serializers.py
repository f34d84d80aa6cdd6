"""What may be asked of a session: in the body of a POST, and of filters in a GET's query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from rest_framework import serializers

from drains.moments import moment_of
from events.bodies import Body, Flag
from events.lines import SOURCES
from events.owners import PART_CHARACTERS_MAX
from sessions_app.errors import InvalidSessionError
from sessions_app.filters import Filters, key_of, narrowed
from sessions_app.models import TEXT_CHARACTERS_MAX
from sessions_app.past import LINES_DEFAULT, AskedPast, Past, past_of, seen
from sessions_app.tail.session import Selection, Session
from sessions_app.tail.tokens import resume_of
from sessions_app.token_keys import signer_of

LINES_ASKED_MAX = 1_000_000
STREAMS = ("stdout", "stderr")

_WORDS_MAX = 50


class Text(serializers.Field[str, Any, str, Any]):
    """JSON text; null stands for none."""

    def __init__(self, length_max: int | None = None) -> None:
        super().__init__(required=False)
        self._length_max = length_max

    def run_validation(self, data: Any = serializers.empty) -> str:
        return "" if data in (None, serializers.empty) else self.to_internal_value(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("must be text")
        if self._length_max is not None and len(data) > self._length_max:
            raise serializers.ValidationError(f"is longer than {self._length_max} characters")
        if "\0" in data:  # PostgreSQL stores none
            raise serializers.ValidationError("contains a NUL")
        return data


class Words(serializers.Field[frozenset[str], Any, list[str], Any]):
    """Words behind commas or a list of them; null, or no word at all, lets all pass."""

    def __init__(self, choices: Iterable[str] = ()) -> None:
        super().__init__(required=False)
        self._choices = frozenset(choices)

    def run_validation(self, data: Any = serializers.empty) -> frozenset[str]:
        return frozenset() if data in (None, serializers.empty) else self.to_internal_value(data)

    def to_internal_value(self, data: Any) -> frozenset[str]:
        words = data.split(",") if isinstance(data, str) else data
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise serializers.ValidationError("must be text, or a list of texts")
        found = frozenset(filter(None, words))
        if not all(word.isprintable() for word in found):
            raise serializers.ValidationError("contains a control character")
        if self._choices and not found <= self._choices:
            raise serializers.ValidationError(f"must be of {', '.join(sorted(self._choices))}")
        if len(found) > _WORDS_MAX or any(len(word) > PART_CHARACTERS_MAX for word in found):
            raise serializers.ValidationError("is too long")
        return found


class Lines(serializers.Field[int, Any, int, Any]):
    """More than are ever shown may be asked for, as the original's clients do."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int or not 0 <= data <= LINES_ASKED_MAX:
            raise serializers.ValidationError(
                f"must be a whole number from 0 to {LINES_ASKED_MAX:,}"
            )
        return data


class Moment(serializers.Field[datetime, Any, str, Any]):
    """A time, or how long ago; null stands for none."""

    def __init__(self) -> None:
        super().__init__(required=False)

    def run_validation(self, data: Any = serializers.empty) -> datetime | None:
        if data in (None, "", serializers.empty):
            return None
        if not isinstance(data, str):
            raise serializers.ValidationError("must be text")
        now = timezone.now()
        try:
            moment = moment_of(data.strip(), now)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None
        if moment > now:
            raise serializers.ValidationError("lies in the future")
        return moment


class FilterRequest(Body):
    source = Words(SOURCES)  # type: ignore[assignment]  # DRF's own is another thing
    process = Words()
    stream = Words(STREAMS)
    q = Text(TEXT_CHARACTERS_MAX)

    @property
    def filters(self) -> Filters:
        values = self.validated_data
        return Filters(values["source"], values["process"], values["stream"], values["q"])


class PastRequest(FilterRequest):
    lines = Lines(default=None)
    tail = Flag(default=None)
    since = Moment()
    until = Moment()

    @property
    def asked_past(self) -> AskedPast:
        return AskedPast(**{name: self.validated_data[name] for name in AskedPast._fields})


class TailRequest(PastRequest):
    """The original's members, and filters. A site counts before an app that is given with it."""

    ignored = ("id", "logplex_url")  # of our answer

    app = Text()
    space = Text()
    site = Text()

    @property
    def past(self) -> Past:
        """Raises InvalidSessionError."""
        return past_of(self.asked_past)

    @property
    def owner(self) -> str:
        """Whose lines are asked for, as it was written."""
        site, app, space = (self.initial_data.get(name) for name in ("site", "app", "space"))
        return "-".join(str(part) for part in ((site,) if site else (app, space)) if part)

    @property
    def selection(self) -> Selection:
        """A container's name is an app too: `gold--worker` shows that process type of `gold`.

        Raises InvalidSessionError.
        """
        values = self.validated_data
        app, _, process = values["app"].partition("--")
        processes = frozenset({process} if process and not values["site"] else ())
        key = key_of(app, values["space"], values["site"])
        return narrowed(Selection(key, processes=processes), self.filters)


_FLAGS = {"true": True, "false": False}


def seen_by(session: Session, query: QueryDict) -> Session:
    """What of it is asked for: `?source=app&process=web,worker&q=error&since=15m&tail=false`.

    Raises ValidationError, InvalidSessionError.
    """
    given: dict[str, Any] = {
        name: ",".join(query.getlist(name)) for name in ("source", "process", "stream")
    }
    given |= {name: query.get(name, "") for name in ("q", "since", "until")}
    if lines := query.get("lines", ""):
        given["lines"] = int(lines) if lines.isascii() and lines.isdigit() else lines
    if tail := query.get("tail", ""):
        given["tail"] = _FLAGS.get(tail, tail)
    asked = PastRequest(data=given)
    asked.is_valid(raise_exception=True)
    past = asked.asked_past
    selection = narrowed(session.selection, asked.filters)
    found = seen(replace(session, selection=selection), past)
    if not (before := query.get("before", "")):
        return found
    place = resume_of(before, selection.key, signer_of(found))
    if place is None or place.older is None:
        raise InvalidSessionError({"before": "is no place of this session, with these filters"})
    return replace(found, tail=False, lines=past.lines or LINES_DEFAULT)
