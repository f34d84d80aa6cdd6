"""All keys change under load, step by step, with a rolling restart at each: nobody notices, and
nothing is left under the old ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from cryptography.fernet import Fernet, InvalidToken

from tests.support.admin_page import PASSWORD
from tests.support.broker import Broker
from tests.support.crew import Crew
from tests.support.front_door import FrontDoor, SteadyCalls
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.outcome import all_arrive
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle
from tests.support.steady_load import SteadyLoad
from tests.support.waiting import wait_until

PARTITIONS = 8
CALLS_PER_SECOND = 20
OLD, NEW = ({"field": Fernet.generate_key().decode(), "letter": letter} for letter in "on")
SECRET = {"X-Key": "s3cret"}


def told(*sets: dict[str, str]) -> dict[str, str]:
    """The environment with the first of these in use, and the others behind it."""
    first, *others = [of["letter"] for of in sets]
    return {
        "FIELD_ENCRYPTION_KEYS": ",".join(of["field"] for of in sets),
        "SECRET_KEY": first * 40,
        "SECRET_KEY_FALLBACKS": ",".join(letter * 40 for letter in others),
        "AUTH_KEY": auth_key(sets[0]),
        "AUTH_KEY_FALLBACKS": ",".join(map(auth_key, sets[1:])),
    }


def auth_key(of: dict[str, str]) -> str:
    return f"auth-{of['letter'] * 40}"


class Client:
    """Who calls: with AUTH_KEY, with a key of their own, and in the admin as who has logged in."""

    def __init__(self, shuttle: Shuttle, path: str) -> None:
        self._shuttle, self._path = shuttle, path
        self._number = 0
        self.auth_key = auth_key(OLD)
        self.own_key, self.prefix = self._made("create", "steady", "--scope", "operator")

    def take_new_keys(self) -> None:
        self.auth_key, before = auth_key(NEW), self.prefix
        self.own_key, self.prefix = self._made("rotate", before)
        self._apikeys("revoke", before)

    def read(self, client: httpx.Client, base: str) -> httpx.Response:
        return client.get(base + self._path, headers={"Authorization": self.auth_key})

    def read_by_own_key(self, client: httpx.Client, base: str) -> httpx.Response:
        return client.get(base + self._path, headers={"Authorization": self.own_key})

    def write(self, client: httpx.Client, base: str) -> httpx.Response:
        self._number += 1
        body = {"headers": {**SECRET, "X-Number": str(self._number)}}
        return client.patch(base + self._path, json=body, headers={"Authorization": self.auth_key})

    def look(self, client: httpx.Client, base: str) -> httpx.Response:
        """Who was logged out is led to the log-in: a 302."""
        if "sessionid" not in client.cookies:
            page = f"{base}/admin/login/"
            client.get(page)
            token = client.cookies["csrftoken"]
            values = {"username": "op", "password": PASSWORD, "csrfmiddlewaretoken": token}
            answer = client.post(page, data=values)
            if answer.status_code != 302:
                return answer
        return client.get(f"{base}/admin/drains/drain/")

    def _made(self, *command: str) -> tuple[str, str]:
        """The key and its prefix."""
        made = json.loads(self._apikeys(*command))
        return made["key"], made["prefix"]

    def _apikeys(self, action: str, *args: str) -> str:
        with self._shuttle.run("apikeys", action, "--json", *args) as running:
            assert running.wait() == 0, running.output()
            return _json_in(running.output())


def _json_in(output: str) -> str:
    """Its last object or list: the log stands in the same file."""
    found: list[str] = re.findall(r"^[\[{]\n.*?^[\]}]$", output, re.MULTILINE | re.DOTALL)
    return found[-1]


def ciphertexts(url: str) -> Iterator[str]:
    """All that stand anywhere in the database."""
    with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            for (row,) in cursor.fetchall():
                yield from re.findall(r"gAAAAA[\w=-]{50,}", row)


def opens(key: str, text: str) -> bool:
    try:
        Fernet(key).decrypt(text.encode())
    except InvalidToken:
        return False
    return True


def rotated(shuttle: Shuttle) -> str:
    with shuttle.run("rotatesecrets") as rotating:
        assert rotating.wait() == 0, rotating.output()
        return rotating.output()


def doctor_says(shuttle: Shuttle) -> str:
    """Of keys."""
    with shuttle.run("doctor", "--json") as looking:
        looking.wait()
        found = json.loads(_json_in(looking.output()))
    return "\n".join(each["said"] for each in found["checks"]["Keys"])


class Stage:
    def __init__(self, stack: ExitStack, shuttle: Shuttle) -> None:
        self._shuttle = shuttle
        self.door = stack.enter_context(closing(FrontDoor(shuttle)))
        self.crew = stack.enter_context(closing(Crew(shuttle)))

    def start_workers(self) -> None:
        """Once there is a drain: they read no topic before."""
        for _ in range(2):
            self.crew.join()

    def roll(self, **environment: str) -> None:
        """All processes get these settings, one after the other."""
        self._shuttle.environment |= environment
        self.start_workers()
        self.door.restart_all()
        wait_until(self.work, 60, "the new workers work")
        for _ in range(2):
            assert self.crew.leave() == 0

    def work(self) -> bool:
        """Those that came last."""
        return all(self.crew.partitions()[-2:])


@pytest.fixture
def shuttle(tmp_path: Path, kafka: Broker, postgres_url: str) -> Iterator[Shuttle]:
    environment = {"DATABASE_URL": postgres_url, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    with closing(Shuttle(tmp_path, kafka.bootstrap, {**environment, **told(OLD)})) as made:
        made.migrate()
        with made.run("createsuperuser", "--noinput", "--username", "op", "--email", "") as making:
            assert making.wait() == 0, making.output()
        yield made


@pytest.mark.slow  # of one key in the fast ones: test_changing_keys.py
@pytest.mark.timeout(420)
@pytest.mark.parametrize(
    "rate",
    [pytest.param(200, id="small"), pytest.param(1_000, id="full")],
)
def test_all_keys_change_under_load_and_nobody_notices(
    rate: int,
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
    postgres_url: str,
) -> None:
    space, sink, run = kafka.create(topic(), PARTITIONS), receiver(), new_run()
    with ExitStack() as stack:
        shuttle.environment |= told(OLD, NEW)
        stage = Stage(stack, shuttle)
        path, drain, other = _drains_of(stage, f"gold-{space}", sink.url)
        stage.start_workers()
        wait_until(stage.work, 60, "the workers work")
        client = Client(shuttle, other)
        calls = {
            "read": client.read,
            "write": client.write,
            "own key": client.read_by_own_key,
            "admin": client.look,
        }
        load = stack.enter_context(
            SteadyLoad(kafka.bootstrap, space, run, partitions=PARTITIONS, per_second=rate)
        )
        asking = stack.enter_context(SteadyCalls(stage.door, calls, CALLS_PER_SECOND))
        stage.roll(**told(NEW, OLD))
        client.take_new_keys()
        for _ in range(2):  # the second time there is nothing to do
            said = rotated(shuttle)
        assert said.count("drains: 2, 0 written anew") == 1
        assert "Nothing uses key 2 of FIELD" in doctor_says(shuttle)
        stage.roll(**told(NEW))
        asking.stop()
        produced = load.stop()

        print(f"{asking.answered} answered, {sum(produced.values())} lines")
        assert asking.failed == []
        assert min(asking.answered.values()) > 20
        all_arrive(sink, run, produced)
        with stage.door.base() as base:
            _ends_well(base, path, drain, sink.url)
        found = list(ciphertexts(postgres_url))
        assert len(found) >= 3
        assert all(opens(NEW["field"], text) for text in found)
        assert not any(opens(OLD["field"], text) for text in found)
        while len(stage.crew):
            assert stage.crew.leave() == 0


def _drains_of(stage: Stage, app: str, url: str) -> tuple[str, str, str]:
    """Their list's path, the id of the one that gets the load, the path of one with secrets."""
    path = f"/apps/{app}/log-drains"
    key = {"Authorization": auth_key(OLD)}
    bodies: list[dict[str, Any]] = [
        {"url": url},
        {"url": "https://me:pw@127.0.0.1:9443/in", "headers": SECRET, "paused": True},
    ]
    with stage.door.base() as base:
        made = [httpx.post(base + path, json=body, headers=key) for body in bodies]
    assert [answer.status_code for answer in made] == [201, 201], made[-1].text
    drain, other = (answer.json()["id"] for answer in made)
    return path, drain, f"{path}/{other}"


def _ends_well(base: str, path: str, drain: str, url: str) -> None:
    key = {"Authorization": auth_key(NEW)}
    assert httpx.get(f"{base}{path}/{drain}", headers=key).json()["lines_lost"] == 0
    twin = httpx.post(base + path, json={"url": url}, headers=key)
    assert twin.status_code == 409, twin.text
    old = httpx.get(base + path, headers={"Authorization": auth_key(OLD)})
    assert old.status_code == 401
