"""What the doctor says of keys while they change, step by step."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command

from drains import keys_in_use, services
from drains.fields import Encrypted
from drains.models import Drain
from events.key_names import key_names
from events.keys import AppKey
from logshuttle_site.doctor.findings import Verdict
from logshuttle_site.doctor.keys import keys
from logshuttle_site.notifications.models import Recipient
from sessions_app import tail_rows
from sessions_app.tail.teller import TailFigures
from shuttle.commit.rollup_rows import write_figures
from shuttle.commit.store import Figures, WorkerNote
from shuttle.models import Worker

pytestmark = pytest.mark.django_db

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))
FIELD = "FIELD_ENCRYPTION_KEYS"
NEXT = "if it is new it can come to the front, if it is old it can go"


def told(verdict: Verdict | None = None) -> str:
    """Without how long keys are."""
    found = [each for each in keys() if verdict in (None, each.verdict)]
    return "\n".join(each.said for each in found if " characters" not in each.said)


def rotate() -> None:
    call_command("rotatesecrets", stdout=StringIO(), skip_checks=True)


class Fleet:
    """Processes that have told of themselves under the settings of that moment."""

    def __init__(self, settings: Any) -> None:
        self._settings = settings
        self.worker()
        self.web()

    def worker(self, name: str = "host:1:a") -> None:
        write_figures(Figures(WorkerNote(name, "host", "1.0", started_at=1.8e9), []))

    def web(self, name: str = "host:2:b") -> None:
        tail_rows.write(TailFigures(name, {"session": 1}, frozenset()))

    def get(self, **changes: Any) -> None:
        """All of them, and the doctor."""
        for name, value in changes.items():
            setattr(self._settings, name, value)
        self.worker()
        self.web()


@pytest.fixture
def fleet(settings: Any) -> Fleet:
    """With two drains, one of which has a secret option too, and a recipient."""
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    headers = {"X-Key": "s3cret"}
    services.create_drain(AppKey("gold", "gs"), "https://h/", headers=headers, begin=())
    services.create_drain(AppKey("bold", "gs"), "syslog://h:514", begin=())
    Recipient.objects.create(address="https://hooks.example/x", shown="x", secret="whsec_x")
    return Fleet(settings)


def test_each_step_of_a_change_is_told(fleet: Fleet, settings: Any) -> None:
    assert f"All of 2 drains can be read with key 1 of {FIELD}." in told()
    assert told(Verdict.WARN) == told(Verdict.FAIL) == ""

    settings.FIELD_ENCRYPTION_KEYS = [OLD, NEW]
    differ = f"Worker host:1, web process host:2 have not the same {FIELD} as are set here"
    assert differ in told(Verdict.WARN)
    fleet.get(FIELD_ENCRYPTION_KEYS=[OLD, NEW])
    assert f"Nothing uses key 2 of {FIELD}: {NEXT}." in told(Verdict.OK)

    fleet.get(FIELD_ENCRYPTION_KEYS=[NEW, OLD])
    assert told(Verdict.WARN).splitlines() == [
        f"1 of 1 recipients still uses key 2 of {FIELD}.",
        f"2 of 2 drains still use key 2 of {FIELD}.",
    ]
    assert NEXT not in told()
    rotate()
    assert told(Verdict.WARN) == ""
    assert f"Nothing uses key 2 of {FIELD}: {NEXT}." in told(Verdict.OK)

    fleet.get(FIELD_ENCRYPTION_KEYS=[NEW])
    assert f"All of 2 drains can be read with key 1 of {FIELD}." in told()
    assert told(Verdict.WARN) == told(Verdict.FAIL) == ""


def test_a_drain_hangs_on_the_oldest_key_that_a_part_of_it_is_under(
    fleet: Fleet, settings: Any
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OTHER, OLD]
    drain = Drain.objects.get(app="gold")
    drain.url = Encrypted(Fernet(OTHER).encrypt(b"https://h/").decode())
    drain.save()
    Drain.objects.filter(app="bold").update(url=Fernet(NEW).encrypt(b"syslog://h:514").decode())

    assert f"1 of 2 drains still uses key 3 of {FIELD}." in told(Verdict.WARN)


def test_who_lacks_the_key_that_is_written_with_is_named(fleet: Fleet, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    fleet.web()

    said = told(Verdict.FAIL)

    assert said == f"Worker host:1 has no key that is the first of {FIELD} here."
    (first, *_) = [each.do for each in keys() if "still use" in each.said]
    assert "First all processes need the same keys." in first


def test_who_writes_with_a_key_that_is_not_here_is_named(fleet: Fleet, settings: Any) -> None:
    fleet.get(FIELD_ENCRYPTION_KEYS=[NEW, OLD])
    settings.FIELD_ENCRYPTION_KEYS = [OLD]

    said = told(Verdict.FAIL)

    assert f"have as the first of {FIELD} a key that is not set here." in said


def test_an_auth_key_is_asked_of_the_web_alone(fleet: Fleet, settings: Any) -> None:
    settings.AUTH_KEY, settings.AUTH_KEY_FALLBACKS = "another", [settings.AUTH_KEY]
    assert told(Verdict.FAIL) == "Web process host:2 has no key that is the AUTH_KEY here."
    fleet.web()
    assert told(Verdict.FAIL) == told(Verdict.WARN) == ""


def test_keys_that_are_made_of_secret_key_go_by_its_name(fleet: Fleet, settings: Any) -> None:
    """As settings make them: of SECRET_KEY and those before it, then as versions before did."""
    settings.ENCRYPTION_KEYS_DERIVED = True
    former, settings.SECRET_KEY_FALLBACKS = settings.SECRET_KEY, []
    fleet.get(FIELD_ENCRYPTION_KEYS=[NEW, OLD])
    rest = "still use the key made of SECRET_KEY, as versions before this one made it."
    assert f"2 of 2 drains {rest}" in told(Verdict.WARN)
    rotate()
    assert "All of 2 drains can be read with the key made of SECRET_KEY." in told()
    assert NEXT not in told()

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 40, [former]
    settings.FIELD_ENCRYPTION_KEYS = [OTHER, NEW, Fernet.generate_key().decode(), OLD]
    said = "Worker host:1, web process host:2 have no key that is the SECRET_KEY here."
    assert told(Verdict.FAIL) == said
    fleet.get()
    rest = "still use the key made of key 1 of SECRET_KEY_FALLBACKS."
    assert f"2 of 2 drains {rest}" in told(Verdict.WARN)
    rotate()
    assert f"{NEXT}, 8 hours after SECRET_KEY has changed." in told(Verdict.OK)


def test_a_process_of_a_version_that_tells_no_keys_is_no_fault(fleet: Fleet, settings: Any) -> None:
    Worker.objects.update(keys=None)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    fleet.web()

    assert told(Verdict.FAIL) == ""


def test_what_takes_too_long_is_told_of_the_first(
    fleet: Fleet, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_in_use, "_ROWS_AT_ONCE", 1)
    monkeypatch.setattr("logshuttle_site.doctor.keys.LOOK_SECONDS", 0.0)
    fleet.get(FIELD_ENCRYPTION_KEYS=[NEW, OLD])

    assert f"1 of the first 1 (of 2) drains still uses key 2 of {FIELD}." in told(Verdict.WARN)
    rotate()
    assert "All of the first 1 (of 2) drains can be read" in told(Verdict.OK)
    assert NEXT not in told()


def test_names_of_keys_tell_no_key(settings: Any) -> None:
    settings.AUTH_KEY = "easy to guess"
    named = key_names()
    assert all(len(name) == 8 for names in named.values() for name in names)
    settings.SECRET_KEY = "another one, of the tests alone"
    assert key_names()["AUTH_KEY"] != named["AUTH_KEY"], "nobody can try words"
    assert key_names()[FIELD] == named[FIELD]
