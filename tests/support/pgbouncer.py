"""A real pgbouncer in front of a PostgreSQL of the tests, in transaction mode."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.support.ports import accepts, free_port
from tests.support.server_process import ServerProcess
from tests.support.servers import requires

_CONFIGURATION = """\
[databases]
* = host={host} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool}
"""


class Pgbouncer(ServerProcess):
    """`database_url`: where it leads. `pool`: connections to there. Its own URL is `url`."""

    def __init__(self, folder: Path, database_url: str, pool: int = 4) -> None:
        super().__init__(folder)
        self.port = free_port()
        self._pool = pool
        self._host = unquote(urlsplit(database_url).hostname or "")
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/{database_url.rpartition('/')[2]}"

    def command(self) -> Sequence[str | Path]:
        file = self.folder / "pgbouncer.ini"
        file.write_text(_CONFIGURATION.format(host=self._host, port=self.port, pool=self._pool))
        # It refuses to be root, and only its owner is let into PostgreSQL's folder.
        as_user = ["-u", Path(self._host).owner()] if getpass.getuser() == "root" else []
        return [requires("pgbouncer"), *as_user, file]

    def ready(self) -> bool:
        return accepts(self.port)
