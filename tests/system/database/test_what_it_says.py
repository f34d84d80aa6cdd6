"""What a real PostgreSQL says besides an answer, one thing after the other, to one web process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.support.broker import Broker
from tests.support.shuttle import Shuttle, served
from tests.support.stores import Postgres

ROLE = "shuttle_of_the_tests"
DRAINS = "/apps/gold-gs/log-drains"
RAISES = """
CREATE SEQUENCE times;
CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('times') <= {times} THEN RAISE EXCEPTION 'as it says it' USING ERRCODE = '{state}';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER say BEFORE INSERT ON drains_drain FOR EACH ROW EXECUTE FUNCTION say();
GRANT ALL ON SEQUENCE times TO {role}
"""
IS_WELL = "DROP FUNCTION IF EXISTS say CASCADE; DROP SEQUENCE IF EXISTS times"


@pytest.fixture
def role(postgres: Postgres, database_url: str) -> Iterator[str]:
    """One that is no superuser, who may do anything at any time. Its URL."""
    postgres.run(f"CREATE ROLE {ROLE} LOGIN")
    tell(database_url, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE}")
    tell(database_url, f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {ROLE}")
    yield database_url.replace("postgres@", f"{ROLE}@")
    tell(database_url, f"DROP OWNED BY {ROLE}")
    postgres.run(f"DROP ROLE {ROLE}")


def tell(url: str, statement: str) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


def posted(shuttle: Shuttle, port: int) -> int:
    answer = shuttle.api.post(DRAINS, json={"url": f"syslog://127.0.0.1:{port}"}, timeout=20)
    if answer.status_code == 503:
        assert answer.headers["Retry-After"]
        assert answer.json()["detail"].startswith("the database ")
    return answer.status_code


def test_each_is_a_503_with_its_reason_or_tried_again(
    tmp_path: Path, kafka: Broker, postgres: Postgres, database_url: str, role: str
) -> None:
    name = database_url.rpartition("/")[2]
    renamed = "ALTER TABLE drains_drain RENAME COLUMN {} TO {}"
    faults = {
        "has no room left": (RAISES.format(state="53100", times=9, role=ROLE), IS_WELL),
        "does not let us do this": (
            f"REVOKE INSERT ON drains_drain FROM {ROLE}",
            f"GRANT INSERT ON drains_drain TO {ROLE}",
        ),
        "has no connection left": (
            f'ALTER DATABASE "{name}" CONNECTION LIMIT 0',
            f'ALTER DATABASE "{name}" CONNECTION LIMIT -1',
        ),
        "lacks a table or a column": (
            renamed.format("severity", "gravity"),
            renamed.format("gravity", "severity"),
        ),
        "had to choose": (RAISES.format(state="40P01", times=9, role=ROLE), IS_WELL),
    }
    more = {"DATABASE_URL": role, "RATE_LIMITS": "off"}
    with served(tmp_path, kafka.bootstrap, more, is_migrated=True) as shuttle:
        for port, (said, (begin, end)) in enumerate(faults.items(), 20_000):
            tell(database_url, begin)
            assert [posted(shuttle, port) for _ in range(2)] == [503, 503], said
            tell(database_url, end)
            assert posted(shuttle, port) == 201, said
        tell(database_url, RAISES.format(state="40001", times=3, role=ROLE))
        assert posted(shuttle, 30_000) == 201
        assert len(shuttle.api.get(DRAINS).json()) == len(faults) + 1
        assert shuttle.api.get("/readyz").status_code == 200
        output = shuttle.web.output()
        for said in faults:
            assert output.count(f"[error    ] The database {said}") == 1, said
        assert "Traceback" not in output
        assert "Service Unavailable" not in output
