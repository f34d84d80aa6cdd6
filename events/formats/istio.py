"""Istio's access lines, as JSON: with the names of the platform's own configuration, or with those
that Istio has where nothing is configured."""

from __future__ import annotations

from msgspec import Struct

Number = int | float | str | None
Text = str | None


class IstioEntry(Struct, gc=False):
    """A field of another type is read as its JSON."""

    app: Text = None
    space: Text = None
    bytes: int | str | None = None
    method: Text = None
    request_id: Text = None
    fwd: Text = None
    origin: Text = None
    status: int | str | None = None
    service: Text = None
    total: Text = None
    source: Text = None
    dyno: Text = None
    path: Text = None
    upstream_cluster: Text = None
    authority: Text = None
    requested_server_name: Text = None
    bytes_sent: Number = None
    response_code: Number = None
    x_forwarded_for: Text = None
    upstream_service_time: Number = None
    duration: Number = None


def text_of(entry: IstioEntry, name: str) -> str:
    """`name`: app-space."""
    size, status = entry.bytes, entry.status
    return (
        f"bytes={0 if size is None else size} method={entry.method or ''}"
        f" request_id={entry.request_id or ''} fwd={entry.fwd or ''}"
        f" origin={entry.origin or ''} status={0 if status is None else status}"
        f" service={entry.service or ''} total={entry.total or ''}"
        f" source={entry.source or ''} dyno={entry.dyno or ''}"
        f" host={name} path={entry.path or ''}"
    )


def with_our_names(entry: IstioEntry, name: str) -> IstioEntry:
    """What Istio's own names say, for `text_of`; it writes `-` for what it does not have."""
    return IstioEntry(
        bytes=_given(entry.bytes_sent) or 0,
        method=_given(entry.method),
        request_id=_given(entry.request_id),
        fwd=_given(entry.x_forwarded_for),
        origin=_origin_of(entry),
        status=_given(entry.response_code) or 0,
        service=_milliseconds(entry.upstream_service_time),
        total=_milliseconds(entry.duration),
        dyno=name,
        path=_given(entry.path),
    )


def _origin_of(entry: IstioEntry) -> str:
    """The URL that was asked for. Only over TLS is a server's name requested."""
    host = _given(entry.authority)
    scheme = "https" if _given(entry.requested_server_name) else "http"
    return f"{scheme}://{host}{_given(entry.path)}" if host else ""


def _milliseconds(value: Number) -> str:
    given = _given(value)
    return f"{given}ms" if given else ""


def _given(value: Number) -> str:
    return "" if value is None or value == "-" else str(value)
