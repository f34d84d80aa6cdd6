"""Keys that change: all that is encrypted gets under the newest, and no owner has a URL twice."""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils.crypto import salted_hmac

from drains import rotation, services
from drains.destination import Destination
from drains.errors import TwinDrainError
from drains.fields import Encrypted
from drains.models import Drain, Installation
from drains.url_digests import url_digests_of
from events.keys import AppKey
from logshuttle_site.access.known_keys import holder_of
from logshuttle_site.management.commands import rotatesecrets
from logshuttle_site.notifications.models import Recipient
from tests.support import keys as api_keys

GOLD, BOLD = AppKey("gold", "gs"), AppKey("bold", "gs")
URL = "https://t0k3n@logs.example/in"

pytestmark = pytest.mark.django_db


def new_key() -> str:
    return Fernet.generate_key().decode()


def rotated() -> tuple[str, str]:
    """What it said: of rows, and of those that are odd."""
    out, err = StringIO(), StringIO()
    try:
        call_command("rotatesecrets", stdout=out, stderr=err, skip_checks=True)
    except CommandError as error:
        err.write(f"{error} ({error.returncode})")
    return out.getvalue(), err.getvalue()


@pytest.fixture
def keys(settings: Any) -> list[str]:
    """The old one, and the new one in front of it; rows are under the old one."""
    old = settings.FIELD_ENCRYPTION_KEYS
    services.create_drain(GOLD, URL, headers={"X-Key": "s3cret"}, begin=())
    services.create_drain(BOLD, "syslog://h:514", begin=())
    Recipient.objects.create(address="https://hooks.example/x", shown="x", secret="whsec_x")
    settings.FIELD_ENCRYPTION_KEYS = [new_key(), *old]
    return [settings.FIELD_ENCRYPTION_KEYS[0], *old]


def test_older_keys_can_go_when_all_is_under_the_newest(keys: list[str], settings: Any) -> None:
    said, odd = rotated()

    assert "drains: 2, 2 written anew" in said
    assert "recipients: 1, 1 written anew" in said
    assert odd == ""
    settings.FIELD_ENCRYPTION_KEYS = keys[:1]
    drain = Drain.objects.get(app="gold")
    assert drain.plain_url == URL
    assert dict(drain.options.headers) == {"X-Key": "s3cret"}
    assert drain.url_digest == url_digests_of(Destination.parse(URL))[0]
    recipient = Recipient.objects.get()
    assert isinstance(recipient.address, Encrypted)
    assert isinstance(recipient.secret, Encrypted)
    assert recipient.address.reveal() == "https://hooks.example/x"
    assert recipient.secret.reveal() == "whsec_x"


def test_a_second_time_there_is_nothing_to_do(keys: list[str]) -> None:
    rotated()
    before = list(Drain.objects.order_by("pk").values())

    said, odd = rotated()

    assert "drains: 2, 0 written anew" in said
    assert "recipients: 1, 0 written anew" in said
    assert odd == ""
    assert list(Drain.objects.order_by("pk").values()) == before


def test_keys_that_hang_on_an_older_secret_key_are_named(settings: Any) -> None:
    text = api_keys.new_key("read")
    assert rotated()[1] == ""
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret key of the tests"

    assert f"key {api_keys.row_of(text)}: made under a SECRET_KEY of before" in rotated()[1]
    assert holder_of(text)
    assert rotated()[1] == ""


def test_workers_have_nothing_to_read_again(keys: list[str]) -> None:
    before = dict(Drain.objects.values_list("pk", "changed"))
    rotated()
    assert dict(Drain.objects.values_list("pk", "changed")) == before


def test_a_row_that_nobody_can_read_is_named_and_stays(keys: list[str], settings: Any) -> None:
    lost = Fernet(new_key()).encrypt(b"s3cret").decode()
    drain = Drain.objects.get(app="bold")
    Drain.objects.filter(pk=drain.pk).update(
        url=Encrypted(lost), stored_options=json.dumps({"headers": lost})
    )

    said, odd = rotated()

    assert "drains: 2, 1 written anew" in said
    assert f"drain {drain.pk} (bold-gs → syslog://h:514): its URL cannot be read" in odd
    assert f"drain {drain.pk} (bold-gs → syslog://h:514): its options cannot be read" in odd
    assert odd.endswith("(1)")
    assert "s3cret" not in odd
    assert Drain.objects.get(pk=drain.pk).url == lost


def test_it_goes_in_portions(keys: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "_ROWS_AT_ONCE", 3)
    for number in range(7):
        services.create_drain(GOLD, f"https://h/{number}", begin=())

    said, _ = rotated()

    assert "drains: 9, 2 written anew" in said


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("out", "seconds", "told"),
    [(Terminal(), 10.0, ["3", "6"]), (StringIO(), 10.0, []), (StringIO(), 0.0, ["3", "6"])],
)
def test_long_work_says_how_far_it_is(
    out: StringIO,
    seconds: float,
    told: list[str],
    keys: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each portion to a terminal, and to a log each so many seconds."""
    monkeypatch.setattr(rotation, "_ROWS_AT_ONCE", 3)
    monkeypatch.setattr(rotatesecrets, "TOLD_SECONDS", seconds)
    for number in range(5):
        services.create_drain(GOLD, f"https://h/{number}", begin=())

    call_command("rotatesecrets", stdout=out, skip_checks=True)

    said = out.getvalue()
    assert re.findall(r"drains: (\d) of 7 so far, \d written anew\n", said) == told
    assert "drains: 7, 2 written anew" in said


def test_it_can_be_interrupted_and_run_again(
    keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "_ROWS_AT_ONCE", 1)
    renew, renewed = Drain.renew_secrets, list[Any]()

    def renew_one(drain: Drain) -> None:
        if renewed:
            raise KeyboardInterrupt
        renewed.append(drain.pk)
        renew(drain)

    with monkeypatch.context() as patch:
        patch.setattr(Drain, "renew_secrets", renew_one)
        _, odd = rotated()

    assert odd == "Interrupted. What was written stays: run it again for the rest. (130)"
    assert "drains: 2, 1 written anew" in rotated()[0]


def test_a_twin_that_is_made_meanwhile_ends_nothing(
    keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a drain whose digest nobody knows: it was made under a key that is no more."""
    first = Drain.objects.get(app="gold")
    Drain.objects.filter(pk=first.pk).update(url_digest="0" * 64)
    write = rotation._write

    def write_late(*args: Any) -> list[Any]:
        if Drain.objects.filter(app="gold").count() == 1:
            services.create_drain(GOLD, URL, begin=())
        return write(*args)

    monkeypatch.setattr(rotation, "_write", write_late)

    said, odd = rotated()

    assert re.search(r"drains: [23], 2 written anew", said)
    assert odd.count("of its owner has the same URL") == 1
    assert f"drain {first.pk}" in odd
    assert Drain.objects.get(pk=first.pk).url_digest == "0" * 64
    assert Drain.objects.get(pk=first.pk).plain_url == URL


@pytest.mark.parametrize(
    ("changes", "url", "key"),
    [
        ({"url": "https://after/"}, "https://after/", "s3cret"),
        ({"headers": {"X-Key": "n3w"}}, URL, "n3w"),
        ({"name": "new"}, URL, "s3cret"),
    ],
)
def test_what_somebody_changes_meanwhile_stays_and_is_written_anew_too(
    changes: dict[str, Any],
    url: str,
    key: str,
    keys: list[str],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever changes a part of it leaves the others as they are, under the old key."""
    renew, changed = Drain.renew_secrets, list[Any]()

    def renewed(drain: Drain) -> None:
        if drain.app == "gold" and not changed:
            changed.append(drain.pk)
            now = Drain.objects.get(pk=drain.pk)
            services.change_drain(now, sees_secrets=True, **changes)
        renew(drain)

    monkeypatch.setattr(Drain, "renew_secrets", renewed)

    said, _ = rotated()

    assert re.search(r"drains: 2, [12] written anew", said)
    settings.FIELD_ENCRYPTION_KEYS = keys[:1]
    drain = Drain.objects.get(app="gold")
    assert drain.plain_url == url
    assert dict(drain.options.headers) == {"X-Key": key}
    assert drain.name == changes.get("name", "")


# No twins, whatever key a digest was made with.


def test_a_url_is_known_again_while_keys_change(keys: list[str]) -> None:
    with pytest.raises(TwinDrainError):
        services.create_drain(GOLD, URL, begin=())
    other = services.create_drain(GOLD, "https://other/", begin=())
    with pytest.raises(TwinDrainError):
        services.change_drain(other, url=URL)
    services.change_drain(Drain.objects.get(app="gold", host="logs.example"), url=URL)


@pytest.mark.parametrize("secret", ["as it is", "as it was"])
def test_a_url_is_known_again_that_the_version_before_has_written(
    secret: str, settings: Any
) -> None:
    drain = services.create_drain(GOLD, URL, begin=())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "as it is", ["as it was"]
    meant = "\0".join(Destination.parse(URL).canonical)
    former = salted_hmac("drains.url", meant, secret, algorithm="sha256").hexdigest()
    Drain.objects.filter(pk=drain.pk).update(url_digest=former)

    with pytest.raises(TwinDrainError):
        services.create_drain(GOLD, URL, begin=())
    rotated()

    assert Drain.objects.get().url_digest == url_digests_of(Destination.parse(URL))[0]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", []
    with pytest.raises(TwinDrainError):
        services.create_drain(GOLD, URL, begin=())


def test_who_has_a_url_twice_is_told_and_both_go_on(keys: list[str]) -> None:
    twin = services.create_drain(GOLD, "https://other/", begin=())
    Drain.objects.filter(pk=twin.pk).update(
        url=Encrypted(Drain.objects.get(host="logs.example").url)
    )

    _, odd = rotated()

    assert odd.count("of its owner has the same URL") == 1
    assert Drain.objects.filter(app="gold").count() == 2


# Keys that are made of SECRET_KEY.


def test_what_is_written_during_an_upgrade_can_be_read_by_the_version_before(
    settings: Any,
) -> None:
    """Until `rotatesecrets`, which tells that no process of that version is left."""
    newest, former = new_key(), new_key()
    settings.FIELD_ENCRYPTION_KEYS, settings.FORMER_ENCRYPTION_KEY = [newest, former], former
    Installation.objects.create(public_id="x", has_former_key=True)
    drain = services.create_drain(GOLD, URL, headers={"X-Key": "s3cret"}, begin=())
    settings.FIELD_ENCRYPTION_KEYS = [former]
    found = Drain.objects.get()
    assert found.plain_url == URL
    assert dict(found.options.headers) == {"X-Key": "s3cret"}

    settings.FIELD_ENCRYPTION_KEYS = [newest, former]
    assert "drains: 1, 1 written anew" in rotated()[0]
    services.change_drain(drain, name="changed", headers={"X-Key": "another"})

    settings.FIELD_ENCRYPTION_KEYS = [newest]
    assert Drain.objects.get().plain_url == URL
    assert dict(Drain.objects.get().options.headers) == {"X-Key": "another"}


def test_a_new_installation_needs_no_former_key(settings: Any) -> None:
    newest, former = new_key(), new_key()
    settings.FIELD_ENCRYPTION_KEYS, settings.FORMER_ENCRYPTION_KEY = [newest, former], former
    Installation.objects.create(public_id="x")

    services.create_drain(GOLD, URL, begin=())

    settings.FIELD_ENCRYPTION_KEYS = [newest]
    assert Drain.objects.get().plain_url == URL
