"""What operators see first, as programs get it (docs/operators.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from drains.models import Drain
from shuttle.commit.rollup_rows import write_figures
from shuttle.commit.store import FeedStatus, Figures, RollupNote, SampleNote, WorkerNote
from shuttle.worker.shortage import OWN_FILES
from tests.contract.conftest import Api, is_problem
from tests.support.reports import write_statuses

HOUR, DAY = 3600, 86_400
NOON = 1_800_014_400.0
ABOUT = WorkerNote("w1", "host-1", "1.0", started_at=NOON - DAY, lines_in=5.0, cpu=0.1)
Later = Callable[[float], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """It is a quarter of a minute after noon, and then so many seconds later."""
    at = datetime.fromtimestamp(NOON + 15, timezone.get_current_timezone())

    def move(seconds: float) -> None:
        nonlocal at
        at += timedelta(seconds=seconds)
        monkeypatch.setattr(timezone, "now", lambda: at)

    move(0)
    return move


def minute(ago: int, talkers: Mapping[str, Any] | None = None, **figures: Any) -> RollupNote:
    return RollupNote("minute", NOON - 60 * ago, figures, talkers or {})


def tell(*rows: RollupNote, about: WorkerNote = ABOUT, **changes: Any) -> None:
    write_figures(Figures(about._replace(**changes), rows))


def make(api: Api, app: str, url: str = "syslog://logs.example.com:514") -> str:
    return str(api.post(f"/apps/{app}-gs/log-drains", {"url": url}).json()["id"])


def report(*ids: str, state: str = "live", error: str = "", **more: Any) -> None:
    statuses = [
        FeedStatus(drain_id, state, error, NOON if error else None, None, lines_sent=1, **more)
        for drain_id in ids
    ]
    write_statuses("w1", statuses)


def overview(api: Api) -> Any:
    answer = api.get("/overview")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_an_empty_system_says_what_to_do_and_that_nothing_is_known(api: Api, later: Later) -> None:
    body = overview(api)
    assert body["head"]["text"].startswith("No drains yet.")
    assert (body["drains"], body["workers"]) == ({"total": 0}, [])
    assert (body["last_minute"], body["last_24_h"]) == (None, None)
    assert set(body["series"]["lost"]) == {None}


def test_all_well(api: Api, later: Later) -> None:
    report(make(api, "gold"), make(api, "lead"))
    row = minute(1, received={"kubernetes": 600}, delivered={"syslog": 1200}, delays=[0, 100])
    tell(row, row._replace(span="hour", begins_at=NOON - HOUR))
    body = overview(api)

    assert body["head"] == {
        "tone": "good",
        "text": "All 2 drains deliver. Nothing lost in 24 h.",
        "detail": "Nothing waits. How long Kafka keeps lines is not known.",
    }
    assert body["drains"] == {"total": 2, "live": 2}
    assert body["last_minute"] == {
        "received_per_second": {"kubernetes": 10},
        "delivered_per_second": {"syslog": 20},
        "delay_p50_seconds": pytest.approx(0.075),
        "delay_p99_seconds": pytest.approx(0.0995),
    }
    assert body["last_24_h"]["received"] == {"kubernetes": 600}
    series = body["series"]
    assert (series["step_seconds"], len(series["received"]["kubernetes"])) == (60, 60)
    assert series["received"]["kubernetes"][-2:] == [None, 10]
    (worker,) = body["workers"]
    assert (worker["host"], worker["state"], worker["lines_in"]) == ("host-1", "working", 5)


def test_one_that_waits_for_its_first_line_delivers_nothing_yet(api: Api, later: Later) -> None:
    report(make(api, "gold"))
    new = make(api, "lead")
    write_statuses("w1", [FeedStatus(new, "live", "", None, None)])
    tell(minute(1, received={"router": 1}))
    assert overview(api)["head"]["text"].startswith(
        "1 drain delivers. 1 drain waits for a first line."
    )


def test_failing_drains_are_one_cause_a_receiver_and_reason(api: Api, later: Later) -> None:
    tell(minute(1, received={"router": 1}))
    same = [make(api, app, "syslog://one.example.com:514") for app in ("gold", "lead", "tin")]
    other = make(api, "gold", "https://two.example.com/x")
    report(*same, state="failing", error="no such host", lag_messages=5)
    later(60)
    report(other, state="failing", error="HTTP 503", lag_messages=7)
    report(*same, state="failing", error="no such host", lag_messages=5)
    paused = make(api, "zinc", "syslog://three.example.com:514")
    report(paused, state="failing", error="no such host")
    api.post(f"/apps/zinc-gs/log-drains/{paused}/pause")
    tell(minute(0, received={"router": 1}))
    later(30)
    tell()
    report(other, *same, state="failing", error="no such host", lag_messages=5)
    body = overview(api)

    said = "4 of 5 drains fail (2 receivers). 1 drain paused."
    assert body["head"]["text"] == f"Lines flow. {said} Losses not known yet."
    assert body["head"]["tone"] == "error"
    causes = body["needs_you"]["failing"]
    shown = [(c["receiver"], c["why"], c["drains"], c["owners"], c["behind"]) for c in causes]
    assert shown == [
        ("one.example.com:514", "no such host", 3, 3, 15),
        ("two.example.com:443", "no such host", 1, 1, 5),
    ]
    assert causes[0]["since"] < causes[1]["since"]
    assert body["drains"] == {"total": 5, "failing": 4, "paused": 1}
    assert body["behind"] == {"lines": 20, "drains": 4}


def test_the_drain_that_loses_lines_first_is_named(api: Api, later: Later) -> None:
    gold, lead = make(api, "gold"), make(api, "lead")
    report(gold, state="replaying", lag_messages=5, lag_seconds=7 * DAY - 4 * HOUR)
    report(lead, state="replaying", lag_messages=5, lag_seconds=60)
    tell(minute(1, received={"router": 1}), retention_ms={"gs": 7 * DAY * 1000, "x": None})
    body = overview(api)

    assert body["retention_seconds"] == 7 * DAY
    assert body["head"]["tone"] == "error"
    assert "Lines will be lost in 4\u00a0h: gold-gs waits for 6\u00a0d" in body["head"]["text"]
    assert [(each["owner"], each["seconds_left"]) for each in body["needs_you"]["waiting"]] == [
        ("gold-gs", 4 * HOUR),
        ("lead-gs", 7 * DAY - 60),
    ]


def test_a_short_retention_is_no_alarm_while_lines_are_young(api: Api, later: Later) -> None:
    report(make(api, "gold"), state="replaying", lag_messages=5, lag_seconds=60)
    tell(minute(1, received={"router": 1}), retention_ms={"gs": 6 * HOUR * 1000})
    body = overview(api)
    assert body["head"]["tone"] == "info"
    assert body["needs_you"]["waiting"][0]["seconds_left"] == 6 * HOUR - 60


def test_what_a_worker_said_that_is_gone_is_no_cause_any_more(api: Api, later: Later) -> None:
    gold = make(api, "gold")
    failing = FeedStatus(gold, "failing", "no such host", NOON, None, lag_seconds=50.0)
    write_statuses("died", [failing._replace(lag_messages=5, lines_sent=1)])
    later(60)
    report(gold, state="failing", error="HTTP 503", lag_messages=7, lag_seconds=5.0)
    tell()
    needs = overview(api)["needs_you"]
    assert [(of["why"], of["drains"], of["behind"]) for of in needs["failing"]] == [
        ("HTTP 503", 1, 7)
    ]
    assert [round(each["seconds"]) for each in needs["waiting"]] == [5]


def test_a_worker_of_the_version_before_is_known_by_what_it_says_of_drains(
    api: Api, later: Later
) -> None:
    report(make(api, "gold"))
    body = overview(api)
    assert body["drains"] == {"total": 1, "live": 1}
    assert body["head"]["tone"] == "warn"
    assert body["head"]["text"].startswith("No figures yet.")


def test_how_long_is_left_is_not_guessed(api: Api, later: Later) -> None:
    report(make(api, "gold"), state="replaying", lag_messages=5, lag_seconds=60)
    tell(minute(1, received={"router": 1}), retention_ms={"gs": None})
    body = overview(api)
    assert body["needs_you"]["waiting"][0]["seconds_left"] is None
    assert body["head"]["text"].startswith("Lines flow. 1 drain catches up.")
    assert "is not known" in body["head"]["detail"]


def test_without_a_worker_that_is_all_that_counts(api: Api, later: Later) -> None:
    gold = make(api, "gold")
    report(gold, state="failing", error="no such host", lag_messages=3)
    tell(minute(1, received={"router": 1}))
    later(31)
    body = overview(api)

    assert body["head"]["tone"] == "alarm"
    assert body["head"]["text"].startswith("No worker has reported since")
    assert body["drains"] == {"total": 1, "unknown": 1}
    assert body["last_minute"] is None
    (worker,) = body["workers"]
    assert (worker["state"], worker["cpu"], worker["memory_bytes"]) == ("gone", None, None)
    assert len(body["needs_you"]["failing"]) == 1, "as it was said last"


def test_a_worker_that_ended_in_order_is_not_missed_and_one_that_died_is(
    api: Api, later: Later
) -> None:
    report(make(api, "gold"))
    tell(name="died")
    tell(name="ended", has_ended=True)
    later(45)
    report(Drain.objects.get().pk.hex)
    tell(minute(0, received={"router": 1}))
    later(15)
    tell()
    body = overview(api)
    assert {worker["name"]: worker["state"] for worker in body["workers"]} == {
        "died": "gone",
        "w1": "working",
    }
    assert body["head"]["text"].startswith("Lines flow with 1 of 2 workers.")
    assert body["head"]["tone"] == "warn"


def test_partitions_that_nobody_reads_are_said_once_no_rebalance_is_under_way(
    api: Api, later: Later
) -> None:
    def told() -> Any:
        tell(name="w2", assignment={"gs": ("6-7", 8), "b": ("0", 1)}, assigned_since=NOON - 60)
        tell(name="gone", has_ended=True, assignment={"gs": ("0-7", 8)}, assigned_since=NOON)
        return overview(api)["needs_you"]["ownerless_partitions"]

    some = {"gs": ("0-3,5", 8), "router": ("", 2), "b": ("", 1)}
    tell(assignment=some, assigned_since=NOON)
    assert told() == []
    later(15)
    assert told() == [
        {"topic": "gs", "partitions": "4", "count": 1},
        {"topic": "router", "partitions": "0-1", "count": 2},
    ]
    tell(name="w0")
    assert told() == [], "one of the version before may have them"


def test_without_a_worker_no_partition_is_missed_beside_it(api: Api, later: Later) -> None:
    tell(assignment={"gs": ("", 8)}, assigned_since=NOON)
    later(60)
    assert overview(api)["needs_you"]["ownerless_partitions"] == []


def test_lines_that_were_lost_are_said(api: Api, later: Later) -> None:
    report(make(api, "gold"))
    row = minute(1, received={"router": 1}, lost={"refused": 1204}, malformed={"not JSON": 3})
    tell(row, row._replace(span="hour", begins_at=NOON - HOUR))
    body = overview(api)
    assert body["head"]["text"] == "Lines flow. 1,204 lines lost in 24 h."
    assert body["last_24_h"]["lost"] == {"refused": 1204}
    assert (body["series"]["lost"][-1], body["series"]["malformed"][-1]) == (1204, 3)


def test_kinds_of_malformed_records_have_counts_where_somebody_has_told(
    api: Api, later: Later
) -> None:
    samples = [SampleNote("gs", 0, at, reason, "x") for at, reason in enumerate(["a", "a", "b"])]
    write_figures(Figures(ABOUT, (), samples))
    assert {kind["reason"]: kind["count"] for kind in overview(api)["malformed"]} == {
        "a": None,
        "b": None,
    }
    for ago in (1, 2, 25):
        tell(RollupNote("hour", NOON - HOUR * ago, {"malformed": {"a": 600}}, {}))
    kinds = overview(api)["malformed"]
    assert {kind["reason"]: (kind["samples"], kind["count"]) for kind in kinds} == {
        "a": (2, 1200),
        "b": (1, 0),
    }


def test_who_talks_most_and_who_fell_silent(api: Api, later: Later) -> None:
    report(make(api, "gold"))
    apps = {"gold-gs": [30, 3000], "lead-gs": [60, 60], "other": [10, 1]}
    heard = {"gs": 5}
    day = {"gs": 20_000, "quiet": 14_400, "rare": 100}
    for ago in range(12):
        tell(minute(ago + 1, {"apps": apps, "topics": heard}, received={"router": 1}))
    read = dict.fromkeys(day)
    tell(RollupNote("hour", NOON - HOUR, {}, {"apps": apps, "topics": day}), retention_ms=read)
    body = overview(api)

    assert [(each["owner"], each["lines"]) for each in body["talkers"]["24_h"]] == [
        ("lead-gs", 60),
        ("gold-gs", 30),
    ]
    assert body["talkers"]["5_min"][0] == {
        "owner": "lead-gs",
        "lines": 300,
        "bytes": 300,
        "share": 0.6,
    }
    assert body["needs_you"]["silent_topics"] == [{"topic": "quiet", "a_minute": 10}]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({1: 5}, "1 drain delivers."),
        ({1: 0, 2: 5}, "No figures yet."),
        ({1: 0, 2: 0, 3: 0, 4: 0, 5: 7}, "1 drain delivers."),
        ({1: 0, 2: 0, 3: 0, 4: 0, 5: 0}, "No line has come in for 5 min."),
        ({2: 5}, "No figures yet."),
    ],
)
@pytest.mark.parametrize("over", ["1h", "7d"])
def test_that_nothing_comes_in_is_said_once_it_is_known(
    api: Api, later: Later, told: dict[int, int], said: str, over: str
) -> None:
    report(make(api, "gold"))
    tell(*(minute(ago, received={"router": lines}) for ago, lines in told.items()))
    assert api.get(f"/overview?range={over}").json()["head"]["text"].startswith(said)


@pytest.mark.parametrize(
    ("wanted", "steps", "step"), [("1h", 60, 60), ("24h", 144, 600), ("7d", 168, 3600)]
)
def test_series_go_back_as_far_as_is_asked(
    api: Api, later: Later, wanted: str, steps: int, step: int, django_assert_num_queries: Any
) -> None:
    report(make(api, "gold"))
    row = minute(1, received={"router": 60})
    tell(row, row._replace(span="hour", begins_at=NOON - HOUR))
    with django_assert_num_queries(8):
        body = api.get(f"/overview?range={wanted}").json()
    series = body["series"]
    assert (series["step_seconds"], len(series["received"]["router"])) == (step, steps)
    last = series["received"]["router"][-1]
    assert last == (pytest.approx(60 / 3600) if wanted == "7d" else 1)
    assert body["last_24_h"]["received"] == {"router": 60}
    assert body["last_minute"]["received_per_second"] == {"router": 1}


@pytest.mark.parametrize("wanted", ["", "2h", "x" * 5000])
def test_a_range_that_is_none_is_refused(api: Api, wanted: str) -> None:
    assert (
        "is none of 1h, 24h, 7d" in is_problem(api.get(f"/overview?range={wanted}"), 400)["detail"]
    )


def test_changes_are_told(api: Api, later: Later) -> None:
    gold = make(api, "gold")
    report(gold)
    later(70)
    report(gold, state="failing", error="connection refused")
    newest, first = overview(api)["events"]
    assert (newest["what"], newest["state"], newest["why"]) == (
        "state",
        "failing",
        "connection refused",
    )
    assert (first["what"], first["owner"], first["drain"]) == ("made", "gold-gs", gold)


def test_it_asks_eight_times_however_much_there_is(
    api: Api, later: Later, django_assert_num_queries: Any
) -> None:
    report(*(make(api, f"app{n}") for n in range(5)), state="failing", error="x", lag_seconds=1.0)
    for ago in range(5):
        tell(minute(ago, received={"router": 1}), retention_ms={"gs": 1})
    with django_assert_num_queries(8):
        overview(api)


def test_it_is_the_operators_alone(with_authorization: Any) -> None:
    is_problem(with_authorization(None).get("/overview"), 401)


def test_more_drains_than_a_worker_has_files_or_ports_are_said(api: Api, later: Later) -> None:
    def short() -> Any:
        return overview(api)["needs_you"]["shortages"]

    for app in ("gold", "lead", "iron"):
        make(api, app)
    tell(open_files_max=OWN_FILES + 3, local_ports=3)
    assert short() == []
    tell(open_files_max=OWN_FILES + 2, local_ports=2)
    files, ports = short()
    assert (files["what"], files["has"], files["needs"]) == ("open files", OWN_FILES + 2, 3)
    assert (ports["what"], ports["has"], ports["needs"]) == ("local ports", 2, 3)
    assert ports["receiver"].endswith(":514")
