"""Of drains that are there, when their certificates end. Some at a time: workers go on meanwhile."""

import json

from cryptography import x509
from django.db import migrations

from drains.fields import Encrypted, UndecryptableError

ROWS_AT_ONCE = 500


def fill(apps, schema_editor):
    drains = apps.get_model("drains", "Drain").objects.using(schema_editor.connection.alias)
    rows = drains.filter(stored_options__contains='"tls"', certificate_ends_at=None)
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), ROWS_AT_ONCE):
        some = drains.filter(pk__in=keys[start : start + ROWS_AT_ONCE]).only("stored_options")
        read = [drain for drain in some if take_down(drain)]
        drains.bulk_update(read, ["certificate_ends_at"])


def take_down(drain):
    """Whether there is one that can be read: else the column stays empty."""
    try:
        tls = json.loads(Encrypted(json.loads(drain.stored_options)["tls"]).reveal())
        read = x509.load_pem_x509_certificate(tls["certificate"].encode())
    except (UndecryptableError, ValueError, LookupError, TypeError, AttributeError):
        return False
    drain.certificate_ends_at = read.not_valid_after_utc
    return True


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("drains", "0015_certificates")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
