"""Which feeds get which lines, and in what bytes."""

from __future__ import annotations

import zlib

import pytest

from drains.destination import Destination
from drains.filters import LineFilter
from drains.option_values import DrainOptions
from drains.routes import Route
from events.formats.decode import Decoder
from events.keys import AppKey, Key, SiteKey
from events.lines import LogLine, Origin, Severity
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.routing import Parcel, Router
from tests.support.fake_sender import FakeReceiver
from tests.support.records import columns_of, kubernetes_event, records_of

GOLD = AppKey("gold", "gs")
WEB = Origin(GOLD, "web.1", "app", "web")
WORKER = Origin(GOLD, "worker.1", "app", "worker")
ROUTER = Origin(GOLD, "akkeris/router", "router")
BUILD = Origin(GOLD, "akkeris/build", "build")
RUN = records_of([b"x"])
TIME = "2016-08-24T17:03:20Z"


async def feed(name: str, url: str = "syslog://h:514", key: Key = GOLD, **options: object) -> Feed:
    made = DrainOptions(**options)  # type: ignore[arg-type]
    context = FeedContext(FakeReceiver().connect, lambda: 0.0)
    return Feed(Route(name, key, Destination.parse(url), options=made), context, WorkLists())


def parcels(*feeds: Feed, lines: list[LogLine]) -> list[Parcel]:
    by_key: dict[Key, list[Feed]] = {}
    for one in feeds:
        by_key.setdefault(one.route.key, []).append(one)
    return Router(lambda key: by_key.get(key, [])).parcels_for(RUN, columns_of(lines))


def line(text: str, origin: Origin = WEB, severity: Severity = Severity.INFO) -> LogLine:
    return LogLine(origin, TIME, severity, text)


def texts(parcel: Parcel) -> list[str]:
    data = b"".join(parcel.data).decode()
    return [record.split(" - - - ", 1)[1] for record in data.split("\n")[:-1]]


async def test_drains_that_want_the_same_bytes_share_a_parcel() -> None:
    one, two = await feed("1"), await feed("2", "syslog+tls://other:6514")
    (parcel,) = parcels(one, two, lines=[line("a"), line("b")])

    assert parcel.group.feeds == [one, two]
    assert parcel.data == (
        f"<14>1 {TIME} gold-gs web.1 - - - a\n<14>1 {TIME} gold-gs web.1 - - - b\n".encode(),
    )
    assert parcel.lines == 2


async def test_how_long_a_record_may_be_is_part_of_the_bytes_and_what_is_cut_is_told() -> None:
    feeds = [await feed("1"), await feed("2", max_record_bytes=480), await feed("3", connections=2)]
    lines = [line("x" * 1000), line("y" * 100_000, WORKER), line("z")]
    found = parcels(*feeds, lines=lines)

    assert [parcel.group.feeds for parcel in found] == [[one] for one in feeds]
    assert [(parcel.lines, parcel.cut) for parcel in found] == [(3, 1), (3, 2), (3, 1)]
    assert [len(record) for record in found[1].data[0].split(b"\n")[:2]] == [480, 480]


async def test_each_wire_format_has_bytes_of_its_own() -> None:
    feeds = [
        await feed("1"),
        await feed("2", framing="octet"),
        await feed("3", "syslog+udp://h:514"),
        await feed("4", "https://h/"),
        await feed("5", "https://h/", format="logplex"),
    ]
    found = {p.group.feeds[0].route.drain_id: p.data[0] for p in parcels(*feeds, lines=[line("a")])}

    record = f"<14>1 {TIME} gold-gs web.1 - - - a".encode()
    shape = f"<14>1 {TIME} host app web.1 - a\n".encode()
    assert found == {
        "1": record + b"\n",
        "2": b"%d %b" % (len(record), record),
        "3": record + b"\n",
        "4": b"%d %b\n" % (len(record) + 1, record),
        "5": b"%d %b" % (len(shape), shape),
    }


async def test_a_filter_takes_what_all_its_parts_match() -> None:
    lines = [
        line("a 1"),
        line("b 2", WEB, Severity.ERROR),
        line("a 3", WORKER),
        line("a 4", ROUTER),
        line("c 5", BUILD),
    ]
    wanted = {
        "all": LineFilter(),
        "router": LineFilter(sources=frozenset({"router", "build"})),
        "web": LineFilter(processes=frozenset({"web"})),
        "errors": LineFilter(streams=frozenset({"stderr"})),
        "both": LineFilter(streams=frozenset({"stderr", "stdout"})),
        "a": LineFilter(include="^a"),
        "not 4": LineFilter(include="a", exclude="[14]"),
    }
    feeds = [await feed(name, filter=chosen) for name, chosen in wanted.items()]
    found = {p.group.feeds[0].route.drain_id: texts(p) for p in parcels(*feeds, lines=lines)}

    assert found == {
        "all": ["a 1", "b 2", "a 3", "a 4", "c 5"],
        "router": ["a 4", "c 5"],
        "web": ["a 1", "b 2"],
        "errors": ["b 2"],
        "both": ["a 1", "b 2", "a 3"],
        "a": ["a 1", "a 3", "a 4"],
        "not 4": ["a 3"],
    }


async def test_a_tag_keeps_its_connection() -> None:
    origins = [Origin(GOLD, f"web.{number}", "app", "web") for number in range(50)]
    one = await feed("1", connections=4)
    (parcel,) = parcels(one, lines=[line(o.tag, o) for o in origins for _ in range(2)])

    assert parcel.lines == 100
    for number, piece in enumerate(parcel.data):
        tags = [r.rsplit(" ", 1)[1] for r in piece.decode().split("\n")[:-1]]
        assert tags == [
            o.tag for o in origins if zlib.crc32(o.tag.encode()) % 4 == number for _ in range(2)
        ]


async def test_a_site_gets_only_its_own_lines() -> None:
    site = SiteKey("www.gold.example")
    theirs = Origin(site, "akkeris/router", "router")
    one, two = await feed("1"), await feed("2", key=site)
    found = {
        p.group.feeds[0].route.drain_id: texts(p)
        for p in parcels(one, two, lines=[line("app", ROUTER), line("site", theirs)])
    }

    assert found == {"1": ["app"], "2": ["site"]}


@pytest.mark.parametrize("url", ["syslog://h:514", "https://h/"])
async def test_events_of_one_record_are_lines_of_one_parcel(url: str) -> None:
    one = await feed("1", url)
    router = Router(lambda _: [one])
    packed = b"\n".join(kubernetes_event(text) for text in ("b", "c"))
    records = records_of([kubernetes_event("a"), packed], begin=7)

    (parcel,) = router.parcels_for(records, Decoder().wanted_lines_of(records, router.wants))

    assert (parcel.lines, parcel.records.begin, parcel.records.end) == (3, 7, 9)
    assert texts(parcel) == ["a", "b", "c"]
    part = records.part(8)
    assert part is not None
    (parcel,) = router.parcels_for(part, Decoder().wanted_lines_of(part, router.wants))
    assert texts(parcel) == ["b", "c"]
