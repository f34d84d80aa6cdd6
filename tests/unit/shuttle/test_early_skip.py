"""Lines that nobody wants are left out early, and nothing else changes by that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drains.destination import Destination
from drains.filters import LineFilter
from drains.option_values import DrainOptions
from drains.routes import Route
from events.cleaning import one_line
from events.formats.decode import Decoder
from events.kafka.records import PartitionRecords
from events.keys import AppKey, Key, SiteKey
from events.lines import Lines
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.routing import Router
from tests.support.fake_sender import FakeReceiver
from tests.support.records import kubernetes_event, records_of

APPS = ["a", "b", "c"]
SITES = ["www.a", "www.b"]
KEYS: list[Key] = [AppKey(app, "gs") for app in APPS] + [SiteKey(site) for site in SITES]

_app = st.sampled_from([*APPS, "a--worker", ""])
_host = st.sampled_from(["a-gs.x", "b-gs.x", "c-other.x", "-", ""])
_site = st.sampled_from(["", "", *SITES, "www.c"])
_bad = st.sampled_from([None, b"", b"{", b"[]", b"{}", b"no pairs", b"\xff"])
_log = st.sampled_from(["x\n", "x\r\n", "", "Phase: Deleting -- pod gone", "Phase: Other", "\n"])


def _json(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def _cluster(app: str) -> bytes:
    return _json(common_properties={"upstream_cluster": f"outbound|80||{app}.gs.svc"})


RECORDS: Mapping[str, st.SearchStrategy[bytes | None]] = {
    "gs": _bad
    | st.builds(
        lambda app, pod, log, stream, time: kubernetes_event(
            log, container=app, pod=pod, stream=stream, time=time
        ),
        _app,
        st.sampled_from(["a-1", "a-2", "akkeris/x"]),
        _log,
        st.sampled_from(["stdout", "stderr", None]),
        st.sampled_from(["2016-08-24T17:03:20.080151664Z", "", None]),
    ),
    "alamoweblogs": _bad
    | st.builds(
        lambda host, site: f"hostname={host} site_domain={site} path=/p x=1".encode(), _host, _site
    ),
    "istio-access-logs": _bad
    | _app.map(lambda app: _json(app=app, space="gs", path="/p"))
    | _app.map(_cluster),
    "alamobuildlogs": _bad
    | st.builds(lambda app, log: _json(metadata=f"{app}-gs", message=log), _app, _log),
}
FILTERS = [LineFilter(), LineFilter(sources=frozenset({"app"})), LineFilter(include="x")]

Sent = tuple[str, tuple[bytes, ...], int]


@pytest.mark.parametrize("topic", RECORDS)
@given(data=st.data())
def test_parcels_and_malformed_records_are_the_same(topic: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(RECORDS[topic], min_size=1, max_size=12))
    wanted = data.draw(st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(FILTERS))))

    early, router = Decoder(), _router_for(wanted)
    full, other_router = Decoder(), _router_for(wanted)
    for begin in (0, 100):  # twice: a layout of router text is learned at first
        records = records_of(values, topic, begin=begin)
        some = early.wanted_lines_of(records, router.wants)
        everything = full.wanted_lines_of(records, lambda _: True)
        assert _sent(router, records, some) == _sent(other_router, records, everything)
        assert {one.key for one in some.origins} <= {key for key, _ in wanted}
        assert [one_line(line.text).encode() + b"\n" for line in some] == some.bodies
    assert early.malformed.counts == full.malformed.counts
    assert list(early.malformed.samples) == list(full.malformed.samples)
    assert "internal_error" not in full.malformed.counts


def _router_for(wanted: Sequence[tuple[Key, LineFilter]]) -> Router:
    context = FeedContext(FakeReceiver().connect, lambda: 0.0)
    feeds: dict[Key, list[Feed]] = {}
    for number, (key, chosen) in enumerate(wanted):
        destination = Destination.parse("syslog://h:514")
        options = DrainOptions(filter=chosen)
        route = Route(str(number), key, destination, options=options)
        feeds.setdefault(key, []).append(Feed(route, context, WorkLists()))
    return Router(lambda key: feeds.get(key, []))


def _sent(router: Router, records: PartitionRecords, lines: Lines) -> list[Sent]:
    return [
        (parcel.group.feeds[0].route.drain_id, parcel.data, parcel.lines)
        for parcel in router.parcels_for(records, lines)
    ]
