"""What `tail` wants: a key and a URL, of its options, the environment, or the demo beside it."""

from __future__ import annotations

import json
import tomllib
from argparse import Namespace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from logshuttle_site.demo.demo_keys import demo_keys_in, running_demo, say_address
from logshuttle_site.front import COMMANDS, DJANGOS, main, overview
from logshuttle_site.terminal.options import asked_of, parsed
from tests.support.processes import ROOT

KEY = {"AUTH_KEY": "of-the-environment"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".demo"


def read(*words: str, **environ: str) -> Namespace:
    return parsed(["shop-demo", *words], environ, "tail")


@pytest.mark.parametrize(
    ("words", "environ", "url"),
    [
        ((), {}, "http://127.0.0.1:5000"),
        ((), {"PORT": "8080"}, "http://127.0.0.1:8080"),
        ((), {"PORT": "8080", "SESSION_URL": "https://tail.example"}, "https://tail.example"),
        (("--url", "http://there"), {"PORT": "8080"}, "http://there"),
    ],
)
def test_where_it_reads(words: tuple[str, ...], environ: dict[str, str], url: str) -> None:
    options = read(*words, **KEY, **environ)
    assert (options.url, options.key) == (url, KEY["AUTH_KEY"])


def test_a_demo_beside_it_gives_both_until_it_ends(folder: Path) -> None:
    folder.mkdir()
    keys = demo_keys_in(folder)
    assert demo_keys_in(folder) == keys
    say_address(folder, "http://127.0.0.1:5007")

    options = read()
    assert (options.url, options.key) == ("http://127.0.0.1:5007", keys.auth_key)
    assert read("--key", "mine").key == "mine"
    with pytest.raises(SystemExit):
        read("--url", "http://elsewhere")  # which is not told the demo's key

    say_address(folder, "")
    assert running_demo(folder) is None


def test_a_damaged_file_of_the_demo_is_none(folder: Path) -> None:
    folder.mkdir()
    say_address(folder, "http://127.0.0.1:5007")
    for text in ("{", "[]", json.dumps({"other": 1})):
        (folder / "keys.json").write_text(text)
        assert running_demo(folder) is None


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["shop-demo"], "no key: set AUTH_KEY, or give --key"),
        (["shop", "--key", "k"], "'shop' names no space"),
        (["shop-demo", "--key", "k", "--url", "there"], "has to begin with http"),
        (["shop-demo", "--key", "k", "--regex", "("], "'(' is no pattern: "),
        (["shop-demo", "--key", "k", "--level", "errors"], "'errors' is none of error, warn"),
        (["site:http://x", "--key", "k"], "without http:// and path"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    words: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(words, {}, "tail")
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert why in said
    assert said.count("\n") == 1


def test_the_server_is_asked_for_what_it_can_look_for() -> None:
    words = ("--source", "app,router", "--process", "web", "--stream", "stderr", "--text", "x")
    assert asked_of(read(*words, "--no-tail", "--lines", "7", **KEY)) == {
        "app": "shop",
        "space": "demo",
        "lines": 7,
        "tail": False,
        "source": ["app", "router"],
        "process": ["web"],
        "stream": ["stderr"],
        "q": "x",
    }


def test_the_front_has_a_line_on_each_of_our_commands() -> None:
    files = ROOT.glob("*/**/management/commands/*.py")
    ours = {
        file.stem for file in files if not file.relative_to(ROOT).parts[0].startswith(".venv")
    } - {"__init__"}
    assert set(COMMANDS) | {"migrate"} == ours | {"tail"}  # Django's, which ours does alone
    for name in (*COMMANDS, *DJANGOS):
        assert f"\n  {name} " in overview()


def test_the_console_script_is_the_front() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert EntryPoint("logshuttle", named["logshuttle"], "").load() is main
