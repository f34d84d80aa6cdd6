"""What formats do for a run of records at once gives what they do for each by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.formats.decode import Decoder
from events.keys import Key
from tests.support.records import kubernetes_event, records_of

Shown = tuple[Key, str, str, int, str, bytes]

_app = st.sampled_from(["a", "b"])
_text = st.sampled_from(
    ["x", "x\n", "é\n", "x\r\n", "x\n\n", "\n", "", "a\nb\n", "\0\n", "Phase: Q\n"]
)
_common = st.lists(st.sampled_from(["x\n", "é\n", "\n"]), min_size=1) | st.lists(
    st.sampled_from(["x", "é", ""]), min_size=1
)
_TIME = "2016-08-24T17:03:20.080151664Z"
_time = st.sampled_from(
    [_TIME, _TIME, _TIME + _TIME, "2016-08-24T17:03:20.080100Z", "2016-08-24T17:03:20Z", "", None]
)
_source = st.sampled_from(["10.0.0.1", "10.0.0.1%2C+10.0.0.2", "a%zz", ""])
_number = st.sampled_from(["120", 40, "", None, "x", 1.5, "1_0", "9" * 30])
_duration = st.sampled_from(
    ["0.001500s", "0.001500s", "0.002675s", "1s", "2", "ss", "s", "", "x", "nan", "1e400s", None]
) | st.integers(0, 10**11).map(lambda nanos: f"{nanos / 1e9:.9f}s")


def _json(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def _event(app: str, log: str | None, stream: str | None, time: str | None) -> bytes:
    return kubernetes_event(log, container=app, pod=f"{app}-1", stream=stream, time=time)


def _web(app: str, source: str, site: str) -> bytes:
    return f"hostname={app}-gs.x source={source} site_domain={site} path=/p x=1".encode()


def _istio(app: str, path: str, size: object) -> bytes:
    return _json(app=app, space="gs", path=path, bytes=size)


def _envoy(app: str, numbers: Sequence[object], took: Sequence[object], path: str) -> bytes:
    names = ("request_headers_bytes", "request_body_bytes")
    return _json(
        common_properties={
            "upstream_cluster": f"outbound|80||{app}.gs.svc",
            "time_to_last_upstream_tx_byte": took[0],
            "time_to_last_upstream_rx_byte": took[1],
            "time_to_last_downstream_tx_byte": took[2],
            "tls_properties": {"tls_sni_hostname": path, "tls_version": "TLSv1_3"},
        },
        protocol_version="HTTP2" if path else None,
        request={**dict(zip(names, numbers, strict=False)), "path": path},
        response={"response_headers_bytes": numbers[2], "response_code": numbers[3]},
    )


_stream = st.sampled_from(["stdout", "stderr", None])
_path = st.sampled_from(["/", "/a\nb", "/é\r", ""])
RUNS: Mapping[str, st.SearchStrategy[list[bytes]]] = {
    "gs": st.lists(st.builds(_event, _app, _text | st.none(), _stream, _time))
    | _common.map(lambda texts: [_event("a", text, "stdout", _TIME) for text in texts]),
    "alamoweblogs": st.lists(
        st.builds(_web, _app, _source, st.sampled_from(["", "", "", "www.a"]))
        | st.builds(_istio, _app, _path, _number)
    ),
    "istio-access-logs": st.lists(st.builds(_istio, _app, _path, _number))
    | st.lists(
        st.builds(
            _envoy,
            _app,
            st.lists(_number, min_size=4, max_size=4),
            st.lists(_duration, min_size=3, max_size=3),
            _path,
        )
        | st.builds(_istio, st.just("a"), _path, _number)
    ),
    "alamobuildlogs": st.lists(
        st.builds(lambda app, text: _json(metadata=f"{app}-gs", message=text), _app, _text)
    ),
}


@pytest.mark.parametrize("topic", RUNS)
@given(data=st.data())
def test_a_run_gives_what_its_records_give_one_by_one(topic: str, data: st.DataObject) -> None:
    values = data.draw(RUNS[topic])
    decoder = Decoder()
    alone = [shown for value in values for shown in _shown(Decoder(), topic, [value])]

    for _ in range(2):  # a layout of router text is learned at first
        assert _shown(decoder, topic, values) == alone


def _shown(decoder: Decoder, topic: str, values: Sequence[bytes]) -> list[Shown]:
    if not values:
        return []
    lines = decoder.wanted_lines_of(records_of(values, topic), lambda _: True)
    assert "internal_error" not in decoder.malformed.counts
    return [
        (line.origin.key, line.origin.tag, line.time, line.severity, line.text, body)
        for line, body in zip(lines, lines.bodies, strict=True)
    ]
