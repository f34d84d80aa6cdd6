"""One answer for all workers, whichever of them hangs or is away."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from events.process.local_places import address_of, new_places
from events.process.probe_client import ask, ask_readiness
from events.process.probes import OwnAnswers, always, serve_probes
from shuttle.process.merged_metrics import merged
from shuttle.process.supervisor import Supervisor
from shuttle.process.supervisor_probes import WorkersAnswers

READY = {"assignment": True, "kafka": True}


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    made = Supervisor(["true"], 3, 1)
    yield made
    made.close()


async def no_checks() -> dict[str, bool]:
    return {}


def answers_of(
    checks: Mapping[str, bool] = READY, lines: int = 0, beside: Mapping[str, Any] | None = None
) -> OwnAnswers:
    registry = CollectorRegistry()
    Counter("lines", "How many.", ["reason"], registry=registry).labels('a "b"\n\\').inc(lines)

    async def found() -> dict[str, bool]:
        return dict(checks)

    return OwnAnswers(always(registry), found, lambda: beside or {})


@asynccontextmanager
async def serving(supervisor: Supervisor, **answers: OwnAnswers) -> AsyncIterator[WorkersAnswers]:
    """`w0=…`: what worker 0 answers; one that is left out is away."""
    async with AsyncExitStack() as stack:
        for name, own in answers.items():
            place = supervisor.places[name.removeprefix("w")]
            await stack.enter_async_context(serve_probes(own, place))
        yield WorkersAnswers(supervisor)


def series(text: bytes) -> dict[tuple[str, str | None], float]:
    return {
        (sample.name, sample.labels.get("worker")): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


async def test_metrics_have_the_worker_and_our_own(supervisor: Supervisor) -> None:
    async with serving(supervisor, w0=answers_of(lines=3), w2=answers_of(lines=5)) as answers:
        text = await answers.metrics()

    found = series(text)
    assert found["lines_total", "0"] == 3
    assert found["lines_total", "2"] == 5
    assert ("lines_total", "1") not in found
    assert found["logshuttle_workers", None] == 0
    assert found["logshuttle_log_lines_dropped_total", "supervisor"] == 0
    assert found["logshuttle_log_lines_dropped_total", "0"] == 0
    assert found["logshuttle_worker_restarts_total", "1"] == 0
    assert text.count(b"# TYPE lines_total counter") == 1
    assert rb'reason="a \"b\"\n\\"' in text


async def test_every_kind_of_metric_survives_the_merge() -> None:
    registry = CollectorRegistry()
    Histogram("took_seconds", "Time\n# HELP is {odd}.", registry=registry).observe(1.5)
    Gauge("lag", "Late.", registry=registry).set(float("inf"))
    Gauge("drains", "By state.", ["state"], registry=registry)
    odd = 'x"} 1\n# HELP y \\ {,}= \u2028'
    Counter("lines", "Of apps.", ["app"], registry=registry).labels(odd).inc(7)
    text = (await OwnAnswers(always(registry), no_checks).metrics()).decode()

    whole = list(text_string_to_metric_families(merged({"0": text, "1": text})))

    alone = list(text_string_to_metric_families(text))
    assert len({family.name for family in whole}) == len(whole) == len(alone)
    for family, one in zip(whole, alone, strict=True):
        assert (family.name, family.documentation, family.type) == (
            one.name,
            one.documentation,
            one.type,
        )
        assert family.samples == [
            sample._replace(labels={"worker": worker, **sample.labels})
            for worker in "01"
            for sample in one.samples
        ]


def test_nothing_merged_is_nothing() -> None:
    assert merged({}) == merged({"0": ""}) == ""


async def test_ready_when_every_worker_is(supervisor: Supervisor) -> None:
    good = answers_of()
    async with serving(supervisor, w0=good, w1=good, w2=good) as answers:
        ready, told = await answers.readiness()

    assert ready
    assert told["checks"] == {"workers": True, **READY}
    assert told["workers"] == {"0": READY, "1": READY, "2": READY}


async def test_not_ready_when_one_is_not_or_is_away(supervisor: Supervisor) -> None:
    without_kafka = {"assignment": True, "kafka": False}
    async with serving(supervisor, w0=answers_of(), w1=answers_of(without_kafka)) as answers:
        ready, told = await answers.readiness()

    assert not ready
    assert told["checks"] == {"workers": False, "assignment": True, "kafka": False}
    assert told["workers"] == {"0": READY, "1": without_kafka, "2": None}


async def test_it_is_told_what_each_worker_waits_for(supervisor: Supervisor) -> None:
    waits = {"database": "it takes no writes", "cursors_of": {"gs": "0-3"}}
    waiting = answers_of({"cursors": False}, beside={"waits_for": waits})
    async with serving(supervisor, w0=answers_of(), w1=waiting, w2=answers_of()) as answers:
        _, told = await answers.readiness()

    assert told["workers"]["1"] == {"cursors": False}
    assert told["waits_for"] == {"1": waits}


async def test_one_without_partitions_is_ready_while_another_has_some(
    supervisor: Supervisor,
) -> None:
    spare = {"assignment": False, "kafka": True}
    async with serving(
        supervisor, w0=answers_of(), w1=answers_of(spare), w2=answers_of(spare)
    ) as answers:
        ready, _ = await answers.readiness()
    async with serving(
        supervisor, w0=answers_of(spare), w1=answers_of(spare), w2=answers_of(spare)
    ) as answers:
        none_has_any, _ = await answers.readiness()

    assert ready
    assert not none_has_any


async def test_one_that_hangs_holds_up_nobody(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("CHECKS_SECONDS", "METRICS_SECONDS"):
        monkeypatch.setattr(f"shuttle.process.supervisor_probes.{limit}", 1)

    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(address_of(supervisor.places["1"]))
        hanging.listen()
        async with serving(supervisor, w0=answers_of(lines=3), w2=answers_of()) as answers:
            _, told = await answers.readiness()
            found = series(await answers.metrics())

    assert told["workers"] == {"0": READY, "1": None, "2": READY}
    assert found["lines_total", "0"] == 3


async def test_a_file_takes_the_place_of_one_that_a_killed_worker_left(tmp_path: Path) -> None:
    place = str(tmp_path / "0")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(place)

    async with serve_probes(answers_of({"kafka": False}), place):
        body = await ask("/readyz", place, 5)

    assert body is not None
    assert json.loads(body) == {"status": "not ready", "checks": {"kafka": False}}


async def test_who_is_another_user_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    (place,) = new_places(1)
    async with serve_probes(answers_of(lines=3), place):
        assert b"lines_total" in (await ask("/metrics", place, 5) or b"")
        monkeypatch.setattr("events.process.probes.is_ours", lambda _: False)
        assert await ask_readiness(place, 5) is None
        assert await ask("/metrics", place, 5) == b"this is between processes of one user\n"


async def test_who_is_another_user_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    (place,) = new_places(1)
    async with serve_probes(answers_of(), place):
        assert await ask_readiness(place, 5) is not None
        monkeypatch.setattr("events.process.probe_client.is_ours", lambda _: False)
        assert await ask_readiness(place, 5) is None
        assert await ask("/metrics", place, 5) is None


async def test_a_worker_that_cannot_say_what_it_is_ready_for_is_as_one_that_is_away(
    supervisor: Supervisor,
) -> None:
    async def failing() -> dict[str, bool]:
        raise ValueError("of ours")

    broken = OwnAnswers(always(CollectorRegistry()), failing)
    async with serving(supervisor, w0=answers_of(), w1=broken, w2=answers_of()) as answers:
        ready, told = await answers.readiness()

    assert not ready
    assert told["workers"] == {"0": READY, "1": None, "2": READY}
