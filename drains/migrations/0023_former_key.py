"""Installations that are there have processes that know only the key of before.

By itself: the rows that 0024 renews are no part of a transaction, so that one has to be run again
where it fails, and a column is added once.
"""

from django.db import migrations, models


def keep_former_key(apps, schema_editor):
    """Workers of the version before have to read what is written from now on."""
    rows = apps.get_model("drains", "Installation").objects.using(schema_editor.connection.alias)
    rows.update(has_former_key=True)


class Migration(migrations.Migration):
    dependencies = [("drains", "0022_claim_tries")]
    operations = [
        migrations.AddField(
            model_name="installation",
            name="has_former_key",
            field=models.BooleanField(default=False, db_default=False),
        ),
        migrations.RunPython(keep_former_key, migrations.RunPython.noop),
    ]
