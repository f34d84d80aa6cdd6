"""Kafka, web, worker, receiver, traffic and a first drain: started in order, ended in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
from django.core.management.base import OutputWrapper

from events.devkafka.broker import DevKafka
from events.process.progress import Progress
from logshuttle_site.demo.demo_keys import OPERATOR, DemoKeys, demo_keys_in, say_address
from logshuttle_site.demo.parts import PartFailedError, Parts
from logshuttle_site.demo.receiver import ShowingReceiver
from logshuttle_site.demo.traffic import APPS, write_lines

LOOK_SECONDS = 0.2
WEB_SECONDS = 30.0


@dataclass(frozen=True)
class DemoPorts:
    web: int
    metrics: int
    kafka: int
    receiver: int

    _SETTINGS = {
        "web": "--port or PORT",
        "metrics": "--metrics-port or METRICS_PORT",
        "kafka": "--kafka-port",
        "receiver": "--receiver-port",
    }

    def refuse_taken(self) -> None:
        """Raises OSError naming the first that something else listens on, and its setting."""
        for name, port in asdict(self).items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    setting = self._SETTINGS[name]
                    raise OSError(f"port {port} is taken: choose another with {setting}") from error


class Demo:
    """Owns the programs of a demo, started in order and ended in reverse."""

    def __init__(
        self, folder: Path, ports: DemoPorts, progress: Progress, out: OutputWrapper
    ) -> None:
        self._folder = folder.absolute()
        self._ports = ports
        self._progress = progress
        self._out = out

    async def run(self) -> None:
        """Until cancelled. Raises what kept a part from starting, or ended it."""
        self._ports.refuse_taken()
        self._folder.mkdir(parents=True, exist_ok=True)
        keys = demo_keys_in(self._folder)
        kafka = DevKafka(
            data_dir=self._folder / "kafka", port=self._ports.kafka, progress=self._progress.say
        )
        receiver = ShowingReceiver(self._show)
        with kafka, contextlib.ExitStack() as stack:
            port = await receiver.start(self._ports.receiver)
            stack.callback(receiver.stop)
            parts = Parts(self._folder, self._environment(keys, kafka.bootstrap))
            stack.callback(self._progress.say, "stopping")
            stack.callback(parts.stop)
            await self._start(parts, keys)
            await self._add_first_drain(keys, port)
            self._welcome(keys, tail_url=await self._open_tail(keys))
            say_address(self._folder, self._url)
            stack.callback(say_address, self._folder, "")
            await self._let_run(parts, kafka.bootstrap)

    def _environment(self, keys: DemoKeys, bootstrap: str) -> dict[str, str]:
        return {
            **os.environ,
            "DEBUG": "1",
            "AUTH_KEY": keys.auth_key,
            "SECRET_KEY": keys.secret_key,
            "KAFKA_HOSTS": bootstrap,
            "DATABASE_URL": f"sqlite:///{self._folder / 'logshuttle.sqlite3'}",
            "PORT": str(self._ports.web),
            "METRICS_PORT": str(self._ports.metrics),
        }

    async def _start(self, parts: Parts, keys: DemoKeys) -> None:
        self._progress.say("preparing the database")
        await asyncio.to_thread(parts.call, "migrate", "--verbosity", "0")
        await asyncio.to_thread(_ensure_operator, parts, keys.password)
        self._progress.say("starting web and worker")
        parts.start("runweb", "--host", "127.0.0.1")
        # Whoever deletes the demo's database keeps its Kafka, which serves nobody else.
        parts.start("runshuttle", "--take-over-group")
        async with asyncio.timeout(WEB_SECONDS):
            while not await self._web_answers():
                parts.check()
                await asyncio.sleep(LOOK_SECONDS)

    async def _web_answers(self) -> bool:
        try:
            async with aiohttp.request("GET", f"{self._url}/livez") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def _add_first_drain(self, keys: DemoKeys, port: int) -> None:
        """Through the REST API, as a user would. 409: it is there since the last run."""
        async with aiohttp.request(
            "POST",
            f"{self._url}/apps/{APPS[0]}/log-drains",
            headers={"Authorization": keys.auth_key},
            json={"url": f"syslog://127.0.0.1:{port}"},
        ) as answer:
            if answer.status not in (201, 409):
                raise OSError(f"no first drain: {answer.status} {await answer.text()}")

    async def _open_tail(self, keys: DemoKeys) -> str:
        async with aiohttp.request(
            "POST",
            f"{self._url}/log-sessions",
            headers={"Authorization": keys.auth_key},
            json={"app": APPS[0].app, "space": APPS[0].space},
        ) as answer:
            if answer.status != 201:
                raise OSError(f"no tail: {answer.status} {await answer.text()}")
            url: str = (await answer.json())["logplex_url"]
            return url

    def _welcome(self, keys: DemoKeys, tail_url: str) -> None:
        self._progress.done("All is up. Ctrl-C ends it.")
        self._print(f"""
  API      {self._url}/apps/{APPS[0]}/log-drains
  Admin    {self._url}/admin/       user {OPERATOR}, password {keys.password}
  Tail     {tail_url}
           of {APPS[0]}, for a browser or curl -N: within 5 minutes, then for an hour
  Metrics  http://127.0.0.1:{self._ports.metrics}/metrics
  Logs     {self._folder}

Try, in another terminal: see the drains of {APPS[0]}, and add one for {APPS[1]}

  curl -H 'Authorization: {keys.auth_key}' {self._url}/apps/{APPS[0]}/log-drains
  curl -H 'Authorization: {keys.auth_key}' {self._url}/apps/{APPS[1]}/log-drains \\
       -d '{{"url": "syslog://127.0.0.1:{self._ports.receiver}"}}'

What the receiver gets:
""")

    async def _let_run(self, parts: Parts, bootstrap: str) -> None:
        writing = asyncio.create_task(write_lines({"bootstrap.servers": bootstrap}))
        try:
            while not writing.done():
                parts.check()
                await asyncio.sleep(LOOK_SECONDS)
            writing.result()
        finally:
            writing.cancel()

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._ports.web}"

    def _show(self, record: str) -> None:
        self._print(record)

    def _print(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def _ensure_operator(parts: Parts, password: str) -> None:
    command = ("createsuperuser", "--noinput", "--username", OPERATOR, "--email", "")
    try:
        parts.call(*command, secrets={"DJANGO_SUPERUSER_PASSWORD": password})
    except PartFailedError as error:
        if "already taken" not in str(error):  # else it is the last run's
            raise
