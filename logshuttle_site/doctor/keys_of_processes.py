"""Whether all processes of the installation have the keys that are set here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from django.conf import settings
from django.utils import timezone

from events.key_names import key_names
from logshuttle_site.doctor.findings import Finding, fail, warn
from logshuttle_site.doctor.workers import some
from logshuttle_site.overview.workers import workers as workers_now
from sessions_app.models import Viewers

TO_DO = (
    "Give all processes the same keys and start them again, a new key behind the old one first"
    " (docs/operations.md, “Keys”)."
)

Names = Mapping[str, Sequence[str]]
"""Of keys, by setting (`key_names`)."""


def keys_of_processes() -> Iterator[Finding]:
    """Nothing where they are the same in all that live."""
    ours, living = key_names(), dict(_living())
    for setting in _told_apart():
        by_fault = defaultdict[str, list[str]](list)
        for process, theirs in living.items():
            if setting != "AUTH_KEY" or _takes_auth_key(process, ours, theirs):
                by_fault[_fault(ours[setting], theirs.get(setting, ()))].append(process)
        yield from _findings(setting, by_fault)


def _living() -> Iterator[tuple[str, Names]]:
    now = timezone.now()
    for worker in workers_now(now).working:
        if worker.keys is not None:
            yield f"worker {_place(worker.name)}", worker.keys
    for web in Viewers.objects.fresh(now).filter(session=""):
        if web.keys is not None:
            yield f"web process {_place(web.process)}", web.keys


def _place(name: str) -> str:
    """Host and process."""
    return name.rpartition(":")[0] or name


def _told_apart() -> list[str]:
    """Field keys that are made of SECRET_KEY differ where that does."""
    field = [] if settings.ENCRYPTION_KEYS_DERIVED else ["FIELD_ENCRYPTION_KEYS"]
    return [*field, "SECRET_KEY", "AUTH_KEY"]


def _takes_auth_key(process: str, ours: Names, theirs: Names) -> bool:
    """Workers ask for none; and under another SECRET_KEY its name is another."""
    return process.startswith("web") and ours["SECRET_KEY"][:1] == list(theirs["SECRET_KEY"])[:1]


def _fault(ours: Sequence[str], theirs: Sequence[str]) -> str:
    if list(ours) == list(theirs):
        return ""
    if ours[0] not in theirs:
        return "lacks"
    return "has more" if theirs[0] not in ours else "differs"


def _findings(setting: str, by_fault: Mapping[str, list[str]]) -> Iterator[Finding]:
    is_list = setting == "FIELD_ENCRYPTION_KEYS"
    first = "the first of FIELD_ENCRYPTION_KEYS" if is_list else f"the {setting}"
    all_keys = setting if is_list else f"{setting} and {setting}_FALLBACKS"
    said = {
        "lacks": f"no key that is {first} here",
        "has more": f"as {first} a key that is not set here",
        "differs": f"not the same {all_keys} as are set here, or in another order",
    }
    for fault, has in said.items():
        if at := by_fault.get(fault):
            who = some(at)
            sentence = f"{who[0].upper()}{who[1:]} {'has' if len(at) == 1 else 'have'} {has}."
            yield warn(sentence, TO_DO) if fault == "differs" else fail(sentence, TO_DO)
