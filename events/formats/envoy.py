"""Entries of Envoy's access log service, as JSON with the names of its protobuf fields."""

from __future__ import annotations

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


def text_of(
    name: str,
    common: CommonProperties,
    protocol: str | None,
    request: Request | None,
    response: Response | None,
) -> str:
    """`name`: app-space."""
    request, response = request or _NO_REQUEST, response or _NO_RESPONSE
    tls = common.tls_properties or _NO_TLS
    request_size = _size(request.request_headers_bytes, request.request_body_bytes)
    response_size = _size(response.response_headers_bytes, response.response_body_bytes)
    sni = tls.tls_sni_hostname
    origin = f"https://{sni}{request.original_path or ''}" if sni else ""
    return (
        f"bytes={request_size + response_size} request_size={request_size}"
        f" response_size={response_size} method={request.request_method or ''}"
        f" request_id={request.request_id or ''} fwd={request.forwarded_for or ''}"
        f" authority={request.authority or ''}"
        f" origin={origin}"
        f" protocol={(protocol or '').lower()} tls={tls.tls_version or ''}"
        f" status={_status(response.response_code, common.response_flags)}"
        f" connect={_milliseconds(common.time_to_last_upstream_tx_byte)}"
        f" service={_milliseconds(common.time_to_last_upstream_rx_byte)}"
        f" total={_milliseconds(common.time_to_last_downstream_tx_byte)}"
        f" dyno={name} host={name} path={request.path or ''}"
    )


def _size(headers_bytes: Number, body_bytes: Number) -> int:
    try:
        return int(headers_bytes or 0) + int(body_bytes or 0)
    except (ValueError, OverflowError):
        return _number(headers_bytes) + _number(body_bytes)


def _number(value: Number) -> int:
    """0 for what is no number, as the original has it."""
    try:
        return int(value or 0)
    except (ValueError, OverflowError):
        return 0


def _status(code: Number, flags: ResponseFlags | None) -> Number:
    if not code or code == "0":
        closed = flags is not None and flags.downstream_connection_termination
        return _CLIENT_CLOSED_REQUEST if closed else 0
    return code


def _milliseconds(duration: str | None) -> str:
    """`0.0015s` → `1.50ms`; empty for a time that Envoy did not give."""
    if not duration:
        return ""
    try:
        seconds = float(duration[:-1] if duration[-1] == "s" else duration)
    except ValueError:
        return ""
    return f"{seconds * 1000:.2f}ms"
