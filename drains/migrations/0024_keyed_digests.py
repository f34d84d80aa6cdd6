"""Of drains that are there: digests of URLs under the field keys, and addresses as they are shown
by now, without users that have no password and without keys in paths.

Some at a time, and nothing is locked for long: workers, and the web of the version before, go on
meanwhile. It may be run again from its beginning.
"""

import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections, migrations, transaction
from django.db.models import F

from drains.fields import UndecryptableError, digests_of

ROWS_AT_ONCE = 500
NAMED_MAX = 100
ADDRESS_MAX = 2100
COLUMNS = ["address", "host", "url_digest"]
OWNER = ("app", "space", "site")
SCHEMES = {"syslog+tcp": "syslog", "syslog+ssl": "syslog+tls"}
PORTS = {"http": 80, "https": 443}
REDACTED = "***"
MASKED = re.compile(r"(https?://)([^/?#@]*@)?([^/?#@]*)(/[^?]*)?(\?.*)?", re.DOTALL)
NUMBER = r"(?:0x[0-9a-f]*|[0-9]+)"
ALL_NUMBERS = re.compile(rf"{NUMBER}(?:\.{NUMBER})*\.?", re.ASCII)
NAME = re.compile(r"(?:[A-Z]?[a-z]+(?:[A-Z][a-z]{2,})*|[A-Z]+)\d{0,4}|\d+")


def renew_drains(apps, schema_editor):
    database = schema_editor.connection.alias
    rows = apps.get_model("drains", "Drain").objects.using(database)
    versions = apps.get_model("drains", "RouteVersion").objects.using(database)
    if not settings.FIELD_ENCRYPTION_KEYS and rows.exists():
        raise CommandError(
            "drains are there, whose URLs have to be read: run migrate with the SECRET_KEY or the"
            " FIELD_ENCRYPTION_KEYS of the other processes"
        )
    odd = []
    for some in portions_of(rows.only("url", *OWNER, *COLUMNS)):
        odd += filter(None, map(renew, some))
        with transaction.atomic(using=database):
            versions.update(number=F("number"))  # who makes or changes drains waits
            odd += keep_twins_apart(rows, some)
            write(rows, some)
    for said in odd[:NAMED_MAX]:
        print(f"\n  {said}.", end="")
    if len(odd) > NAMED_MAX:
        print(f"\n  So it is with {len(odd) - NAMED_MAX} more.", end="")


def write(rows, drains):
    """A statement each: to put Django's one for all together takes several times as long. One that
    somebody has given another URL meanwhile stays: its digest is known too."""
    connection, pk = connections[rows.db], rows.model._meta.pk
    columns = ", ".join(f"{column} = %s" for column in COLUMNS)
    values = [
        (*map(drain.__dict__.get, COLUMNS), pk.get_db_prep_value(drain.pk, connection), str(drain.url))
        for drain in drains
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE drains_drain SET {columns} WHERE id = %s AND url = %s", values)


def renew(drain):
    """What is to be said of it: a row that nobody can read keeps its digest."""
    try:
        scheme, drain.host, port, path, query, user, password = to = read(drain.url.reveal())
    except (UndecryptableError, ValueError) as error:
        drain.address = masked_again(drain.address)[:ADDRESS_MAX]
        why = error if isinstance(error, UndecryptableError) else "its URL is none"  # may repeat it
        return f"{named(drain)} cannot be read, and stays as it is: {why}"
    meant = path or ("/" if scheme in PORTS else "")
    drain.url_digest = digests_of("\0".join((*to[:3], meant, *to[4:])))[0]
    who = f"{masked(user)}:{REDACTED}@" if password else f"{REDACTED}@" if user else ""
    host = f"[{drain.host}]" if ":" in drain.host else drain.host
    asks = f"?{REDACTED}" if query else ""
    drain.address = f"{scheme}://{who}{host}:{port}{masked_path(path)}{asks}"[:ADDRESS_MAX]


def keep_twins_apart(rows, some):
    """Under another SECRET_KEY an owner could have a URL twice: digests must differ even so."""
    those = rows.filter(url_digest__in=[drain.url_digest for drain in some])
    pks = {identity(drain): drain.pk for drain in those.only(*OWNER, "url_digest")}
    for drain in some:
        first = pks.setdefault(identity(drain), drain.pk)
        if first != drain.pk:
            drain.url_digest = f"twin {drain.pk}"
            yield f"{named(drain)} has the URL of drain {first}, and sends the same lines"


def read(url):
    """Scheme, host, port, path, query, user, password. Raises ValueError."""
    parts = urlsplit(url)
    scheme = SCHEMES.get(parts.scheme, parts.scheme)
    port = PORTS.get(scheme) if parts.port is None else parts.port
    if not parts.hostname or not port:
        raise ValueError("no host or port")
    path = parts.path if scheme in PORTS else ""
    who = unquote(parts.username or ""), unquote(parts.password or "")
    return (scheme, host_of(parts.hostname), str(port), path, parts.query, *who)


def host_of(host):
    if ":" in host:
        return IPv6Address(host).compressed
    if not ALL_NUMBERS.fullmatch(host):
        return host
    *first, last = map(number_of, host.removesuffix(".").split("."))
    left = 4 - len(first)
    if left < 1:
        raise ValueError("no address")
    try:
        return str(IPv4Address(bytes(first) + last.to_bytes(left, "big")))
    except OverflowError:
        raise ValueError("no address") from None


def number_of(word):
    if word.startswith("0x"):
        return int(word[2:] or "0", 16)
    return int(word, 8 if word.startswith("0") else 10)


def renew_events(apps, schema_editor):
    """Also of drains that are gone. Whether a user had a password nobody knows any more."""
    rows = apps.get_model("drains", "DrainEvent").objects.using(schema_editor.connection.alias)
    renew_texts(rows.filter(address__startswith="http"), "address", masked_again)


def renew_admin_log(apps, schema_editor):
    """It says of what it tells as `shop-demo → https://…`."""
    rows = apps.get_model("admin", "LogEntry").objects.using(schema_editor.connection.alias)
    of_drains = rows.filter(content_type__app_label="drains", object_repr__contains="http")
    renew_texts(of_drains, "object_repr", lambda text: " → ".join(map(masked_again, text.split(" → "))))


def renew_texts(rows, column, renewed):
    """What is left out may be shorter than the stars that stand for it."""
    characters_max = rows.model._meta.get_field(column).max_length
    for some in portions_of(rows.only(column)):
        changed = []
        for row in some:
            text = getattr(row, column)
            setattr(row, column, renewed(text)[:characters_max])
            if getattr(row, column) != text:
                changed.append(row)
        rows.bulk_update(changed, [column])


def masked_again(address):
    """Of one that was masked by the rules of before. Any other text stays."""
    found = MASKED.fullmatch(address)
    if found is None:
        return address
    scheme, user, host, path, query = found.groups("")
    return f"{scheme}{user and REDACTED + '@'}{host}{masked_path(path)}{query}"


def masked_path(path):
    parts = ((part, unquote(part)) for part in path.split("/"))
    return "/".join(masked(text) if is_key(text) else part for part, text in parts)


def masked(text):
    return REDACTED + quote(text[-4:], safe="") if is_key(text) else quote(text, safe="")


def is_key(text):
    """A long word of it is no name."""
    words = re.findall(r"[A-Za-z0-9]+", text) if len(text) >= 12 else ()
    return any(len(word) > 20 or (len(word) >= 8 and not NAME.fullmatch(word)) for word in words)


def identity(drain):
    return *(getattr(drain, column) for column in OWNER), drain.url_digest


def named(drain):
    whose = f"site:{drain.site}" if drain.site else f"{drain.app}-{drain.space}"
    return f"Drain {drain.pk} of {whose} to {drain.host}"


def portions_of(rows):
    """All that are there, some at a time."""
    rows = rows.order_by("pk")
    some = list(rows[:ROWS_AT_ONCE])
    while some:
        yield some
        some = list(rows.filter(pk__gt=some[-1].pk)[:ROWS_AT_ONCE])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("drains", "0023_former_key"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.RunPython(renew_drains, migrations.RunPython.noop),
        migrations.RunPython(renew_events, migrations.RunPython.noop),
        migrations.RunPython(renew_admin_log, migrations.RunPython.noop),
    ]
