"""Every cache of the product has a bound in bytes, and is listed here."""

from __future__ import annotations

import ast
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drains import filters
from drains.delivery.network import tls
from drains.options import pem
from events.als import messages, shallow
from events.formats import decode, kafka_stamps, timestamps
from events.kept import Kept, Room, bytes_of
from events.lines import Origin
from logshuttle_site import env_values
from logshuttle_site.access import known_keys
from sessions_app import services
from sessions_app.tail import render
from sessions_app.tail.live import fan_out
from shuttle import asking
from shuttle.replay import seats
from tests.support.house import ROOT, product_files
from tests.support.records import kubernetes_event, records_of

KIB, MIB = 1024, 1024 * 1024
ORIGIN_BYTES = 8 * KIB
"""The largest one, with five texts."""
KEY_BYTES = 512
A_FEW = 64 * KIB
"""By what we have written, not by what comes in: a field of a type, a key of the settings."""

BOUNDS = {
    # What comes in fills these. Their bytes are counted as they come.
    "events/formats/origins.py::Origins": decode.NAMES_BYTES,
    "events/formats/origins.py::Names": decode.NAMES_BYTES,
    "events/formats/kubernetes.py::PodOrigins": decode.NAMES_BYTES,
    "events/formats/kubernetes.py::ContainerOrigins": decode.NAMES_BYTES,
    "shuttle/asking.py::Recipients": asking.RECIPIENTS_BYTES,
    "shuttle/replay/seats.py::OriginsOf": seats.ORIGINS_BYTES,
    "sessions_app/tail/live/fan_out.py::FanOut": fan_out.ORIGINS_BYTES,
    # So many, of so many bytes at most.
    "sessions_app/tail/render.py::_label_of": render.LABELS_KEPT * ORIGIN_BYTES,
    "events/als/messages.py::_kafka_key_of": (
        messages.CLUSTERS_KEPT * (2 * messages.CLUSTER_CHARACTERS * 4)
    ),
    "events/als/shallow.py::Texts": shallow.TEXTS_KEPT * (9 * shallow.KEPT_BYTES),
    "events/als/protojson.py::_second": 256 * 256,
    "events/formats/kafka_stamps.py::_Stamps": kafka_stamps.MILLISECONDS_KEPT * 256,
    "events/formats/timestamps.py::_second_of": timestamps._SECONDS_KEPT * 256,
    "events/topics.py::row_of": 10_000 * 768,  # a topic has 249 letters at most
    "drains/filters.py::compiled": filters.PATTERNS_KEPT * (filters._PATTERN_MEMORY + 8 * KIB),
    "drains/delivery/network/tls.py::context_of": (
        tls._CONTEXTS_KEPT * (MIB + 3 * pem.TEXT_CHARACTERS_MAX)
    ),
    # What we have written fills these.
    "drains/fields.py::_ciphers_of": 128 * KIB,
    "drains/fields.py::_digest_keys_of": 128 * KIB,
    "drains/settings_tag.py::_keys_of": A_FEW,
    "drains/starts.py::_cluster": A_FEW,
    "events/als/protojson.py::writer_of_type": A_FEW,
    "events/als/shallow.py::writer_of_bytes": A_FEW,
    "events/api.py::producer": A_FEW,
    "events/formats/access.py::_fields_of": A_FEW,
    "logshuttle_site/access/key_text.py::_pepper_name_of": A_FEW,
    "logshuttle_site/access/key_text.py::_pepper_of": A_FEW,
    "logshuttle_site/answers/counting.py::_shown": 256 * KIB,  # a route has 256 letters at most
    "logshuttle_site/audit/topic.py::_producer": A_FEW,
    "logshuttle_site/database/check.py::_wanted": A_FEW,
    "logshuttle_site/database/postgresql/base.py::connections_of_this_process": A_FEW,
    "logshuttle_site/health.py::kafka_watch": A_FEW,
    "events/process/crash_traces.py::trace_file": A_FEW,
    "logshuttle_site/openapi/document.py::document": 512 * KIB,  # YAML, and JSON
    "logshuttle_site/shared_cache/backend.py::_server": A_FEW,
    "sessions_app/token_keys.py::_key_of": A_FEW,
}

BOUNDS_OF_OTHERS = {
    # Neither a function that remembers nor a dict that finds out.
    "access.KeptKeys": known_keys.KEPT_BYTES,
    # Of a web process without Redis, or while that is away.
    "Django's LocMemCache": (
        env_values._LOCAL_ENTRIES_MAX * (services.REMEMBERED_BYTES_MAX + KEY_BYTES)
    ),
}


def caches_of(file: Path) -> Iterator[str]:
    """Functions that remember, and dicts that find out what they lack."""
    for node in ast.walk(ast.parse(file.read_text())):
        if _remembers(node) or _finds_out(node):
            yield f"{file.relative_to(ROOT)}::{node.name}"  # type: ignore[attr-defined]


def _remembers(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", [])
    names = {ast.unparse(of).partition("(")[0].removeprefix("functools.") for of in decorators}
    return not names.isdisjoint({"cache", "lru_cache"})


def _finds_out(node: ast.AST) -> bool:
    if not isinstance(node, ast.ClassDef):
        return False
    return "__missing__" in {of.name for of in node.body if isinstance(of, ast.FunctionDef)}


def test_every_cache_is_listed() -> None:
    files = [file for file in product_files() if file.relative_to(ROOT).parts[0] != "benchmarks"]
    assert {cache for file in files for cache in caches_of(file)} == BOUNDS.keys()


def test_all_of_them_are_small() -> None:
    bounds = [*BOUNDS.values(), *BOUNDS_OF_OTHERS.values()]
    assert max(bounds) <= 64 * MIB
    assert sum(bounds) <= 320 * MIB


class Texts(Kept[str, str]):
    def __missing__(self, key: str) -> str:
        return self.keep(key, key.upper())

    def size_of(self, key: str, value: str) -> int:
        return len(key) + len(value)


def test_who_fills_a_room_is_emptied() -> None:
    room = Room(20_000)
    modest, greedy = Texts(room), Texts(room)
    assert modest["a"] == "A"
    for number in range(1000):
        greedy[f"{number:050}"]
        assert 0 < room.bytes <= room.bytes_max
        assert room.bytes == modest.bytes + greedy.bytes
    assert (list(modest), modest["a"]) == (["a"], "A")
    assert 0 < len(greedy) < 100


def test_what_is_dropped_makes_room() -> None:
    room = Room(20_000)
    kept = Texts(room)
    for letter in "abc":
        kept[letter]
    kept.drop("b")
    assert sorted(kept) == ["a", "c"]
    assert room.bytes == kept.bytes > 0
    kept.clear()
    assert room.bytes == kept.bytes == 0


@pytest.mark.parametrize("text", ["app", "b\u00fcro", "\u65e5\u672c", "\U0001f980" * 50])
def test_a_text_has_one_size_whatever_is_done_with_it(text: str) -> None:
    own = "".join(list(text))  # nobody else's, who may have asked for its UTF-8 before
    before = bytes_of(own)
    msgspec.json.encode(own)  # asks for its UTF-8, which stays
    assert bytes_of(own) == before >= sys.getsizeof(own)


def host_names(number: int, length: int) -> bytes:
    name = f"app{number}-{'s' * (length - 10)}"
    return f"hostname={name}.example.com site_domain={name}.eu path=/ method=GET".encode()


def pods(number: int, length: int) -> bytes:
    pod, container = f"{number:06}".rjust(length, "p"), f"{number:06}".rjust(length, "\U0001f980")
    return kubernetes_event("x", pod=pod, container=container)


def clusters(number: int, length: int) -> bytes:
    app = f"app{number}".ljust(length, "a")
    return f'{{"upstream_cluster": "outbound|80||{app}.{app[:200]}.svc.local"}}'.encode()


def builds(number: int, length: int) -> bytes:
    return f'{{"metadata": "app{number}{"a" * length}-gs", "message": "x"}}'.encode()


def nobody(_: Origin) -> bool:
    return False


@pytest.mark.parametrize(
    ("topic", "value_of", "length"),
    [
        ("alamoweblogs", host_names, 240),
        ("gs", pods, 255),
        ("istio-access-logs", clusters, 250),
        ("alamobuildlogs", builds, 240),
    ],
)
def test_names_without_end_take_no_more_than_their_room(
    topic: str, value_of: Callable[[int, int], bytes], length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "NAMES_BYTES", MIB)
    decoder = decode.Decoder()
    fullest = 0
    tracemalloc.start()
    try:
        for begin in range(0, 2_500, 250):
            records = records_of([value_of(n, length) for n in range(begin, begin + 250)], topic)
            decoder.wanted_lines_of(records, nobody)
            del records
            used, _ = tracemalloc.get_traced_memory()
            fullest = max(fullest, decoder._room.bytes)
            assert used < decoder._room.bytes + MIB / 4
    finally:
        tracemalloc.stop()
    assert MIB / 2 < fullest <= MIB
    assert not decoder.malformed.counts


@pytest.mark.parametrize(
    ("topic", "value_of", "length", "reason"),
    [
        ("alamoweblogs", host_names, 8000, "no_app_in_hostname"),
        ("alamoweblogs", host_names, 300, "no_app_in_hostname"),
        ("gs", pods, 256, "name_too_long"),
        ("istio-access-logs", clusters, 256, "no_app_in_upstream_cluster"),
        ("alamobuildlogs", builds, 256, "no_app_in_metadata"),
    ],
)
def test_names_that_nobody_can_have_are_nobodys_and_not_kept(
    topic: str, value_of: Callable[[int, int], bytes], length: int, reason: str
) -> None:
    decoder: Any = decode.Decoder()
    assert decoder.lines_of(records_of([value_of(n, length) for n in range(10)], topic)) == []
    assert decoder.malformed.counts == {reason: 10}
    assert decoder._room.bytes == 0
