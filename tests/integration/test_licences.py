"""What we ship beside our own: each version is pinned, each licence is known and lets us."""

from __future__ import annotations

import re

from tests.support.licences import licence_of, needed, pins, table, written

ALLOWED = re.compile(
    r"MIT|MIT-0|BSD([- ][23]-Clause)?|Apache-2\.0|PSF-2\.0|ISC|MPL-2\.0|0BSD|Unlicense|ZPL-2\.1"
    r"|TCL|LGPL(-3\.0-(only|or-later))?"
)


def test_what_is_installed_is_what_is_pinned() -> None:
    pinned = pins("constraints.txt") | pins("requirements.txt")
    installed = {name: of.version for name, of in needed().items()}

    assert len(installed) > 30
    assert {name: v for name, v in installed.items() if pinned.get(name) != v} == {}


def test_each_licence_is_known_and_lets_us() -> None:
    found = {name: licence_of(of) for name, of in needed().items()}
    odd = {
        name: licence
        for name, licence in found.items()
        if not all(ALLOWED.fullmatch(part.strip("() ")) for part in re.split(" OR | AND ", licence))
    }
    assert odd == {}


def test_the_list_is_committed() -> None:
    assert written() == table(), "python -m tests.support.licences writes it anew"
