"""What `make run` says when it cannot install."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from logshuttle_site.demo import install
from tests.support.licences import pins


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("Could not fetch URL: SSLError(SSLCertVerificationError(1, ...", "PIP_CERT="),
        ("WARNING: Retrying ... NewConnectionError('<pip...", "is there a network?"),
        ("a\nb\nERROR: No matching distribution found for x==1", "No matching distribution"),
    ],
)
def test_pips_words_come_to_one_sentence(output: str, said: str) -> None:
    assert said in install.why_not(output)


def test_an_old_python_is_told_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    monkeypatch.setattr(sys, "argv", ["install.py", str(tmp_path / "venv")])
    assert install.main() == 1
    assert "3.11 or newer is needed: make run PYTHON=" in capsys.readouterr().err
    assert not (tmp_path / "venv").exists()


def test_what_running_needs_is_pinned_and_less_than_development() -> None:
    pinned = pins("constraints.txt")
    for name, version in pins("requirements-demo.txt").items():
        assert pinned[name] == version
    assert install._JDK in pinned
    assert "playwright" not in pins("requirements-demo.txt", "requirements.txt")
