import json

from django.db import migrations, models

from drains.fields import Encrypted

# As they were when each option was a column: what comes later is none of this migration's business.
DEFAULTS = {
    "framing": "newline",
    "format": "rfc5424",
    "on_lag": "replay",
    "max_lag_seconds": 86400,
    "connections": 1,
    "filter": {},
    "headers": "",
    "tls": "",
}
NO_FILTER = {"sources": [], "processes": [], "streams": [], "include": "", "exclude": ""}
ROWS_AT_ONCE = 500


def gather(apps, schema_editor):
    """What is encrypted goes along as it is: that takes no key, and one that is lost may come back."""
    rows = rows_of(apps, schema_editor)
    for batch in in_batches(rows.only(*DEFAULTS)):
        for drain in batch:
            columns = {name: getattr(drain, name) for name in DEFAULTS}
            chosen = {
                name: value
                for name, value in columns.items()
                if value not in (DEFAULTS[name], NO_FILTER)
            }
            drain.stored_options = json.dumps(chosen) if chosen else ""
        rows.bulk_update([drain for drain in batch if drain.stored_options], ["stored_options"])


def scatter(apps, schema_editor):
    """The way back. An option that had no column is lost."""
    rows = rows_of(apps, schema_editor)
    for batch in in_batches(rows.only("stored_options").exclude(stored_options="")):
        for drain in batch:
            columns = DEFAULTS | json.loads(drain.stored_options)
            for name in DEFAULTS.keys() - {"headers", "tls"}:
                setattr(drain, name, columns[name])
            drain.headers, drain.tls = Encrypted(columns["headers"]), Encrypted(columns["tls"])
        rows.bulk_update(batch, list(DEFAULTS))


def rows_of(apps, schema_editor):
    return apps.get_model("drains", "Drain").objects.using(schema_editor.connection.alias)


def in_batches(rows):
    """By their keys: one long query would keep all rows in memory, or meet what is written."""
    rows = rows.order_by("pk")
    batch = list(rows[:ROWS_AT_ONCE])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:ROWS_AT_ONCE])


class Migration(migrations.Migration):

    dependencies = [
        ('drains', '0006_starts'),
    ]

    operations = [
        migrations.AddField(
            model_name='drain',
            name='stored_options',
            field=models.TextField(blank=True, default='', editable=False),
        ),
        migrations.RunPython(gather, scatter),
        *(migrations.RemoveField(model_name='drain', name=name) for name in DEFAULTS),
    ]
