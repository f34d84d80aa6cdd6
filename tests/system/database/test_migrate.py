"""`migrate`, several at once, and where it cannot work."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.processes import RunningProcess, manage, run_process
from tests.support.stores import Postgres


def migrate(stack: ExitStack, folder: Path, url: str, number: int = 0) -> RunningProcess:
    log, command = folder / f"{number}.log", manage("migrate", "--verbosity", "0")
    return stack.enter_context(run_process(command, log=log, env={"DATABASE_URL": url}))


@pytest.mark.parametrize("kind", ["postgres", "sqlite"])
@pytest.mark.parametrize("count", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_of_several_one_works_and_the_others_wait(
    count: int, kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    is_sqlite = kind == "sqlite"
    url = (
        f"sqlite:///{tmp_path}/a.sqlite3" if is_sqlite else request.getfixturevalue("postgres_url")
    )
    with ExitStack() as stack:
        all_of_them = [migrate(stack, tmp_path, url, number) for number in range(count)]
        assert [each.wait(100) for each in all_of_them] == [0] * count
        said = [each.output().count("Another migrate is at work") for each in all_of_them]
        assert max(said) <= 1
        assert not any("Traceback" in each.output() for each in all_of_them)


def test_what_keeps_it_from_working_is_one_line(tmp_path: Path, postgres: Postgres) -> None:
    read_only = postgres.create()
    name = read_only.rpartition("/")[2]
    postgres.run(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    wrong = {
        postgres.url("nosuch"): 'the database nosuch does not let us in: .*"nosuch" does not exist',
        "postgres://me@127.0.0.1:1/x": "the database x is away: .*Connection refused",
        read_only: f"the database {name} takes no writes: ",
    }
    with ExitStack() as stack:
        started = [migrate(stack, tmp_path, url, n) for n, url in enumerate(wrong)]
        for process, said in zip(started, wrong.values(), strict=True):
            assert process.wait(60) == 1
            last = process.output().strip().splitlines()[-1]
            assert last.startswith("CommandError: "), last
            assert re.search(said, last), last
            assert "Traceback" not in process.output()
            assert "has not run" not in process.output()
    postgres.drop(read_only)
