"""Programs as a strict platform runs them: no folder can be written (not even /tmp), a user that
nobody knows, no home."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import IO

import pytest

from tests.support.processes import RunningProcess, manage, run_process
from tests.support.shuttle import Shuttle

USER = 1000710000
"""As OpenShift gives them out."""

# In a mount namespace of its own, where each mount is read-only. The checkout and the interpreter
# may lie where only their owner reads: the right to read stays.
_SEAL = f"""set -e
mount --make-rprivate /
kept=$1; shift
mount --bind "$kept" "$kept"
while read -r _ _ _ _ place _; do
    case $place in "$kept"|/proc*|/sys*) continue ;; esac
    mount -o remount,bind,ro "$place" 2>/dev/null || :
done </proc/self/mountinfo
exec setpriv --reuid={USER} --regid=0 --clear-groups --inh-caps=-all,+dac_read_search \
    --ambient-caps=-all,+dac_read_search --bounding-set=-all,+dac_read_search \
    env -u HOME -u TMPDIR -u XDG_CACHE_HOME -C / "$@"
"""
_NONE = Path("/proc")
_WRITES = "for at in / /tmp /var/tmp /dev/shm; do ! touch $at/x 2>/dev/null || echo $at; done"


def sealed(args: Sequence[str | Path], writable: Path | None = None) -> list[str | Path]:
    """The command line that runs `args` so. `writable`: a folder that can be written even so. Skips
    the test where the machine has no namespaces."""
    _refuse_unless_sealed()
    return _sealed(args, writable or _NONE)


def _sealed(args: Sequence[str | Path], writable: Path) -> list[str | Path]:
    return ["unshare", "--mount", "bash", "-c", _SEAL, "seal", writable, *args]


@cache
def _refuse_unless_sealed() -> None:
    tried = subprocess.run(_sealed(["sh", "-c", _WRITES], _NONE), capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no mount namespace here: {tried.stderr.strip()}")
    assert tried.stdout == "", "these can be written"
    assert os.getuid() != USER


class SealedShuttle(Shuttle):
    """All of whose processes run so. On SQLite its database's folder can be written."""

    @contextmanager
    def run(self, *command: str, stderr: IO[bytes] | None = None) -> Iterator[RunningProcess]:
        log, database = self._folder / f"{command[0]}.log", self._folder / "database"
        args = sealed(manage(*command), database if database.is_dir() else None)
        with run_process(args, log=log, env=self.environment, stderr=stderr) as process:
            yield process

    def keep_in_a_file(self) -> None:
        """A database that this user may write."""
        folder = self._folder / "database"
        folder.mkdir()
        with closing(Shuttle(folder, "")) as plain:
            plain.migrate()
            self.environment["DATABASE_URL"] = plain.environment["DATABASE_URL"]
        for path in (folder, *folder.iterdir()):
            path.chmod(0o777)
