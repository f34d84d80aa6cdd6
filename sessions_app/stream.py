"""The stream as an answer to a GET: text, server-sent events or NDJSON."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from sessions_app.chunks import IN_CHUNKS, InChunks, chunk
from sessions_app.download import Download, packed
from sessions_app.process import tails_here
from sessions_app.tail.encoders import (
    EventsEncoder,
    RecordsEncoder,
    StreamEncoder,
    TextEncoder,
    writes,
)
from sessions_app.tail.places import Place
from sessions_app.tail.session import Session
from sessions_app.tail.tokens import resume_of
from sessions_app.token_keys import signer_of
from sessions_app.viewers_limit import take_place

EVENTS, RECORDS = "text/event-stream", "application/x-ndjson"

_HEADERS = {
    "Cache-Control": "no-store, no-transform",  # haproxy's compression would hold lines back
    "X-Accel-Buffering": "no",  # nginx would hold lines back
    "X-Content-Type-Options": "nosniff",
}


def file_response(request: HttpRequest, session: Session, file: Download) -> HttpResponseBase:
    """What there is by now, and nothing live. Raises TooManyError."""
    place = take_place(session)
    token = request.GET.get("after") or request.GET.get("before") or None
    lines = _written(session, _encoder_of(file.media_type, session), token, place, in_chunks=False)
    body = packed(lines) if file.is_packed else lines
    media_type = "application/gzip" if file.is_packed else f"{file.media_type}; charset=utf-8"
    answer = _Stream(body, content_type=media_type)
    for name, value in {**_HEADERS, **file.headers(session)}.items():
        answer.headers[name] = value
    return answer


def stream_response(
    request: HttpRequest, session: Session, media_type: str, *, last_event_id: str | None
) -> HttpResponseBase:
    """`last_event_id`, or `?after=`: go on behind that line; `?before=`: further back from there.
    204 when nothing can follow it.

    Raises TooManyError.
    """
    token = last_event_id or request.GET.get("after") or request.GET.get("before") or None
    if token and not session.tail and media_type == EVENTS and _has_all(session, token):
        return HttpResponse(status=204)  # or a browser asks again for ever
    place = take_place(session)
    in_chunks = IN_CHUNKS in getattr(request, "scope", {}).get("extensions", {})
    encoder = _encoder_of(media_type, session)
    body = _written(session, encoder, token, place, in_chunks=in_chunks)
    # A line's characters are UTF-8 whatever the type says; some clients guess without this.
    answer = _Stream(body, content_type=f"{media_type}; charset=utf-8")
    for name, value in _HEADERS.items():
        answer.headers[name] = value
    if in_chunks:
        answer.headers["Transfer-Encoding"] = "chunked"
    return answer


class _Stream(StreamingHttpResponse):
    """Ends with its connection. Of one that is cut off, Django would close its own wrapper alone,
    and leave the body to the garbage collector: until that comes, Kafka would be read for nobody.
    """

    def __init__(self, body: AsyncGenerator[bytes], content_type: str) -> None:
        super().__init__(body, content_type=content_type)
        self._body = body

    def __aiter__(self) -> AsyncGenerator[bytes]:
        return self._body  # Django closes what this returns


def _has_all(session: Session, token: str) -> bool:
    resume = resume_of(token, session.selection.key, signer_of(session))
    return resume is not None and resume.backlog_left == 0 and resume.window is None


def _encoder_of(media_type: str, session: Session) -> StreamEncoder:
    if media_type == EVENTS:
        return EventsEncoder(signer_of(session))
    key = session.selection.key
    return RecordsEncoder(key) if media_type == RECORDS else TextEncoder(key)


async def _written(
    session: Session, encoder: StreamEncoder, token: str | None, place: Place, *, in_chunks: bool
) -> AsyncGenerator[bytes]:
    with place:
        yield chunk(encoder.opening) if in_chunks else encoder.opening
        made = InChunks(encoder) if in_chunks else partial(writes, encoder)
        events_of = tails_here().events(session, signer_of(session), token, encoder.name)
        async with aclosing(events_of) as batches:
            async for events in batches:
                for data in made(events):
                    yield data
