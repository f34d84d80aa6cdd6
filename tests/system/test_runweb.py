"""The web process, for real."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.broker import Broker
from tests.support.processes import manage, run_process
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle

NO_KAFKA = "127.0.0.1:1"


@pytest.fixture
def shuttle(tmp_path: Path) -> Iterator[Shuttle]:
    made = Shuttle(tmp_path, NO_KAFKA)
    yield made
    made.close()


def test_it_serves_and_stops_in_order(shuttle: Shuttle) -> None:
    shuttle.migrate()
    web = shuttle.start_web()

    assert shuttle.api.get("/apps/gold-gs/log-drains").json() == []
    style = shuttle.api.get("/static/admin/css/base.css")
    assert (style.status_code, style.headers["content-type"][:8]) == (200, "text/css")
    made = httpx.post(  # as a proxy that is asked, it gets the target in absolute form
        "http://other_host:1/log-sessions/",
        json={"app": "gold", "space": "gs"},
        headers=shuttle.api.headers,
        proxy=str(shuttle.api.base_url),
    )
    assert made.json()["logplex_url"].startswith("http://other_host:1/log-sessions/")
    assert web.terminate() == 0
    assert "Traceback" not in web.output()


def test_without_a_database_it_says_so_in_its_answers(shuttle: Shuttle) -> None:
    shuttle.start_web()

    assert "database_check=failed" in shuttle.api.get("/octhc").text
    assert shuttle.api.get("/readyz").status_code == 503
    assert shuttle.api.get("/apps/gold-gs/log-drains").status_code == 503


def test_with_the_database_away_it_says_so_and_serves(shuttle: Shuttle) -> None:
    web = shuttle.start_web()
    assert web.output().count("`manage.py migrate` has not run") == 1

    for path in ("/admin/", "/admin/drains/drain/", "/apps/gold-gs/log-drains"):
        answer = shuttle.api.get(path, headers={"Cookie": f"sessionid={'a' * 32}"})
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.status_code == 503
    assert "Traceback" not in web.output()
    shuttle.migrate()
    assert shuttle.api.get("/apps/gold-gs/log-drains").json() == []


def test_a_body_is_json_whatever_its_type_and_also_in_chunks(shuttle: Shuttle) -> None:
    shuttle.migrate()
    shuttle.start_web()
    for app, kind in (
        ("multi", "multipart/form-data; boundary=x"),
        ("form", "application/x-www-form-urlencoded"),
        ("xml", "text/xml"),
    ):
        headers, path = {"Content-Type": kind}, f"/apps/{app}-gs/log-drains"

        whole = shuttle.api.post(path, content=b'{"url": "syslog://h:1514"}', headers=headers)
        chunks = iter([b'{"url": ', b'"syslog://h:2514"}'])
        in_chunks = shuttle.api.post(path, content=chunks, headers=headers)

        assert (whole.status_code, in_chunks.status_code) == (201, 201), kind
        large = iter([b"x" * 300_000])
        assert shuttle.api.post(path, content=large, headers=headers).status_code == 413, kind


@pytest.mark.parametrize("database", [pytest.param("sqlite", marks=pytest.mark.slow), "postgres"])
def test_of_many_at_once_one_makes_the_drain(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    postgres = database == "postgres"
    urls = {"DATABASE_URL": request.getfixturevalue("postgres_url")} if postgres else {}
    shuttle = Shuttle(tmp_path, NO_KAFKA, urls)
    shuttle.migrate()
    shuttle.start_web()

    def make(_: int) -> httpx.Response:
        return shuttle.api.post("/apps/gold-gs/log-drains", json={"url": "syslog://h:1514"})

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(make, range(16)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    assert len({answer.json()["id"] for answer in answers}) == 1
    shuttle.close()


def test_only_tails_take_websockets(shuttle: Shuttle) -> None:
    web = shuttle.start_web()
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }

    assert shuttle.api.get("/apps/gold-gs/log-drains", headers=upgrade).status_code == 403
    dropped = shuttle.api.get("/log-sessions/some-id/ws")
    assert (dropped.status_code, dropped.headers["Upgrade"]) == (426, "websocket")
    assert "Traceback" not in web.output()


def test_health_is_good_with_all_there(tmp_path: Path, kafka: Broker, redis_url: str) -> None:
    shuttle = Shuttle(tmp_path, kafka.bootstrap, {"REDIS_URL": redis_url})
    shuttle.migrate()
    shuttle.start_web()

    assert shuttle.api.get("/octhc").text == "overall_status=good"
    shuttle.close()


@pytest.mark.slow
def test_drains_live_in_postgres(tmp_path: Path, postgres_url: str) -> None:
    shuttle = Shuttle(tmp_path, NO_KAFKA, {"DATABASE_URL": "", "POSTGRES_URL": postgres_url})
    shuttle.migrate()
    shuttle.start_web()

    made = shuttle.add_drain("gold-gs", "syslog://h:514")
    twin = shuttle.api.post("/apps/gold-gs/log-drains", json={"url": "syslog://h:514"})

    assert shuttle.api.get("/apps/gold-gs/log-drains").json() == [made]
    assert (twin.status_code, twin.json()["id"]) == (409, made["id"])
    shuttle.close()


def test_a_taken_port_is_named(shuttle: Shuttle, receiver: Receivers) -> None:
    taken = str(receiver().port)

    with shuttle.run("runweb", "--host", "127.0.0.1", "--port", taken) as web:
        assert web.wait() == 1
        assert f"PORT {taken}: " in web.output()
        assert "Traceback" not in web.output()


def test_wrong_settings_stop_the_start_with_one_list(tmp_path: Path) -> None:
    wrong = {"PORT": "x", "KAFKA_HOSTS": "a:b:c", "SECRET_KEY_FILE": "/no/such/file"}

    with run_process(manage("runweb"), log=tmp_path / "log", env=wrong) as web:
        assert web.wait() == 2
        for name in ("PORT", "KAFKA_HOSTS", "SECRET_KEY_FILE", "AUTH_KEY"):
            assert f"{name}: " in web.output()
        assert "Traceback" not in web.output()


def test_a_web_for_sessions_only_has_no_drains(tmp_path: Path) -> None:
    shuttle = Shuttle(tmp_path, NO_KAFKA, {"RUN_SESSION": "true"})
    shuttle.migrate()
    shuttle.start_web()

    assert shuttle.api.get("/apps/gold-gs/log-drains").status_code == 404
    assert shuttle.api.get("/admin/").status_code == 404
    with pytest.raises(httpx.HTTPStatusError):
        shuttle.api.get("/readyz").raise_for_status()
    shuttle.close()


def test_with_kafka_away_probes_answer_in_time(shuttle: Shuttle) -> None:
    shuttle.migrate()
    shuttle.start_web()

    octhc = shuttle.api.get("/octhc", timeout=5)
    assert (octhc.status_code, octhc.text) == (200, "overall_status=bad,kafka_check=failed")
    ready = shuttle.api.get("/readyz", timeout=5)
    assert (ready.status_code, ready.json()["checks"]) == (503, {"database": True, "kafka": False})
    assert shuttle.api.head("/readyz", timeout=5).content == b""
    assert shuttle.api.get("/livez", timeout=1).status_code == 200
