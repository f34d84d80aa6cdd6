"""Web, worker, receivers, traffic and drains: started in order, ended in reverse."""

from __future__ import annotations

import asyncio
import os
import shlex
import sqlite3
import sys
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack, closing
from pathlib import Path

import aiohttp

from events.process.progress import Progress
from logshuttle_site.demo.certificate import certificate_in
from logshuttle_site.demo.client import DemoClient
from logshuttle_site.demo.demo_keys import OPERATOR, demo_keys_in, say_address
from logshuttle_site.demo.news import News, follow
from logshuttle_site.demo.parts import LOOK_SECONDS, Parts
from logshuttle_site.demo.ports import HOST, DemoPorts
from logshuttle_site.demo.receivers import Receivers
from logshuttle_site.demo.screen import Screen, Welcome
from logshuttle_site.demo.traffic.records import APPS
from logshuttle_site.demo.traffic.traffic import make_topics, write_lines

WEB_SECONDS = 60.0
RENEW_SECONDS = 0.5
_TIMEOUT = aiohttp.ClientTimeout(total=30)


class Demo:
    """Owns the programs of a demo, but for Kafka, which has to run already."""

    def __init__(self, folder: Path, ports: DemoPorts, progress: Progress, screen: Screen) -> None:
        self._folder = folder.absolute()
        self._ports = ports
        self._progress = progress
        self._screen = screen
        self._url = f"http://{HOST}:{ports.web}"
        self._metrics_url = f"http://{HOST}:{ports.metrics}/metrics"
        self._database = self._folder / "logshuttle.sqlite3"
        self._keys = demo_keys_in(self._folder)
        self._began = time.monotonic()

    async def run(self, bootstrap: str) -> None:
        """Until cancelled. Raises what kept a part from starting, or ended it."""
        kafka = {"bootstrap.servers": bootstrap}
        tls, ca = certificate_in(self._folder)
        receivers = Receivers(self._ports.receivers, tls, self._screen.show)
        async with AsyncExitStack() as stack:
            self._progress.say("making topics")
            await asyncio.to_thread(make_topics, kafka)
            stack.push_async_callback(receivers.stop)
            await receivers.start()
            parts = Parts(self._folder, self._environment(bootstrap))
            # In a thread: the receivers still answer, or the worker would wait for them.
            stack.push_async_callback(asyncio.to_thread, parts.stop)
            http = await stack.enter_async_context(aiohttp.ClientSession(timeout=_TIMEOUT))
            client = DemoClient(http, self._url, self._keys.auth_key)
            await self._start(parts, client)
            await client.have_drains(self._ports.receivers, ca)
            news = News(await client.open_tail())
            stack.callback(say_address, self._folder, "")
            say_address(self._folder, self._url)
            seconds = time.monotonic() - self._began
            self._progress.done(f"All is up after {seconds:.0f} s. Ctrl-C ends it.")
            self._screen.begin(self._welcome(), news)
            stack.callback(self._screen.end)
            await _first_that_ends(
                write_lines(kafka),
                receivers.breaking.run(),
                follow(news, client, self._metrics_url),
                parts.watch(),
                self._renew(),
            )

    def _environment(self, bootstrap: str) -> dict[str, str]:
        return {
            **os.environ,
            "DEBUG": "1",
            "AUTH_KEY": self._keys.auth_key,
            "SECRET_KEY": self._keys.secret_key,
            "KAFKA_HOSTS": bootstrap,
            "DATABASE_URL": f"sqlite:///{self._database}",
            "PORT": str(self._ports.web),
            "METRICS_PORT": str(self._ports.metrics),
        }

    async def _start(self, parts: Parts, client: DemoClient) -> None:
        self._progress.say("preparing the database")
        await asyncio.to_thread(parts.call, "migrate", "--verbosity", "0")
        if not _has_operator(self._database):
            secrets = {"DJANGO_SUPERUSER_PASSWORD": self._keys.password}
            words = ("createsuperuser", "--noinput", "--username", OPERATOR, "--email", "")
            await asyncio.to_thread(parts.call, *words, secrets=secrets)
        self._progress.say("starting web and worker")
        parts.start("runweb", "--host", HOST)
        # Whoever deletes the demo's database keeps its Kafka, which serves nobody else.
        parts.start("runshuttle", "--take-over-group")
        async with asyncio.timeout(WEB_SECONDS):
            while not await client.is_up():
                parts.check()
                await asyncio.sleep(LOOK_SECONDS)

    def _welcome(self) -> Welcome:
        key = self._keys.auth_key
        app = APPS[0].key
        drains = f"$D/apps/{app}/log-drains"
        breaks = f"http://{HOST}:{self._ports.receivers['http']}/break"
        return Welcome(
            addresses=(
                ("Admin", f"{self._url}/  {OPERATOR} {self._keys.password}"),
                ("API", f"{self._url}/api/docs"),
                ("Logs", f"{os.path.relpath(self._folder)}  {self._metrics_url}"),
            ),
            commands=(
                f"export AUTH_KEY={key} D={self._url}",
                f'curl -sH "Authorization: $AUTH_KEY" {drains} | python3 -m json.tool',
                f"{_our_front()} tail {app} --url $D",
                f"curl -X POST {breaks}",
            ),
            notes=self._ports.moved,
        )

    async def _renew(self) -> None:
        while True:
            self._screen.renew()
            await asyncio.sleep(RENEW_SECONDS)


def _our_front() -> str:
    """How to call our commands here, in another terminal that stands in the same folder."""
    script = Path(sys.executable).with_name("logshuttle")
    if script.exists():
        return shlex.quote(os.path.relpath(script))
    manage = os.path.relpath(Path(__file__).parents[2] / "manage.py")
    return shlex.join([os.path.relpath(sys.executable), manage])


async def _first_that_ends(*parts: Coroutine[None, None, None]) -> None:
    """Raises what it has raised; the others are cancelled."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _has_operator(database: Path) -> bool:
    """Of a run before: to ask Django costs two seconds."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT 1 FROM auth_user WHERE username = ?", (OPERATOR,))
        return found.fetchone() is not None
