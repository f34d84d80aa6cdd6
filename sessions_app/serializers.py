"""What may be asked of a session: in the body of a POST, and of filters in a GET's query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from events.bodies import Body, Flag
from events.lines import SOURCES
from events.owners import PART_CHARACTERS_MAX
from sessions_app.filters import Filters, key_of, narrowed
from sessions_app.models import TEXT_CHARACTERS_MAX
from sessions_app.tail.session import Selection

LINES_DEFAULT, LINES_SHOWN_MAX, LINES_ASKED_MAX = 100, 1_500, 1_000_000
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
        return min(data, LINES_SHOWN_MAX)


class FilterRequest(Body):
    source = Words(SOURCES)  # type: ignore[assignment]  # DRF's own is another thing
    process = Words()
    stream = Words(STREAMS)
    q = Text(TEXT_CHARACTERS_MAX)

    @property
    def filters(self) -> Filters:
        values = self.validated_data
        return Filters(values["source"], values["process"], values["stream"], values["q"])


class TailRequest(FilterRequest):
    """The original's members, and filters. A site counts before an app that is given with it."""

    ignored = ("id", "logplex_url")  # of our answer

    app = Text()
    space = Text()
    site = Text()
    lines = Lines(default=LINES_DEFAULT)
    tail = Flag(default=True)

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


def query_filters(query: QueryDict) -> Filters:
    """`?source=app&process=web,worker&q=error`. Raises ValidationError."""
    given: dict[str, Any] = {
        name: ",".join(query.getlist(name)) for name in ("source", "process", "stream")
    }
    asked = FilterRequest(data={**given, "q": query.get("q", "")})
    asked.is_valid(raise_exception=True)
    return asked.filters
