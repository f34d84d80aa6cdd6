"""Entries of Envoy's access log service, as JSON with the names of its protobuf fields."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import repeat
from operator import itemgetter, mul
from typing import cast

from msgspec import Struct

from events.formats.origins import Whose, app_of

# JSON of protobuf has 64-bit integers as text; some writers use numbers.
Number = int | float | str | None
Text = str | None


class TlsProperties(Struct, gc=False):
    tls_version: Text = None
    tls_sni_hostname: Text = None


class ResponseFlags(Struct, gc=False):
    downstream_connection_termination: bool | None = None


class CommonProperties(Struct, gc=False):
    upstream_cluster: Text = None
    time_to_last_upstream_tx_byte: Text = None
    time_to_last_upstream_rx_byte: Text = None
    time_to_last_downstream_tx_byte: Text = None
    tls_properties: TlsProperties | None = None
    response_flags: ResponseFlags | None = None


class Request(Struct, gc=False):
    request_method: Text = None
    authority: Text = None
    path: Text = None
    forwarded_for: Text = None
    request_id: Text = None
    original_path: Text = None
    request_headers_bytes: Number = None
    request_body_bytes: Number = None


class Response(Struct, gc=False):
    response_code: Number = None
    response_headers_bytes: Number = None
    response_body_bytes: Number = None


_NO_TLS, _NO_REQUEST, _NO_RESPONSE = TlsProperties(), Request(), Response()
_SERVICE = "svc"  # the third label of a Kubernetes service's name
_last_of = itemgetter(-1)
_CLIENT_CLOSED_REQUEST = 499

# What the JSON of protobuf writes for numbers; 0 is never written.
_METHODS = "", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"
_WORDS = {
    "request_method": _METHODS,
    "protocol_version": ("", "HTTP10", "HTTP11", "HTTP2", "HTTP3"),
    "tls_version": ("", "TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"),
}


def in_words(field: str, value: object) -> object:
    """A value as the JSON of protobuf has it, where an encoder that knows only structs wrote the
    number of a word, the object around a number, or a duration in two parts."""
    words = _WORDS.get(field, ())
    if type(value) is int and 0 <= value < len(words):
        return words[value]
    if not isinstance(value, dict) or not value:
        return value
    if value.keys() == {"value"}:
        return value["value"]
    return _duration(value) if value.keys() <= {"seconds", "nanos"} else value


def _duration(parts: dict[str, object]) -> object:
    """`{"nanos": 2500000}` → `0.0025s`; what is no number stays as it is."""
    try:
        seconds, nanos = (float(str(parts.get(part, 0))) for part in ("seconds", "nanos"))
    except ValueError:
        return parts
    return f"{seconds + nanos / 1e9}s"


def app_of_cluster(cluster: str) -> Whose | None:
    """`direction|port|subset|app.space.svc…` → its app; None for what is no service of Kubernetes.

    From Istio 1.23 on a name may end in `;`.
    """
    parts = cluster.split("|")
    labels = parts[-1].removesuffix(";").split(".")
    if len(parts) != 4 or len(labels) < 3 or labels[2] != _SERVICE:
        return None
    return app_of(labels[0], labels[1])


def texts_of(
    names: Sequence[str],
    commons: Sequence[CommonProperties],
    protocols: Sequence[str | None],
    requests: Sequence[Request | None],
    responses: Sequence[Response | None],
) -> list[str]:
    """What lines say of a run of entries, in columns. `names`: app-space."""
    tls = [common.tls_properties or _NO_TLS for common in commons]
    asked = [request or _NO_REQUEST for request in requests]
    answered = [response or _NO_RESPONSE for response in responses]
    columns = zip(
        names,
        asked,
        _sizes([(one.request_headers_bytes, one.request_body_bytes) for one in asked]),
        _sizes([(one.response_headers_bytes, one.response_body_bytes) for one in answered]),
        map(_origin, tls, asked),
        [protocol.lower() if protocol else "" for protocol in protocols],
        [one.tls_version or "" for one in tls],
        map(_status, answered, commons),
        zip(
            _durations([one.time_to_last_upstream_tx_byte for one in commons]),
            _durations([one.time_to_last_upstream_rx_byte for one in commons]),
            _durations([one.time_to_last_downstream_tx_byte for one in commons]),
            strict=True,
        ),
        strict=True,
    )
    return [
        f"bytes={asks + answers} request_size={asks} response_size={answers}"
        f" method={request.request_method or ''} request_id={request.request_id or ''}"
        f" fwd={request.forwarded_for or ''} authority={request.authority or ''}"
        f" origin={origin} protocol={protocol} tls={version} status={status}"
        f" connect={took[0]} service={took[1]} total={took[2]}"
        f" dyno={name} host={name} path={request.path or ''}"
        for name, request, asks, answers, origin, protocol, version, status, took in columns
    ]


def _origin(tls: TlsProperties, request: Request) -> str:
    """The URL that was asked for, where the client said over TLS whose it is."""
    host = tls.tls_sni_hostname
    return f"https://{host}{request.original_path or ''}" if host else ""


def _sizes(parts: Sequence[tuple[Number, Number]]) -> list[int]:
    """Of headers and body together."""
    try:
        return [int(headers or 0) + int(body or 0) for headers, body in parts]
    except (ValueError, OverflowError):
        return [_number(headers) + _number(body) for headers, body in parts]


def _number(value: Number) -> int:
    """0 for what is no number, as the original has it."""
    try:
        return int(value or 0)
    except (ValueError, OverflowError):
        return 0


def _status(response: Response, common: CommonProperties) -> Number:
    code = response.response_code
    if not code or code == "0":
        flags = common.response_flags
        closed = flags is not None and flags.downstream_connection_termination
        return _CLIENT_CLOSED_REQUEST if closed else 0
    return code


def _durations(texts: Sequence[str | None]) -> Iterable[str]:
    """`0.0015s` → `1.50ms`; empty for a time that Envoy did not give. Where many are equal, each is
    written once."""
    distinct = set(texts)
    if len(distinct) * 2 > len(texts):
        return _in_milliseconds(texts)
    written = dict(zip(distinct, _in_milliseconds(distinct), strict=True))
    return map(written.__getitem__, texts)


def _in_milliseconds(texts: Collection[str | None]) -> list[str]:
    given = cast(Collection[str], texts)
    try:
        joined = "".join(given)
        # Each is asked: one without a unit and one with two would make up for each other.
        if joined.count("s") == len(given) and set(map(_last_of, given)) == {"s"}:
            ms = map(mul, map(float, joined.split("s")[:-1]), repeat(1000))
            return ("%.2fms\n" * len(given) % (*ms,)).splitlines()
    except (TypeError, IndexError, ValueError):  # not given, or no number
        pass
    return [_one_in_milliseconds(text or "") for text in texts]


def _one_in_milliseconds(text: str) -> str:
    try:
        return f"{float(text.removesuffix('s')) * 1000:.2f}ms"
    except ValueError:
        return ""
