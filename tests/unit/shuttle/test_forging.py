"""S2: whatever an event holds, one line in is one record out, and its header is ours."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drains.delivery.wire.logplex import frames_of
from drains.delivery.wire.rfc5424 import PRI_AND_VERSION, WireFormat, framed, header_of
from drains.transports import DATAGRAM_BYTES_MAX
from events.formats.decode import Decoder
from events.lines import LogLine
from tests.support import logplex, syslog
from tests.support.records import records_of

# What breaks framings and headers, beside whatever hypothesis finds.
_EVIL = st.sampled_from(
    [
        "\n<11>1 2020-01-01T00:00:00Z evil evil - - - forged",
        "\r\n",
        "\0",
        "\x1b[31m",
        "\u2028",
        "\x85",
        "123 <14>1 ",
        " ",
        "=",
        "\ud800",
        "é",
        "\U0001f600",
        "]",
        '"',
        "\\",
        "<0>",
        "%0A",
        "+",
    ]
)
_text = st.lists(_EVIL | st.text(max_size=20), max_size=4).map("".join)
_odd = _text | st.none() | st.integers() | st.floats() | st.booleans() | st.lists(_text, max_size=2)

_kubernetes = st.fixed_dictionaries(
    {
        "log": _text,
        "stream": st.sampled_from(["stdout", "stderr"]) | _odd,
        "time": st.sampled_from(["2016-08-24T17:03:20.080151664Z", "2016-08-24T17:03:20+02:00"])
        | _odd,
        "kubernetes": st.fixed_dictionaries(
            {"container_name": _text.map(lambda text: text or "gold"), "pod_name": _odd}
        ),
    }
)
_istio = st.fixed_dictionaries(
    {"app": _text.map(lambda text: text or "gold"), "space": st.just("gs")},
    optional=dict.fromkeys(("bytes", "method", "fwd", "status", "host", "path"), _odd),
)
_envoy = st.fixed_dictionaries(
    {
        "common_properties": st.fixed_dictionaries(
            {"upstream_cluster": st.just("outbound|80||gold.gs.svc.cluster.local")},
            optional={"time_to_last_upstream_tx_byte": _odd, "tls_properties": _odd},
        )
    },
    optional={
        "request": st.dictionaries(
            st.sampled_from(["path", "authority", "forwarded_for", "original_path"]), _odd
        )
    },
)
_build = st.fixed_dictionaries({"message": _text, "metadata": st.just("gold-gs") | _text})
_web = st.lists(
    st.tuples(st.sampled_from(["path", "source", "site_domain", "site_path", "x"]), _text),
    max_size=5,
).map(lambda pairs: " ".join(["hostname=gold-gs.x", *(f"{key}={text}" for key, text in pairs)]))


def _json(fields: object) -> bytes:
    return json.dumps(fields).encode()


EVENTS = st.one_of(
    st.tuples(st.just("gs"), _kubernetes.map(_json)),
    st.tuples(st.just("istio-access-logs"), (_istio | _envoy).map(_json)),
    st.tuples(st.just("alamobuildlogs"), _build.map(_json)),
    st.tuples(
        st.just("alamoweblogs"), _web.map(lambda text: text.encode("utf-8", "surrogatepass"))
    ),
    st.tuples(st.sampled_from(["gs", "alamoweblogs"]), st.binary(max_size=100)),
)
BATCHES = st.lists(EVENTS, min_size=1, max_size=20)
WIRES = [
    *(WireFormat(framing) for framing in ("newline", "octet", "request")),
    WireFormat("datagram", record_bytes_max=DATAGRAM_BYTES_MAX),
]


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.framing)
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(events=BATCHES)
def test_one_line_in_is_one_record_out(wire: WireFormat, events: list[tuple[str, bytes]]) -> None:
    check(wire, events)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.framing)
@settings(max_examples=20_000, suppress_health_check=list(HealthCheck))
@given(event=EVENTS)
def test_one_line_in_is_one_record_out_20000_times(
    wire: WireFormat, event: tuple[str, bytes]
) -> None:
    check(wire, [event])


@settings(max_examples=100)
@given(events=BATCHES)
def test_the_shape_of_logplex_holds_too(events: list[tuple[str, bytes]]) -> None:
    wire = WireFormat("request", logplex=True, hostname="host")
    lines = lines_of(events)
    if lines:
        messages = logplex.parse_body(framed([record_of(line, wire) for line in lines], wire).data)
        for line, message in zip(lines, messages, strict=True):
            parsed = logplex.parse_message(message)
            assert (parsed.hostname, parsed.msg) == ("host", cleaned(line.text))


def check(wire: WireFormat, events: list[tuple[str, bytes]]) -> None:
    lines = lines_of(events)
    if not lines:
        return
    data = framed([record_of(line, wire) for line in lines], wire).data
    for line, record in zip(lines, records_in(data, wire), strict=True):
        parsed = syslog.parse(record)
        assert (parsed.facility, parsed.severity) == (1, line.severity)
        assert parsed.timestamp == line.time
        assert parsed.hostname == printable(str(line.origin.key), 255)
        assert parsed.app_name == printable(line.origin.tag, 48)
        assert (parsed.procid, parsed.msgid, parsed.structured_data) == (None, None, {})
        assert cleaned(line.text).startswith(parsed.msg or b"")


def lines_of(events: list[tuple[str, bytes]]) -> list[LogLine]:
    decoder = Decoder()
    lines = [
        line for topic, value in events for line in decoder.lines_of(records_of([value], topic))
    ]
    assert "internal_error" not in decoder.malformed.counts
    return lines


def record_of(line: LogLine, wire: WireFormat) -> str:
    return f"{PRI_AND_VERSION[line.severity]}{line.time}{header_of(line.origin, wire)}{line.text}"


def records_in(data: bytes, wire: WireFormat) -> list[bytes]:
    if wire.framing == "octet":
        return list(counted(data))
    if wire.framing == "request":
        return logplex.parse_body(data)
    return [frame.removesuffix(b"\n") for frame in frames_of(data)]


def counted(data: bytes) -> Iterator[bytes]:
    while data:
        count, _, data = data.partition(b" ")
        yield data[: int(count)]
        data = data[int(count) :]


def cleaned(text: str) -> bytes:
    return text.encode().translate(bytes.maketrans(b"\r\n\0", b"   "))


def printable(text: str, limit: int) -> str | None:
    """None for what a record has `-` for."""
    kept = "".join(c for c in text if "!" <= c <= "~")[:limit]
    return None if kept in ("", "-") else kept
