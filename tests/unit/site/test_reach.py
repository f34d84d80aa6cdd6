"""S3: whose drains and lines a key reaches. However names are cut and joined, nobody else's."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.access import Scope
from events.keys import AppKey, Key, SiteKey
from logshuttle_site.access.callers import KeyHolder, held_by
from logshuttle_site.access.reach import ENTRY_CHARACTERS_MAX, Reach, entry_of

# Few letters, so that names begin with, end in and contain each other all the time.
APPS = st.text("ab-", min_size=1, max_size=4)
SPACES = st.from_regex(r"[ab][ab-]{0,3}", fullmatch=True)
SITES = st.from_regex(r"[ab]{1,3}(\.[ab]{1,3})?", fullmatch=True)
OWNERS = st.one_of(st.builds(AppKey, APPS, SPACES), st.builds(SiteKey, SITES))


@given(app=st.text("ab", min_size=1, max_size=4), space=SPACES, owner=OWNERS)
def test_an_app_is_that_app_alone(app: str, space: str, owner: Key) -> None:
    assert Reach([entry_of(f"app:{app}-{space}")]).covers(owner) is (owner == AppKey(app, space))


@given(app=st.text("ab", max_size=3), space=SPACES, owner=OWNERS)
def test_how_apps_begin_never_goes_on_in_the_space(app: str, space: str, owner: Key) -> None:
    is_one = isinstance(owner, AppKey) and owner.app.startswith(app) and owner.space == space
    assert Reach([entry_of(f"app:{app}*-{space}")]).covers(owner) is is_one


@given(app=st.text("ab", min_size=1, max_size=3), space=SPACES, owner=OWNERS)
def test_how_spaces_begin_is_of_one_app(app: str, space: str, owner: Key) -> None:
    is_one = isinstance(owner, AppKey) and owner.app == app and owner.space.startswith(space)
    assert Reach([entry_of(f"app:{app}-{space}*")]).covers(owner) is is_one


@given(space=SPACES, begins=st.booleans(), owner=OWNERS)
def test_a_space_is_all_of_its_apps_and_no_site(space: str, begins: bool, owner: Key) -> None:
    entry = entry_of(f"space:{space}{'*' * begins}")
    name = owner.space if isinstance(owner, AppKey) else None
    is_one = name is not None and (name.startswith(space) if begins else name == space)
    assert Reach([entry]).covers(owner) is is_one


@given(site=SITES, begins=st.booleans(), owner=OWNERS)
def test_a_site_is_no_app(site: str, begins: bool, owner: Key) -> None:
    entry = entry_of(f"site:{site}{'*' * begins}")
    name = owner.site if isinstance(owner, SiteKey) else None
    is_one = name is not None and (name.startswith(site) if begins else name == site)
    assert Reach([entry]).covers(owner) is is_one


@given(
    owners=st.lists(st.builds(AppKey, st.text("ab", min_size=1, max_size=4), SPACES)), owner=OWNERS
)
def test_several_reach_what_each_reaches(owners: list[AppKey], owner: Key) -> None:
    entries = [entry_of(f"app:{of.app}-{of.space}") for of in owners]
    assert Reach(entries).covers(owner) is (owner in owners)


@given(owner=OWNERS)
def test_everything_is_written_and_nothing_is_nothing(owner: Key) -> None:
    assert Reach([entry_of("*")]).covers(owner)
    assert not Reach([]).covers(owner)


@given(text=st.text(max_size=30) | st.from_regex(r"(app|space|site):[ab*.:-]{0,8}", fullmatch=True))
def test_an_entry_has_one_spelling(text: str) -> None:
    try:
        entry = entry_of(text)
    except ValueError:
        return
    assert entry_of(entry) == entry


@given(entry=st.text(max_size=20), owner=OWNERS)
def test_an_entry_that_nobody_can_read_reaches_nothing(entry: str, owner: Key) -> None:
    """As a newer version may have stored it."""
    if not entry.startswith(("app:", "space:", "site:")) and entry != "*":
        assert not Reach([entry]).covers(owner)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        (" app:shop-demo ", "app:shop-demo"),
        ("app:shop-demo-eu", "app:shop-demo-eu"),
        ("site:WWW.Shop.example.:443", "site:www.shop.example"),
        ("site:WWW.*", "site:www.*"),
        ("space:*", "space:*"),
        ("*", "*"),
    ],
)
def test_entries_are_read_as_people_write_them(text: str, entry: str) -> None:
    assert entry_of(text) == entry


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is none of app:NAME-SPACE, space:NAME, site:NAME, or * for everything"),
        ("shop-demo", "is none of"),
        ("apps:shop-demo", "is none of"),
        ("app:", "is none of"),
        ("**", "is none of"),
        ("app:shop", "names no space: write app:NAME-SPACE"),
        ("app:shop*", "names no space"),
        ("app:shop-", "the space is empty"),
        ("app:-demo", "the app is empty"),
        ("app:s*p-demo", "a * that is not at its end"),
        ("app:shop-d**", "a * that is not at its end"),
        ("space:*demo", "a * that is not at its end"),
        ("space:Demo", "the space may have only a-z"),
        ("space:alamoweblogs", "lines of all apps"),
        ("app:sh op-demo", "the app contains a space"),
        ("app:sh\nop-demo", "control character"),
        ("site:https://www.example.com", "without http:// and path"),
        ("site:.", "the site is empty"),
        ("site:a..", "the site is no host's name"),
        (f"app:{'a' * 256}-demo", "longer than 255"),
    ],
)
def test_what_reaches_nobody_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        entry_of(text)


def test_an_entry_has_a_bound() -> None:
    entry = entry_of(f"app:{'a' * 255}-{'b' * 249}")
    assert len(entry) <= ENTRY_CHARACTERS_MAX


def test_what_scopes_include() -> None:
    assert held_by(["drains"]) == {Scope.DRAINS, Scope.READ}
    assert held_by(["operator"]) == set(Scope) - {Scope.SECRETS}
    assert held_by(["read", "secrets"]) == {Scope.READ, Scope.SECRETS}
    assert held_by(["of a newer version"]) == frozenset()


def test_an_operator_reaches_everybody() -> None:
    holder = KeyHolder("abcdefgh", "ops", held_by(["operator"]), Reach([]))
    assert holder.reaches(AppKey("a", "b"))
    assert holder.reaches(SiteKey("a.example"))
