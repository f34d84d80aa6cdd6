from pathlib import Path

import pytest

from tests.support.servers import requires


def test_a_missing_server_skips_on_a_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-thing is not installed"):
        requires("no-such-thing")


def test_a_missing_server_fails_where_ci_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"Debian package thing"):
        requires("no-such-thing", "thing")


def test_a_daemon_outside_the_path_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    daemon = tmp_path / "somethingd"
    daemon.write_text("#!/bin/sh\n")
    daemon.chmod(0o755)
    monkeypatch.setattr("tests.support.servers._DAEMONS", (str(tmp_path),))
    assert requires("somethingd") == daemon
