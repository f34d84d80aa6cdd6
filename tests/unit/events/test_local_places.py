"""Where processes of one machine meet: in memory on Linux, elsewhere in a folder of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from events.process.local_places import address_of, forget_places, new_places


def test_in_memory_there_are_no_files() -> None:
    places = new_places(2)
    assert len({*places, *new_places(2)}) == 4
    assert [address_of(place)[0] for place in places] == ["\0", "\0"]
    forget_places(places)


def test_elsewhere_there_is_a_folder_that_goes_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    places = new_places(2)

    (folder,) = tmp_path.iterdir()
    assert [Path(address_of(place)).parent for place in places] == [folder, folder]
    assert folder.stat().st_mode & 0o777 == 0o700
    forget_places(places)
    assert not folder.exists()
